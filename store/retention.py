"""What is removed by and by, class by class, each after its time; what went is reported."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from store import addresses, erasure
from store.database import Database
from store.tables import addresses as addresses_table
from store.tables import audits, bars, dialogue_states, guesses, inbox, outbox, participations, people, receipts

MEMORY = timedelta(hours=48)
"""How long a message's key is remembered against a second delivery, longer than any channel delivers again."""
HELD = timedelta(hours=1)
"""How long a message with danger words waits for the person's word whether it may be kept."""
GUESSES = timedelta(hours=1)
"""How long a wrong code is counted."""
TALK = timedelta(days=30)
"""How long a person can read a talk again after its last message."""
PROOF = timedelta(days=3 * 365)
"""How long it is known who exported what."""

Report = Mapping[str, int]
"""Class of data → how many rows went."""


def tidy(database: Database, now: datetime, keep_until: date) -> Report:
    """Removes what has had its time; answers go with the end of the city's project, `keep_until`."""
    with database.write() as connection:
        report = {
            "held_messages": _let_go(connection, now - HELD),
            "messages": _messages(connection, now - MEMORY),
            "receipts": _receipts(connection, now - MEMORY),
            "guesses": _gone(connection, guesses.delete().where(guesses.c.at < now - GUESSES)),
            "bars": _gone(connection, bars.delete().where(bars.c.until < now)),
            "talks": _talks(connection, now - TALK),
            "addresses": addresses.forget_unused(connection, now - MEMORY),
            "idle_people": _idle(connection, now - MEMORY),
            "audits": _gone(connection, audits.delete().where(audits.c.at < now - PROOF)),
            "participations": _ended(connection, now) if now.date() > keep_until else 0,
        }
        if any(report.values()):
            what = "retention " + " ".join(f"{name}={count}" for name, count in report.items() if count)
            values = {"at": now, "who": "retention", "what": what[:200], "rows": sum(report.values())}
            connection.execute(audits.insert().values(values))
    database.forget()
    return report


def _let_go(connection: sa.Connection, before: datetime) -> int:
    held = sa.and_(inbox.c.state == "handled", inbox.c.text.is_not(None), inbox.c.received_at < before)
    return _gone(connection, inbox.update().where(held).values(text=None))


def _messages(connection: sa.Connection, before: datetime) -> int:
    return _gone(connection, inbox.delete().where(inbox.c.state != "waiting", inbox.c.received_at < before))


def _receipts(connection: sa.Connection, before: datetime) -> int:
    kept = sa.select(inbox.c.key)
    return _gone(connection, receipts.delete().where(receipts.c.created_at < before, receipts.c.key.not_in(kept)))


def _talks(connection: sa.Connection, before: datetime) -> int:
    """The log of a conversation in which nothing has been said since."""
    last = sa.select(outbox.c.person).group_by(outbox.c.person).having(sa.func.max(outbox.c.created_at) < before)
    return _gone(connection, outbox.delete().where(outbox.c.person.in_(last)))


def _idle(connection: sa.Connection, before: datetime) -> int:
    """Someone who looked in and left, or whose data is erased and whose last notice was read long ago."""
    idle = sa.select(people.c.id).where(
        people.c.participation.is_(None),
        sa.func.coalesce(people.c.erased_at, people.c.created_at) < before,
        people.c.id.not_in(sa.select(inbox.c.person)),
        people.c.id.not_in(sa.select(participations.c.person)),
        people.c.id.not_in(sa.select(addresses_table.c.person)),
    )
    connection.execute(outbox.delete().where(outbox.c.person.in_(idle)))
    connection.execute(dialogue_states.delete().where(dialogue_states.c.person.in_(idle)))
    return _gone(connection, people.delete().where(people.c.id.in_(idle)))


def _ended(connection: sa.Connection, now: datetime) -> int:
    holders = connection.execute(sa.select(participations.c.person).distinct()).scalars().all()
    for person in holders:
        erasure.erase(connection, person, now)
    return len(holders)


def _gone(connection: sa.Connection, statement: sa.Delete | sa.Update) -> int:
    return connection.execute(statement).rowcount
