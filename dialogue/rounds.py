"""The questionnaire as data: a city, its districts, and a round of questions, validated."""

from enum import StrEnum
from typing import NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

ID = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)


class Kind(StrEnum):
    """What sort of answer a question takes."""

    LANGUAGE = "language"
    AGE_GATE = "age_gate"
    CONSENT = "consent"
    DISTRICT = "district"
    TEXT = "text"
    YES_NO = "yes_no"


OPENING = (Kind.LANGUAGE, Kind.AGE_GATE, Kind.CONSENT)
"""The kinds that come before anything is stored as an answer."""

YES_OR_NO = (Kind.AGE_GATE, Kind.CONSENT, Kind.YES_NO)


class Instance(NamedTuple):
    """A question as it was asked: in a repeated group the second round is instance 1."""

    question: str
    instance: int


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Question(_Data):
    """One question. Its words stand in the city's catalog under its id."""

    id: str = ID
    kind: Kind
    skip: bool = False
    """Whether the person may pass it over."""
    group: str | None = None
    """Questions of one group are asked again together."""
    again: bool = False
    """On a yes_no question: its group starts again while the answer is yes."""
    version: str | None = None
    """Of a consent: changes whenever the text changes; who agreed to an older one is asked again."""


class District(_Data):
    """A Stadtteil. Its name is a proper noun, the same in every language, as on the street signs."""

    id: str = ID
    name: str


class Round(_Data):
    """One questionnaire of a city."""

    id: str = ID
    questions: tuple[Question, ...]

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        ids = [question.id for question in self.questions]
        if double := next((id for id in ids if ids.count(id) > 1), None):
            raise ValueError(f"the question id «{double}» stands twice")
        kinds = [question.kind for question in self.questions[: len(OPENING)]]
        if tuple(kinds) != OPENING:
            raise ValueError("a round opens with a language, an age_gate and a consent question")
        for question in self.questions:
            if (question.kind is Kind.CONSENT) != (question.version is not None):
                raise ValueError(f"«{question.id}»: a consent has a version, no other question has one")
            if question.again and (question.kind is not Kind.YES_NO or question.group is None):
                raise ValueError(f"«{question.id}»: only a yes_no question in a group can ask «again»")
        return self

    def question(self, id: str) -> Question:
        """The question with this id; KeyError if there is none."""
        found = next((question for question in self.questions if question.id == id), None)
        found = found or next((question for question in ASIDES if question.id == id), None)
        if found is None:
            raise KeyError(id)
        return found

    @property
    def consent_version(self) -> str:
        """The version of the consent text that counts today."""
        return self.questions[OPENING.index(Kind.CONSENT)].version or ""


ASIDES = (
    Question(id="delete", kind=Kind.YES_NO),
    Question(id="switch", kind=Kind.LANGUAGE),
)
"""Questions that belong to no round: they stand aside of the interview, which waits until they are answered."""


class City(_Data):
    """A city pack: who asks, and where people live."""

    id: str = ID
    name: str
    districts: tuple[District, ...]
    languages: tuple[str, ...] = Field(min_length=1)
    """The languages it speaks, as codes of languages.yml; the first is the one when nothing else is known."""
