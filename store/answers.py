"""Participations, consents, answers and their revisions."""

from datetime import datetime

import sqlalchemy as sa

from dialogue.errors import Refused
from dialogue.outcome import Give
from dialogue.progress import State
from store import keys, people
from store.database import insert_once
from store.tables import answers, consents, participations, revisions


def begin(connection: sa.Connection, person: str, channel: str, round: str, language: str, now: datetime) -> int:
    """A new participation, from its consent on; its id."""
    id: int = connection.execute(
        participations.insert()
        .values(
            person=person,
            round=round,
            channel=channel,
            language=language,
            status="consented",
            number=keys.export_number(),
            started_at=now,
        )
        .returning(participations.c.id)
    ).scalar_one()
    people.change(connection, person, participation=id)
    return id


def consent(connection: sa.Connection, participation: int, version: str, language: str, now: datetime) -> None:
    """Keeps the proof: which text, in which language, when. After a second yes to the same text the first stays."""
    insert_once(connection, consents, participation=participation, version=version, language=language, given_at=now)


def give(
    connection: sa.Connection, participation: int | None, given: Give, version: str, language: str, now: datetime
) -> None:
    """Stores an answer; where one stands already, that one becomes a revision.

    Raises Refused (consent_missing) without consent to the version that counts.
    """
    if participation is None or not people.consented_to(connection, participation, version):
        raise Refused("consent_missing")
    same = (
        answers.c.participation == participation,
        answers.c.question == given.asked.question,
        answers.c.instance == given.asked.instance,
    )
    earlier = connection.execute(sa.select(answers).where(*same).with_for_update()).first()
    values = {"state": given.state, "text": given.value, "language": language, "answered_at": now}
    if earlier is None:
        connection.execute(
            answers.insert().values(
                participation=participation, question=given.asked.question, instance=given.asked.instance, **values
            )
        )
        return
    if given.append and earlier.state == State.ANSWERED:
        values["text"] = f"{earlier.text}\n{given.value}"
    connection.execute(
        revisions.insert().values(
            answer=earlier.id,
            revision=earlier.revision,
            state=earlier.state,
            text=earlier.text,
            language=earlier.language,
            answered_at=earlier.answered_at,
        )
    )
    connection.execute(answers.update().where(*same).values(revision=earlier.revision + 1, **values))


def set_status(connection: sa.Connection, participation: int, status: str, language: str) -> None:
    """Notes how far the participation has come, and the language it is held in."""
    connection.execute(
        participations.update().where(participations.c.id == participation).values(status=status, language=language)
    )
