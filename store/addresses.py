"""Addresses: where replies are brought, kept only as long as they have to be; and how far the bringing has come."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from dialogue.errors import Refused
from store.clock import passed
from store.database import insert_once
from store.tables import addresses, inbox, outbox, people

LONGEST_PAUSE = timedelta(seconds=30)
"""Between two tries to bring a reply to a chat that can't be reached."""


@dataclass(frozen=True)
class Address:
    """A chat to which replies are to be brought."""

    person: str
    address: str
    fence: int
    """Grows with each taking: whoever lost the address marks nothing any more."""
    sent: int
    """The number of the last reply that is there."""
    parts: int
    """How many parts are there of the reply behind it."""
    last: int
    """The number of the last reply that there was when this was read."""
    language: str
    menu: str | None


def note(connection: sa.Connection, person: str, address: str, now: datetime) -> None:
    """Somebody writes from this address: replies go there from now on; what was brought before stays brought."""
    last = connection.execute(sa.select(people.c.last_number).where(people.c.id == person)).scalar_one()
    if not insert_once(connection, addresses, person=person, address=address, sent=last, used_at=now):
        values = {"address": address, "blocked": False, "used_at": now}
        connection.execute(addresses.update().where(addresses.c.person == person).values(**values))


def due(connection: sa.Connection, now: datetime, most: int) -> list[str]:
    """Persons to whom something can be brought now, the longest unused first."""
    rows = connection.execute(
        sa.select(addresses.c.person)
        .join(people, people.c.id == addresses.c.person)
        .where(people.c.last_number > addresses.c.sent, addresses.c.blocked.is_(False), *_free(now))
        .order_by(addresses.c.used_at)
        .limit(most)
    )
    return list(rows.scalars())


def undelivered(connection: sa.Connection) -> dict[str, tuple[int, datetime]]:
    """By channel: how many replies wait to be brought, and since when the oldest one has; but to whom blocked us."""
    rows = connection.execute(
        sa.select(people.c.channel, sa.func.count(), sa.func.min(outbox.c.created_at))
        .select_from(addresses)
        .join(people, people.c.id == addresses.c.person)
        .join(outbox, sa.and_(outbox.c.person == addresses.c.person, outbox.c.number > addresses.c.sent))
        .where(people.c.last_number > addresses.c.sent, addresses.c.blocked.is_(False))
        .group_by(people.c.channel)
    )
    return {channel: (count, since) for channel, count, since in rows}


def take(connection: sa.Connection, person: str, now: datetime, seconds: float) -> Address | None:
    """The address, to bring something there; None while another process does."""
    mine = sa.and_(addresses.c.person == person, addresses.c.blocked.is_(False), *_free(now))
    until = now + timedelta(seconds=seconds)
    taken = addresses.update().where(mine).values(lease_until=until, fence=addresses.c.fence + 1)
    if not connection.execute(taken).rowcount:
        return None
    row = connection.execute(
        sa.select(
            *(addresses.c.person, addresses.c.address, addresses.c.fence, addresses.c.menu),
            *(addresses.c.sent, addresses.c.parts),
            *(people.c.language, people.c.last_number),
        )
        .join(people, people.c.id == addresses.c.person)
        .where(addresses.c.person == person)
    ).one()
    return Address(row.person, row.address, row.fence, row.sent, row.parts, row.last_number, row.language, row.menu)


def brought(
    connection: sa.Connection, address: Address, number: int, asks: bool, now: datetime, seconds: float
) -> None:
    """The reply of this number is there, and its question, if it asks one; the address is held for the next one.

    Raises Refused (lease_lost).
    """
    _mark(connection, address, now, seconds, sent=number, parts=0)
    if asks:
        # What was on its way before was said without having read the question.
        connection.execute(people.update().where(people.c.id == address.person).values(asked_at=now))


def brought_part(connection: sa.Connection, address: Address, parts: int, now: datetime, seconds: float) -> None:
    """So many parts of a long reply are there. Raises Refused (lease_lost)."""
    _mark(connection, address, now, seconds, parts=parts)


def hold(connection: sa.Connection, address: Address, now: datetime, seconds: float) -> None:
    """Holds the address for longer, if it is still ours."""
    until = now + timedelta(seconds=seconds)
    connection.execute(addresses.update().where(*_ours(address)).values(lease_until=until))


def _mark(connection: sa.Connection, address: Address, now: datetime, seconds: float, **values: int) -> None:
    until = {"lease_until": now + timedelta(seconds=seconds), "used_at": now}
    held = addresses.update().where(*_ours(address)).values(**values, **until, tries=0, retry_at=None)
    if not connection.execute(held).rowcount:
        raise Refused("lease_lost")


def done(connection: sa.Connection, address: Address, sent: int, menu: str | None) -> None:
    """All is there up to this number. Whoever was erased is not to be found again: with the last notice they go.

    Not while a message of theirs still waits: its reply would have nowhere to go.
    """
    # The row is held first, as by a message that comes in: either it is seen here, or it notes the address anew.
    person = address.person
    mine = sa.select(addresses.c.person).where(*_ours(address)).with_for_update()
    if connection.execute(mine).first() is None:
        return
    row = connection.execute(sa.select(people).where(people.c.id == person)).one()
    waiting = sa.select(inbox.c.seq).where(inbox.c.person == person, inbox.c.state == "waiting").limit(1)
    gone = row.erased_at is not None and not row.chosen and row.last_number <= sent
    if gone and connection.execute(waiting).first() is None:
        forget(connection, person)
    else:
        # What an erasure has taken out of the log can't be brought any more: the number goes on without it.
        release(connection, address, sent=sent, menu=menu)


def release(connection: sa.Connection, address: Address, **values: object) -> None:
    """Gives the address free, if it is still ours; `values` are what else is known of it now."""
    connection.execute(addresses.update().where(*_ours(address)).values(lease_until=None, **values))


def again_later(connection: sa.Connection, address: Address, now: datetime, pause: timedelta | None) -> None:
    """It could not be brought: not before the pause that was asked for, or one of ours, which grows with each try."""
    if pause is not None:
        release(connection, address, tries=0, retry_at=now + pause)
        return
    tries: int = connection.execute(sa.select(addresses.c.tries).where(*_ours(address))).scalar() or 0
    growing = min(timedelta(seconds=2 ** min(tries, 10)), LONGEST_PAUSE)
    release(connection, address, tries=tries + 1, retry_at=now + growing)


def forget(connection: sa.Connection, person: str) -> None:
    """Nobody can be reached there any more."""
    connection.execute(addresses.delete().where(addresses.c.person == person))


def forget_unused(connection: sa.Connection, before: datetime) -> int:
    """Forgets the addresses at which nothing has been said since, whether all was brought or not; how many."""
    return connection.execute(addresses.delete().where(addresses.c.used_at < before)).rowcount


def _ours(address: Address) -> Iterator[sa.ColumnElement[bool]]:
    """Nobody else has taken the address since."""
    yield addresses.c.person == address.person
    yield addresses.c.fence == address.fence


def _free(now: datetime) -> Iterator[sa.ColumnElement[bool]]:
    """Nobody brings anything there now, and no pause was asked for."""
    yield passed(addresses.c.lease_until, now)
    # A pause that was asked for may be long; one of ours that is was set by a clock that was wrong.
    asked_for = sa.or_(addresses.c.retry_at.is_(None), addresses.c.retry_at <= now)
    yield sa.or_(asked_for, sa.and_(addresses.c.tries > 0, passed(addresses.c.retry_at, now)))
