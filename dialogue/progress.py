"""How far a person has come. Pure: takes a round and what is stored, gives the question that is open."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from dialogue.rounds import OPENING, Instance, Kind, Question, Round


class State(StrEnum):
    """What became of a question."""

    ANSWERED = "answered"
    SKIPPED = "skipped"
    DECLINED = "declined"


class Status(StrEnum):
    """How far a participation has come."""

    CONSENTED = "consented"
    PARTIAL = "partial"
    COMPLETE = "complete"
    STOPPED = "stopped"


class Given(NamedTuple):
    """A stored answer: its state and its value (a text, an option's id, yes or no)."""

    state: State
    value: str | None


@dataclass(frozen=True)
class Progress:
    """What is known of a person's interview. Everything here comes from the store, nothing from Rasa."""

    language: str | None = None
    adult: bool = False
    consent: str | None = None
    """The version of the consent text that was agreed to."""
    answers: Mapping[Instance, Given] = field(default_factory=dict)
    aside: str | None = None
    """The id of a question that stands aside of the interview, now open."""
    revisit: Instance | None = None
    """The earlier question that the person went back to."""
    stopped: bool = False
    barred: bool = False
    """Said a moment ago to be too young."""


def open_question(round: Round, progress: Progress) -> Instance | None:
    """The question that waits for an answer now, None when the interview is complete."""
    if progress.aside:
        return Instance(progress.aside, 0)
    consented = progress.consent == round.consent_version
    if progress.revisit and (consented or round.question(progress.revisit.question).kind in OPENING):
        return progress.revisit
    return next((asked for asked in path(round, progress) if not passed(round, progress, asked)), None)


def previous_question(round: Round, progress: Progress) -> Instance | None:
    """The question before the open one, None at the very first."""
    steps = list(path(round, progress))
    here = progress.revisit or open_question(round, progress)
    if here is None:
        return steps[-1] if steps else None
    index = steps.index(here) if here in steps else len(steps)
    return steps[index - 1] if index > 0 else None


def path(round: Round, progress: Progress) -> Iterator[Instance]:
    """The questions in the order in which this person meets them, up to the first that is not yet passed."""
    for asked in _order(round, progress):
        yield asked
        if not passed(round, progress, asked):
            return


def passed(round: Round, progress: Progress, asked: Instance) -> bool:
    """Whether the person has answered, skipped or declined it."""
    question = round.question(asked.question)
    match question.kind:
        case Kind.LANGUAGE:
            return progress.language is not None
        case Kind.AGE_GATE:
            return progress.adult
        case Kind.CONSENT:
            return progress.consent == question.version
        case _:
            return asked in progress.answers


def status(round: Round, progress: Progress) -> Status:
    """The status of the participation that this progress describes."""
    if next((asked for asked in path(round, progress) if not passed(round, progress, asked)), None) is None:
        return Status.COMPLETE
    if progress.stopped:
        return Status.STOPPED
    return Status.PARTIAL if progress.answers else Status.CONSENTED


def _order(round: Round, progress: Progress) -> Iterator[Instance]:
    done: set[str] = set()
    for question in round.questions:
        if question.group is None:
            yield Instance(question.id, 0)
        elif question.group not in done:
            done.add(question.group)
            yield from _repeated(_members(round, question.group), progress)


def _repeated(members: list[Question], progress: Progress) -> Iterator[Instance]:
    again = next((question for question in members if question.again), None)
    number = 0
    while True:
        for question in members:
            yield Instance(question.id, number)
        if again is None or progress.answers.get(Instance(again.id, number)) != Given(State.ANSWERED, "yes"):
            return
        number += 1


def _members(round: Round, group: str) -> list[Question]:
    return [question for question in round.questions if question.group == group]
