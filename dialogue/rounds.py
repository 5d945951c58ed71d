"""The questionnaire as data: a city, its districts, and a round of questions, validated."""

import hashlib
from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Annotated, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

ID = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)
OPTION = Field(pattern=r"^[a-z0-9][a-z0-9_]*$", max_length=40)


class Kind(StrEnum):
    """What sort of answer a question takes."""

    LANGUAGE = "language"
    AGE_GATE = "age_gate"
    CONSENT = "consent"
    DISTRICT = "district"
    THEME = "theme"
    TEXT = "text"
    SCALE = "scale"
    CHOICE = "choice"
    LANGUAGES = "languages"
    """Any number of languages, by the names that CLDR knows."""
    YES_NO = "yes_no"
    REVIEW = "review"
    """Plays back what will be handed on."""
    PICK = "pick"
    """Which of the answers so far; only aside of the interview."""


OPENING = (Kind.LANGUAGE, Kind.AGE_GATE, Kind.CONSENT)
"""The kinds that come before anything is stored as an answer."""

YES_OR_NO = (Kind.AGE_GATE, Kind.CONSENT, Kind.YES_NO)
LISTED = (Kind.THEME, Kind.SCALE, Kind.CHOICE, Kind.LANGUAGES)
"""The kinds whose options the round lists."""


class Instance(NamedTuple):
    """A question as it was asked: in a repeated group the second round is instance 1."""

    question: str
    instance: int


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class When(_Data):
    """A question is asked only if an earlier one was answered, perhaps with a certain answer."""

    question: str = ID
    answer: str | None = None


class Question(_Data):
    """One question. Its words stand in the city's catalog under its id."""

    id: str = ID
    kind: Kind
    options: tuple[Annotated[str, OPTION], ...] = ()
    """Of a scale from its lowest to its highest; of languages those that have a button, as CLDR codes."""
    skip: bool = False
    """Whether the person may pass it over."""
    when: When | None = None
    group: str | None = None
    """Questions of one group are asked again together."""
    again: bool = False
    """On a yes_no question: its group starts again while the answer is yes."""
    version: str | None = None
    """Of a consent: changes whenever the text changes; who agreed to an older one is asked again."""

    @property
    def free(self) -> bool:
        """Whether anything may be said there in one's own words: as the answer, ahead of the next one, or besides."""
        return self.kind in (Kind.TEXT, Kind.THEME) or self.again or self.id == "keep"


class District(_Data):
    """A Stadtteil. Its name is a proper noun, the same in every language, as on the street signs."""

    id: str = ID
    name: str
    aliases: tuple[str, ...] = ()
    """What people call it or a quarter of it, in any script. One alias may stand at several districts: then we ask."""


class Round(_Data):
    """One questionnaire of a city."""

    id: str = ID
    questions: tuple[Question, ...]

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        problem = next(self._problems(), None)
        if problem:
            raise ValueError(problem)
        return self

    def _problems(self) -> Iterator[str]:
        kinds = [question.kind for question in self.questions[: len(OPENING)]]
        if tuple(kinds) != OPENING:
            yield "a round opens with a language, an age_gate and a consent question"
        earlier: set[str] = {question.id for question in ASIDES}
        for question in self.questions:
            if question.id in earlier:
                yield f"the question id «{question.id}» stands twice, or is one of ours"
            if (question.kind is Kind.CONSENT) != (question.version is not None):
                yield f"«{question.id}»: a consent has a version, no other question has one"
            if question.again and (question.kind is not Kind.YES_NO or question.group is None):
                yield f"«{question.id}»: only a yes_no question in a group can ask «again»"
            if (question.kind in LISTED) != bool(question.options):
                yield f"«{question.id}»: options belong to {', '.join(LISTED)}, and these need them"
            if question.when and question.when.question not in earlier:
                yield f"«{question.id}»: «when» names no earlier question"
            if question.kind is Kind.PICK:
                yield f"«{question.id}»: only we ask which answer is meant"
            earlier.add(question.id)

    def question(self, id: str) -> Question:
        """The question with this id; KeyError if there is none."""
        found = self.find(id)
        if found is None:
            raise KeyError(id)
        return found

    def find(self, id: str) -> Question | None:
        """The question with this id; None for one that the round had once, or that never was."""
        return self._by_id.get(id)

    @cached_property
    def _by_id(self) -> dict[str, Question]:
        return {question.id: question for question in (*self.questions, *ASIDES)}

    @cached_property
    def form(self) -> str:
        """A fingerprint of the questions: what was found out by them counts as long as they are the same."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]

    @cached_property
    def repeated(self) -> frozenset[str | None]:
        """The groups that can be asked again."""
        return frozenset(question.group for question in self.questions if question.again)

    @cached_property
    def bearing(self) -> frozenset[str]:
        """The questions by whose answers it is known what is asked of those groups."""
        members = [question for question in self.questions if question.group in self.repeated]
        return frozenset({one.id for one in members} | {one.when.question for one in members if one.when})

    @property
    def consent_version(self) -> str:
        """The version of the consent text that counts today."""
        return self.questions[OPENING.index(Kind.CONSENT)].version or ""


ASIDES = (
    Question(id="delete", kind=Kind.YES_NO),
    Question(id="switch", kind=Kind.LANGUAGE),
    Question(id="change", kind=Kind.PICK),
    Question(id="meant", kind=Kind.YES_NO),
    Question(id="keep", kind=Kind.YES_NO),
    Question(id="someone_else", kind=Kind.YES_NO),
)
"""Questions that belong to no round: they stand aside of the interview, which waits until they are answered."""


MOST_DISTRICTS = 90
"""Telegram takes 100 buttons below a message, and the question has more of them than its districts."""


class City(_Data):
    """A city pack: who asks, and where people live."""

    id: str = ID
    name: str
    districts: tuple[District, ...] = Field(max_length=MOST_DISTRICTS)
    languages: tuple[str, ...] = Field(min_length=1)
    """The languages it speaks, as codes of languages.yml; the first is the one when nothing else is known."""
    keep_until: date
    """The day after which the answers are erased: the end of the city's project."""
