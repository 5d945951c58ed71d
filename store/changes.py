"""Does in the store what an outcome says, within the caller's transaction."""

from datetime import datetime

import sqlalchemy as sa

from dialogue.outcome import (
    ChooseLanguage,
    ConfirmAdult,
    Consent,
    Erase,
    Give,
    Outcome,
    Resume,
    Revisit,
    StandAside,
    Stop,
)
from dialogue.progress import status
from dialogue.rounds import Round
from store import answers, people
from store.people import Person


def apply(connection: sa.Connection, person: Person, round: Round, outcome: Outcome, now: datetime) -> None:
    """Applies every change but the erasure: that is done after the turn, when the last notice is written."""
    for change in outcome.changes:
        match change:
            case ChooseLanguage(language):
                people.change(connection, person.id, language=language, chosen=True)
            case ConfirmAdult():
                people.change(connection, person.id, adult=True)
            case Consent(agreed):
                participation = person.participation or answers.begin(
                    connection, person.id, person.channel, round.id, person.language, now
                )
                answers.consent(connection, participation, agreed, person.language, now)
            case Give():
                answers.give(connection, person.participation, change, round.consent_version, person.language, now)
            case StandAside(question):
                people.change(connection, person.id, aside=question)
            case Revisit(asked):
                question, instance = asked or (None, None)
                people.change(connection, person.id, revisit_question=question, revisit_instance=instance)
            case Stop():
                people.change(connection, person.id, stopped=True)
            case Resume():
                people.change(connection, person.id, stopped=False)
            case Erase():
                pass


def settle(connection: sa.Connection, person: Person, round: Round) -> None:
    """Notes the status that follows from the progress."""
    if person.participation is not None:
        answers.set_status(connection, person.participation, status(round, person.progress), person.language)
