"""Receipts: one a message, made in the transaction that did its work. No receipt, nothing happened."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from store.database import insert_once
from store.tables import receipts

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
    row = connection.execute(sa.select(receipts).where(receipts.c.key == key)).first()
    return Receipt(row.key, row.effect, row.reply) if row else None


def write(
    connection: sa.Connection, key: str, person: str | None, effect: str, reply: dict[str, Any] | None, now: datetime
) -> bool:
    """Writes the receipt; False if the key has one already."""
    return insert_once(connection, receipts, key=key, person=person, effect=effect, reply=reply, created_at=now)
