"""Erasing a person: everything goes but the keys of messages, for 48 hours, and one line in the deletion journal."""

import errno
import fcntl
import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from dialogue.errors import Misconfigured
from dialogue.outcome import Erasure
from store import people
from store.database import insert_once
from store.receipts import ERASED
from store.tables import (
    answers,
    bars,
    consents,
    counters,
    guesses,
    inbox,
    outbox,
    participations,
    receipts,
    revisions,
)
from store.tables import people as persons

BAR = timedelta(hours=1)
"""How long somebody who said to be too young is not asked again; short, since phones are shared."""


def erase(connection: sa.Connection, person: str, now: datetime) -> None:
    """Removes all that was said and done. The bare row stays, so that the last notice can be read by number."""
    mine = sa.select(participations.c.id).where(participations.c.person == person)
    given = sa.select(answers.c.id).where(answers.c.participation.in_(mine))
    _leave_tombstones(connection, person, now)
    people.change(connection, person, **people.BARE, erased_at=now)
    connection.execute(guesses.delete().where(guesses.c.person == person))
    connection.execute(revisions.delete().where(revisions.c.answer.in_(given)))
    connection.execute(answers.delete().where(answers.c.participation.in_(mine)))
    connection.execute(consents.delete().where(consents.c.participation.in_(mine)))
    connection.execute(participations.delete().where(participations.c.person == person))
    connection.execute(outbox.delete().where(outbox.c.person == person))
    people.dialogue_state_erase(connection, person)


def carry_out(connection: sa.Connection, person: str, reason: Erasure, barred: str, now: datetime) -> None:
    """Erases, and for somebody too young leaves a counter and the keyed hash `barred`."""
    erase(connection, person, now)
    if reason is Erasure.UNDERAGE:
        count(connection, reason)
        bar(connection, barred, now)


def count(connection: sa.Connection, name: str) -> None:
    """Counts an event without a person."""
    insert_once(connection, counters, name=name, count=0)
    connection.execute(counters.update().where(counters.c.name == name).values(count=counters.c.count + 1))


def bar(connection: sa.Connection, bar: str, now: datetime) -> None:
    """Remembers, as a keyed hash, that this address must not be asked again for a while."""
    connection.execute(bars.delete().where(sa.or_(bars.c.until <= now, bars.c.bar == bar)))
    connection.execute(bars.insert().values(bar=bar, until=now + BAR))


def carry_bar(connection: sa.Connection, earlier: str, bar: str, now: datetime) -> None:
    """Whoever begins anew right after being found too young takes the bar along."""
    until = connection.execute(sa.select(bars.c.until).where(bars.c.bar == earlier, bars.c.until > now)).scalar()
    if until is not None:
        insert_once(connection, bars, bar=bar, until=until)


def journal(
    file: Path, person: str, participations: list[str], reason: Erasure, code: str | None, now: datetime
) -> None:
    """Writes the line of the deletion journal, on the disk before this returns; none without a receipt code.

    `participations` are their marks: after a restore they find the answers also where they were on another device.

    The journal is no part of the database, so that it can be applied again after a restore. A turn that is tried
    twice may write its line twice; it says the same.
    """
    if code is None:
        return
    at = now.isoformat(timespec="seconds")
    line = {"person": person, "participations": participations, "reason": reason, "code": code, "at": at}
    descriptor = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        _append(descriptor, (json.dumps(line) + "\n").encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _append(descriptor: int, line: bytes) -> None:
    """The whole line or nothing of it. Raises OSError."""
    end = os.fstat(descriptor).st_size
    if end and os.pread(descriptor, 1, end - 1) != b"\n":
        # Half a line of before a power cut: that deletion was never said to be done.
        end = os.pread(descriptor, end, 0).rfind(b"\n") + 1
        os.ftruncate(descriptor, end)
    if os.write(descriptor, line) < len(line):
        os.ftruncate(descriptor, end)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def begin_journal(file: Path) -> None:
    """Makes an empty one where there is none: it says that nobody has deleted. A restore insists on a journal.

    Raises Misconfigured (folder_missing).
    """
    _check_folder(file)
    file.touch(0o600)


def reapply(connection: sa.Connection, file: Path, now: datetime) -> int:
    """Erases again what the journal says was erased: a restored backup has brought it back. How many deletions.

    Raises Misconfigured (folder_missing, journal_invalid).
    """
    _check_folder(file)
    erased = 0
    for line in _lines(file):
        brought_back = _brought_back(connection, line)
        for person in brought_back:
            erase(connection, person, now)
        erased += bool(brought_back)
    return erased


def _check_folder(file: Path) -> None:
    """A disk that is not there must not pass for a journal without a line."""
    if not file.parent.is_dir():
        raise Misconfigured("folder_missing", name=str(file.parent))


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    # Half a line at the end is one that was never written to its end.
    *written, _half = file.read_text("utf-8").split("\n") if file.exists() else [""]
    for number, line in enumerate(written, 1):
        try:
            yield json.loads(line)
        except ValueError:
            raise Misconfigured("journal_invalid", name=f"{file}:{number}") from None


def _brought_back(connection: sa.Connection, line: dict[str, Any]) -> set[str]:
    """Whoever holds one of the participations; and the person, if they waited to take part when the backup was made.

    Who holds another participation is left alone: on a shared phone that one is not theirs who deleted.
    """
    holders = sa.select(participations.c.person).where(participations.c.mark.in_(line["participations"]))
    at = datetime.fromisoformat(line["at"])
    there = persons.c.created_at < at + timedelta(seconds=1)  # the journal's times are cut to the second
    before = sa.and_(there, sa.or_(persons.c.erased_at.is_(None), persons.c.erased_at < at))
    alone = persons.c.id.not_in(sa.select(participations.c.person))
    person = sa.select(persons.c.id).where(persons.c.id == line["person"], before, alone)
    return {id for query in (holders, person) for id in connection.execute(query).scalars()}


def _leave_tombstones(connection: sa.Connection, person: str, now: datetime) -> None:
    """A message of before, delivered once more or still on its way, must find its key taken."""
    keys = connection.execute(sa.select(inbox.c.key).where(inbox.c.person == person)).scalars().all()
    connection.execute(inbox.delete().where(inbox.c.person == person))
    connection.execute(receipts.delete().where(receipts.c.person == person))
    for key in keys:
        insert_once(connection, receipts, key=key, person=None, effect=ERASED, reply=None, created_at=now)
