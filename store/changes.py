"""Does in the store what an outcome says, within the caller's transaction."""

from datetime import datetime

import sqlalchemy as sa

from dialogue.outcome import (
    Change,
    ChooseLanguage,
    ConfirmAdult,
    Consent,
    Erase,
    Give,
    HandOver,
    HoldMore,
    Outcome,
    Resume,
    Revisit,
    StandAside,
    Stop,
    TakeUp,
    Told,
    Withdraw,
)
from dialogue.progress import behind, status
from dialogue.rounds import Round
from store import answers, handover, inbox, people
from store.people import Person


def apply(
    connection: sa.Connection, person: Person, round: Round, secret: bytes, outcome: Outcome, now: datetime
) -> bool:
    """Applies every change but erasing and handing over: these are done after the turn, with the last notice.

    Whether more than the answers has to be read anew.
    """
    for change in outcome.changes:
        _apply(connection, person, round, secret, change, now)
    misses = person.progress.misses + 1 if outcome.missed else 0
    if misses != person.progress.misses:
        people.change(connection, person.id, misses=misses)
    # What stands aside may hang on an answer, as `Progress.before` does.
    besides = any(not isinstance(change, Give | Withdraw) for change in outcome.changes)
    return besides or misses != person.progress.misses or person.progress.aside is not None


def _apply(
    connection: sa.Connection, person: Person, round: Round, secret: bytes, change: Change, now: datetime
) -> None:
    match change:
        case ChooseLanguage(language):
            people.change(connection, person.id, language=language, chosen=True)
        case ConfirmAdult():
            people.change(connection, person.id, adult=True)
        case Consent(agreed):
            participation = person.participation or answers.begin(
                connection, person.id, person.channel, round.id, person.language, secret, now
            )
            answers.consent(connection, participation, agreed, person.language, now)
        case Give():
            answers.give(connection, person.participation, change, round.consent_version, person.language, now)
        case Withdraw(asked):
            answers.withdraw(connection, person.participation, asked)
        case StandAside(question, about):
            people.change(connection, person.id, aside=question, about=about)
            inbox.let_go(connection, person.id)
        case HoldMore(text):
            inbox.hold_more(connection, person.progress.about or "", text)
        case Told():
            people.change(connection, person.id, told=True)
        case Revisit(asked):
            question, instance = asked or (None, None)
            people.change(connection, person.id, revisit_question=question, revisit_instance=instance)
        case Stop():
            people.change(connection, person.id, stopped=True)
        case Resume():
            people.change(connection, person.id, stopped=False)
        case TakeUp(participation):
            handover.take_up(connection, person.id, participation, now)
        case HandOver() | Erase():
            pass


def settle(connection: sa.Connection, person: Person, round: Round) -> None:
    """Notes what follows from the progress: its status, and what a turn need not read any more."""
    follows = status(round, person.progress), person.language, behind(round, person.progress)
    if person.participation is not None and person.noted != follows:
        answers.note(connection, person.participation, *follows, round.form)
