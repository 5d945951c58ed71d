"""D7: the deletion journal holds whole lines, whatever happens while one is written."""

import errno
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dialogue.errors import Misconfigured
from dialogue.outcome import Erasure
from store import clock, erasure
from tests.talk import City

PEOPLE = [f"{number:040x}" for number in range(40)]


def deletes(file: Path, person: str) -> None:
    """Somebody deletes, and the journal says so."""
    erasure.journal(file, person, [], Erasure.ASKED, "code", clock.now())


def named(file: Path) -> list[str]:
    """Whom the journal names, in order."""
    return [json.loads(line)["person"] for line in file.read_text().splitlines()]


def test_half_a_line_is_no_line(tmp_path: Path, city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """D7: when the disk takes half a line, the deletion is not said to be done, and the next line is a whole one."""
    file, write = tmp_path / "journal", os.write
    deletes(file, PEOPLE[0])
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda descriptor, line: write(descriptor, line[:20]))
        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
            deletes(file, PEOPLE[1])
    assert named(file) == PEOPLE[:1]
    deletes(file, PEOPLE[2])
    assert named(file) == [PEOPLE[0], PEOPLE[2]]
    with city.database.write() as connection:
        assert erasure.reapply(connection, file, clock.now()) == 0


def test_a_power_cut_leaves_a_journal_that_can_be_read(tmp_path: Path, city: City) -> None:
    """D7: half a line at the end was never said to be done; the journal is applied without it, and goes on."""
    file = tmp_path / "journal"
    deletes(file, PEOPLE[0])
    whole = file.read_text()
    file.write_text(f"{whole}{whole[:20]}")
    with city.database.write() as connection:
        assert erasure.reapply(connection, file, clock.now()) == 0
    deletes(file, PEOPLE[1])
    assert named(file) == PEOPLE[:2]


def test_a_damaged_line_is_said(tmp_path: Path, city: City) -> None:
    """D7: a line in the middle that can't be read may be a deletion: nothing goes on, and the line is named."""
    file = tmp_path / "journal"
    deletes(file, PEOPLE[0])
    file.write_text(f"{file.read_text()[:20]}\n{file.read_text()}")
    with city.database.write() as connection, pytest.raises(Misconfigured, match="journal_invalid"):
        erasure.reapply(connection, file, clock.now())


def test_many_delete_at_once(tmp_path: Path) -> None:
    """D7: of many who delete at the same moment each has a whole line."""
    file = tmp_path / "journal"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(deletes, [file] * len(PEOPLE), PEOPLE))
    assert sorted(named(file)) == PEOPLE
