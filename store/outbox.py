"""The outbox: what the person is told, numbered per conversation. A channel delivers it by number."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from dialogue.errors import Refused
from dialogue.rounds import Instance
from store.database import insert_each_once
from store.tables import outbox, people

MOST_ASKED = 1000
"""Conversations that one statement asks about: a database takes so many values and no more."""
GAP = 10_000
"""More than a talk has messages between a backup and its restore."""


@dataclass(frozen=True)
class Outgoing:
    """A message to the person, in words."""

    text: str
    language: str
    buttons: list[dict[str, Any]]
    asked: Instance | None = None
    end: str | None = None
    attachment: str | None = None


@dataclass(frozen=True)
class Delivery:
    """A message as it stands in the log of the conversation."""

    number: int
    key: str
    """Of the message that it replies to."""
    text: str
    language: str
    buttons: list[dict[str, Any]]
    asked: Instance | None
    end: str | None
    attachment: str | None


def post(
    connection: sa.Connection,
    person: str,
    key: str,
    messages: list[Outgoing],
    now: datetime,
    position: int = 0,
    releases: bool = False,
) -> list[Delivery]:
    """Appends messages to the log of the conversation, from this position among the replies to the key on.

    Where they ask a question, its time is noted: what was on its way before belongs to the answer before. `releases`:
    the turn is over, and the conversation free.
    """
    asks = {"asked_at": now} if any(message.asked for message in messages) else {}
    free = {"lease_owner": None, "lease_until": None} if releases else {}
    last = connection.execute(_NUMBER, {"of_person": person, "more": len(messages), **asks, **free}).scalar_one()
    first = last - len(messages) + 1
    rows = [_row(message, first + offset, position + offset) for offset, message in enumerate(messages)]
    posted = insert_each_once(
        connection, outbox, [row | {"person": person, "key": key, "created_at": now} for row in rows]
    )
    if posted < len(rows):  # another process was quicker; an error of the database would print the key
        raise Refused("receipt_taken")
    return [
        Delivery(first + offset, key, one.text, one.language, one.buttons, one.asked, one.end, one.attachment)
        for offset, one in enumerate(messages)
    ]


_NUMBER = (
    people.update()
    .where(people.c.id == sa.bindparam("of_person"))
    .values(last_number=people.c.last_number + sa.bindparam("more"))
    .returning(people.c.last_number)
)


def _row(message: Outgoing, number: int, position: int) -> dict[str, Any]:
    asked = message.asked
    return {
        "number": number,
        "position": position,
        "text": message.text,
        "language": message.language,
        "buttons": message.buttons,
        "question": asked.question if asked else None,
        "instance": asked.instance if asked else None,
        "end": message.end,
        "attachment": message.attachment,
    }


def leave_gap(connection: sa.Connection) -> None:
    """After a restore every log goes on far behind the last number that is known.

    Those in between may have been read: a page that knows them waits for higher ones, and their buttons still hang in
    chats, where they must not come to mean something else.
    """
    connection.execute(people.update().values(last_number=people.c.last_number + GAP))


def after(connection: sa.Connection, person: str, number: int, most: int = 100) -> list[Delivery]:
    """The messages of a conversation after this number, in order."""
    rows = connection.execute(_AFTER, {"of_person": person, "behind": number, "most": most})
    return [delivery(row) for row in rows]


_AFTER = (
    sa.select(outbox)
    .where(outbox.c.person == sa.bindparam("of_person"), outbox.c.number > sa.bindparam("behind"))
    .order_by(outbox.c.number)
    .limit(sa.bindparam("most"))
)


def newest(connection: sa.Connection, persons: list[str]) -> dict[str, int]:
    """The number of the last message in the log of each of these conversations."""
    columns = people.c.id, people.c.last_number
    found: dict[str, int] = {}
    for at in range(0, len(persons), MOST_ASKED):
        some = people.c.id.in_(persons[at : at + MOST_ASKED])
        found |= {row.id: row.last_number for row in connection.execute(sa.select(*columns).where(some))}
    return found


def has(connection: sa.Connection, key: str, position: int) -> bool:
    """Whether the reply to a message has something at this position."""
    found = sa.select(outbox.c.number).where(outbox.c.key == key, outbox.c.position == position)
    return connection.execute(found).first() is not None


def find(connection: sa.Connection, person: str, number: int) -> Delivery | None:
    """One message of a conversation."""
    row = connection.execute(_FIND, {"of_person": person, "of_number": number}).first()
    return delivery(row) if row else None


_FIND = sa.select(outbox).where(
    outbox.c.person == sa.bindparam("of_person"), outbox.c.number == sa.bindparam("of_number")
)


def delivery(row: sa.Row[Any]) -> Delivery:
    """The message in a row with all columns of the log."""
    asked = Instance(row.question, row.instance) if row.question else None
    return Delivery(row.number, row.key, row.text, row.language, row.buttons, asked, row.end, row.attachment)
