"""What is removed by and by: keys that no second delivery can need, and bare rows of people who never took part."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from store.database import Database
from store.tables import bars, dialogue_states, inbox, outbox, people, receipts

MEMORY = timedelta(hours=48)
"""How long a message's key is remembered against a second delivery, longer than any channel delivers again."""


def tidy(database: Database, now: datetime) -> None:
    """Removes handled messages and receipts after 48 hours, and conversations without participation."""
    before = now - MEMORY
    with database.write() as connection:
        handled = sa.and_(inbox.c.state != "waiting", inbox.c.received_at < before)
        connection.execute(inbox.delete().where(handled))
        kept = sa.select(inbox.c.key)
        connection.execute(receipts.delete().where(receipts.c.created_at < before, receipts.c.key.not_in(kept)))
        connection.execute(bars.delete().where(bars.c.until < now))
        _forget_idle(connection, before)
    database.forget()


def _forget_idle(connection: sa.Connection, before: datetime) -> None:
    """Someone who looked in and left, or whose data is erased and whose last notice was read long ago."""
    idle = sa.select(people.c.id).where(
        people.c.participation.is_(None),
        sa.func.coalesce(people.c.erased_at, people.c.created_at) < before,
        people.c.id.not_in(sa.select(inbox.c.person)),
    )
    connection.execute(outbox.delete().where(outbox.c.person.in_(idle)))
    connection.execute(dialogue_states.delete().where(dialogue_states.c.person.in_(idle)))
    connection.execute(people.delete().where(people.c.id.in_(idle)))
