"""A person's copy of all that is stored about them, and of nobody else: data that machines can read."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from store.tables import answers, consents, outbox, participations, people, revisions


def own(connection: sa.Connection, person: str) -> dict[str, Any]:
    """Everything that hangs on this conversation. Times are UTC; pseudonyms are no part of it."""
    mine = participations.c.person == person
    return {
        "conversation": _rows(
            connection, sa.select(people.c.channel, people.c.language, people.c.created_at).where(people.c.id == person)
        ),
        "participation": _rows(connection, sa.select(*(participations.c[name] for name in PARTICIPATION)).where(mine)),
        "consents": _rows(connection, _of(mine, consents, "version", "language", "given_at")),
        "answers": _rows(connection, _of(mine, answers, *ANSWER).order_by(answers.c.id)),
        "earlier_answers": _rows(
            connection,
            sa.select(answers.c.question, answers.c.instance, *(revisions.c[name] for name in EARLIER))
            .join(answers, answers.c.id == revisions.c.answer)
            .join(participations, participations.c.id == answers.c.participation)
            .where(mine)
            .order_by(revisions.c.answer, revisions.c.revision),
        ),
        "messages_to_you": _rows(
            connection,
            sa.select(*(outbox.c[name] for name in MESSAGE)).where(outbox.c.person == person).order_by(outbox.c.number),
        ),
    }


PARTICIPATION = ("round", "channel", "language", "status", "started_at")
MESSAGE = ("number", "text", "language", "created_at")
ANSWER = ("question", "instance", "state", "text", "language", "revision", "answered_at")
EARLIER = ("revision", "state", "text", "language", "answered_at")


def _of(mine: sa.ColumnElement[bool], table: sa.Table, *names: str) -> sa.Select[Any]:
    joined = sa.select(*(table.c[name] for name in names)).join(
        participations, participations.c.id == table.c.participation
    )
    return joined.where(mine)


def _rows(connection: sa.Connection, query: sa.Select[Any]) -> list[dict[str, Any]]:
    return [{name: _plain(value) for name, value in row.items()} for row in connection.execute(query).mappings()]


def _plain(value: Any) -> Any:
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else value
