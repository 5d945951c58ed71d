"""Participations, consents, answers and their revisions."""

from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from dialogue.errors import Refused
from dialogue.outcome import Give
from dialogue.rounds import Instance
from store import keys, people
from store.database import insert_once, insertion
from store.tables import answers, consents, participations, revisions


def begin(
    connection: sa.Connection, person: str, channel: str, round: str, language: str, secret: bytes, now: datetime
) -> int:
    """A new participation, from its consent on; its id."""
    mark = keys.mark()
    id: int = connection.execute(
        participations.insert()
        .values(
            person=person,
            round=round,
            channel=channel,
            language=language,
            status="consented",
            number=keys.export_number(),
            mark=mark,
            code=keys.code_hash(secret, keys.resume_code(secret, mark)),
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

    Raises Refused (consent_missing) without consent to the version that counts: no statement here finds a place then.
    """
    agreed = {"of_participation": participation, "of_version": version}
    place = {"question": given.asked.question, "instance": given.asked.instance}
    held = {"state": given.state, "text": given.value, "language": language, "answered_at": now}
    values = {f"of_{name}": value for name, value in (place | held).items()}
    if connection.execute(_first(connection.dialect.name), agreed | values).first():
        return
    earlier = connection.execute(_STANDING, agreed | values).first()
    if earlier is None:
        raise Refused("consent_missing")
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
    connection.execute(answers.update().where(answers.c.id == earlier.id).values(revision=earlier.revision + 1, **held))


_AGREED = (
    consents.c.participation == sa.bindparam("of_participation"),
    consents.c.version == sa.bindparam("of_version"),
)
_STANDING = (
    sa.select(answers)
    .join(consents, consents.c.participation == answers.c.participation)
    .where(
        *_AGREED, answers.c.question == sa.bindparam("of_question"), answers.c.instance == sa.bindparam("of_instance")
    )
    .with_for_update(of=answers)
)


@cache
def _first(dialect: str) -> Any:
    """Stores an answer where none stands yet, by the row of the consent."""
    names = ("question", "instance", "state", "text", "language", "answered_at")
    given = (sa.bindparam(f"of_{name}", type_=answers.c[name].type) for name in names)
    agreed = sa.select(consents.c.participation, *given).where(*_AGREED)
    return insertion(dialect, answers).from_select(["participation", *names], agreed)


def withdraw(connection: sa.Connection, participation: int | None, asked: Instance) -> None:
    """Takes an answer away that was none; the one before it, if there was one, stands again."""
    same = (
        answers.c.participation == participation,
        answers.c.question == asked.question,
        answers.c.instance == asked.instance,
    )
    latest = connection.execute(sa.select(answers.c.id, answers.c.revision).where(*same).with_for_update()).first()
    if latest is None:
        return
    before = (revisions.c.answer == latest.id, revisions.c.revision == latest.revision - 1)
    earlier = connection.execute(sa.select(revisions).where(*before)).first()
    connection.execute(revisions.delete().where(*before))
    if earlier is None:
        connection.execute(answers.delete().where(*same))
        return
    names = ("revision", "state", "text", "language", "answered_at")
    connection.execute(answers.update().where(*same).values({name: earlier._mapping[name] for name in names}))


def note(connection: sa.Connection, participation: int, status: str, language: str, behind: int, form: str) -> None:
    """Notes how far the participation has come, by these questions, and the language it is held in."""
    values = {"status": status, "language": language, "behind": behind, "form": form}
    connection.execute(_NOTE, {"of_participation": participation, **values})


_NOTE = participations.update().where(participations.c.id == sa.bindparam("of_participation"))
