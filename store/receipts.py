"""Receipts: one a message, made in the transaction that did its work. No receipt, nothing happened."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from dialogue.errors import Refused
from store.database import insert_once
from store.tables import inbox, people, receipts

PARKED, ERASED = "parked", "erased"
TOMBSTONES = (PARKED, ERASED)


@dataclass(frozen=True)
class Receipt:
    """What a message did, and the reply as keys and values."""

    key: str
    effect: str
    reply: dict[str, Any] | None

    @property
    def is_tombstone(self) -> bool:
        """Whether nothing may be stored for this key any more."""
        return self.effect in TOMBSTONES


def find(connection: sa.Connection, key: str) -> Receipt | None:
    """The receipt of a message, None while it has not done its work."""
    row = connection.execute(_FIND, {"of_key": key}).first()
    return Receipt(row.key, row.effect, row.reply) if row else None


_FIND = sa.select(receipts).where(receipts.c.key == sa.bindparam("of_key"))


@dataclass(frozen=True)
class Done:
    """What there is to deliver."""

    receipt: Receipt | None
    held: bool
    """The text of the message is held back until the person says whether it may be kept."""
    further: bool
    """Another message of the person waits."""


def done(connection: sa.Connection, person: str, key: str, fence: int) -> Done:
    """What a turn has done, with the person's row held until the transaction ends. Raises Refused (lease_lost)."""
    row = connection.execute(_DONE, {"of_person": person, "of_key": key}).first()
    if row is None or row.fence != fence:
        raise Refused("lease_lost")
    receipt = Receipt(key, row.effect, row.reply) if row.effect else None
    return Done(receipt, row.aside == "keep" and row.about == key, row.further)


_DONE = (
    sa.select(
        people.c.fence,
        people.c.aside,
        people.c.about,
        receipts.c.effect,
        receipts.c.reply,
        sa.exists()
        .where(inbox.c.person == people.c.id, inbox.c.state == "waiting", inbox.c.key != sa.bindparam("of_key"))
        .label("further"),
    )
    .outerjoin_from(people, receipts, receipts.c.key == sa.bindparam("of_key"))
    .where(people.c.id == sa.bindparam("of_person"))
    .with_for_update(of=people)
)


def write(
    connection: sa.Connection, key: str, person: str | None, effect: str, reply: dict[str, Any] | None, now: datetime
) -> bool:
    """Writes the receipt; False if the key has one already."""
    return insert_once(connection, receipts, key=key, person=person, effect=effect, reply=reply, created_at=now)
