"""Backups on both databases: what they hold, also of a stack at work, and what a restore does and refuses."""

import json
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from dialogue.errors import Misconfigured
from store import backups, clock, config, database, inbox, keys, tables
from store.database import Database
from tests.databases import Places
from tests.postgres import Postgres
from tests.stack import Stack
from tests.talk import SECRET, City, Talk

GONE = "Kanarienvogel, der wieder geht"


@pytest.fixture
def beside(city: City, request: pytest.FixtureRequest, tmp_path: Path) -> Places:
    """Empty databases of the kind of the city's."""
    return Places(city.database.dialect, request, tmp_path)


@pytest.mark.both_databases
def test_a_backup_under_load(stack: Stack, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """A27: a backup of a stack at work has what was received before, each answer with its receipt, all in order."""
    places = Places(stack.database.dialect, request, tmp_path)
    url = config.driver(stack.settings.environ["DATABASE_URL"])
    people, enough = [stack.at_need() for _ in range(3)], threading.Event()
    received: list[list[str]] = [[] for _ in people]

    def talk(number: int) -> None:
        while not enough.is_set():
            id = f"under-load-{len(received[number]):04}"
            people[number].posts({"text": f"Satz {len(received[number]) + 200}"}, id=id)
            received[number].append(id)

    with ThreadPoolExecutor(3) as pool:
        talking = [pool.submit(talk, number) for number in range(3)]
        try:
            for number in range(1, 4):
                while any(len(ids) < 10 * number for ids in received):
                    time.sleep(0.01)
                before, file = [list(ids) for ids in received], tmp_path / f"backup{number}"
                place = places.url(f"place{number}")
                backups.write(url, file)
                backups.restore(place, file, empty_journal(tmp_path), stack.secret, clock.now())
                for person, ids in zip(people, before, strict=True):
                    is_whole(place, stack.secret, stack.person(person), ids)
        finally:
            enough.set()
        for one in talking:
            one.result()


def is_whole(url: str, secret: bytes, person: str, ids: list[str]) -> None:
    """All these messages are there; the need holds those that have a receipt, in order, and the others wait."""
    inbox, receipts, answers = tables.inbox.c, tables.receipts.c, tables.answers.c
    said = sa.select(inbox.key, inbox.state).where(inbox.person == person, inbox.act.is_(None)).order_by(inbox.seq)
    need = sa.select(answers.text).join(tables.participations).where(answers.question == "need")
    with closing(Database(url)) as opened, opened.read() as connection:
        found = connection.execute(said).all()
        done = set(connection.execute(sa.select(receipts.key).where(receipts.person == person)).scalars())
        text = connection.execute(need.where(tables.participations.c.person == person)).scalar() or ""
    keyed = {keys.message_key(secret, "web", f"{person}:{id}"): 200 + place for place, id in enumerate(ids)}
    assert list(keyed) == [row.key for row in found][: len(ids)]
    assert all(row.key in done for row in found if row.state == "handled")
    count = sum(row.key in done for row in found)
    assert [row.key in done for row in found] == [place < count for place in range(len(found))]
    assert text.splitlines() == [f"Satz {200 + place}" for place in range(count)]


def empty_journal(folder: Path) -> Path:
    """The journal of a place where nobody has deleted."""
    file = folder / "nobody.jsonl"
    file.touch()
    return file


def restored(city: City, url: str, file: Path, journal: Path | None = None) -> City:
    """The same city on another database, into which the backup was brought."""
    settings = city.bot.config
    backups.restore(url, file, journal or settings.journal, settings.secret, clock.now())
    return City(city.folder, url)


def test_who_waited_to_take_part_stays_deleted(city: City, beside: Places, tmp_path: Path) -> None:
    """D7: who had only a yes and answers waiting when the backup was made, and deleted since, takes no part again."""
    talk, other = city.talk("one"), city.talk("other").at_need()
    talk.says("hallo", "greet")
    talk.says("Deutsch")
    talk.says("ja")
    for text in ("ja", "Betzenberg"):
        talk.receive(text)
    backups.write(city.bot.config.database_url, tmp_path / "backup")
    for _ in range(2):
        taken = talk.take()
        talk.perform(taken)
        talk.deliver(taken)
    talk.says("Daten löschen", "delete_my_data")
    talk.says("ja")
    again = restored(city, beside.url("again"), tmp_path / "backup")
    with again.database.read() as connection:
        assert [row.person for row in connection.execute(sa.select(tables.participations))] == [other.person]
        assert inbox.oldest(connection, talk.person, clock.now()) is None
    again.close()


def test_a_deletion_on_a_shared_phone_is_not_the_first_ones(city: City, beside: Places, tmp_path: Path) -> None:
    """D7: after a restore the second person's deletion is done again; the first one's talk on the phone is whole."""
    talk = city.talk().at_need()
    backups.write(city.bot.config.database_url, tmp_path / "backup")
    before = talk.given()
    talk.says("jetzt antwortet meine Frau", "someone_else")
    talk.says("ja")
    talk.says("Deutsch")
    for text in ("ja", "ja", "Erfenbach"):
        talk.says(text)
    talk.says("Daten löschen", "delete_my_data")
    talk.says("ja")
    again = restored(city, beside.url("again"), tmp_path / "backup")
    assert Talk(again, talk.person).given() == before
    again.close()


def test_what_a_backup_holds(city: City, tmp_path: Path) -> None:
    """A27: a backup is its owner's alone; neither the secret nor the journal is in it, nor what was deleted before."""
    talk = city.talk().at_need()
    talk.says(GONE)
    talk.says("Daten löschen", "delete_my_data")
    talk.says("ja")
    city.talk("other").at_need().says("Mehr Bäume")
    [line] = map(json.loads, city.bot.config.journal.read_text().splitlines())
    file = tmp_path / "backup"
    backups.write(city.bot.config.database_url, file)
    content = file.read_bytes()
    if city.database.dialect == "postgresql":
        pg_restore = backups.tool(city.bot.config.database_url, "pg_restore")
        content = subprocess.run([pg_restore, "-f", "-", str(file)], capture_output=True, check=True).stdout
    assert file.stat().st_mode & 0o777 == 0o600
    assert "Mehr Bäume".encode() in content
    for canary in (GONE, SECRET, *line["participations"]):
        assert canary.encode() not in content
    assert sorted(one.name for one in tmp_path.iterdir() if one.name.startswith(".")) == []


def test_an_older_backup_gets_the_newest_form(city: City, beside: Places, tmp_path: Path) -> None:
    """A27: a backup of an earlier revision is brought up by the migrations, with every answer."""
    talk = city.talk().at_need()
    talk.says("Mehr Bäume")
    before, url = talk.given(), city.bot.config.database_url
    database.revert(url, "0003")
    backups.write(url, tmp_path / "backup")
    database.migrate(url)
    again = restored(city, beside.url("again"), tmp_path / "backup", empty_journal(tmp_path))
    assert Talk(again, talk.person).given() == before
    again.close()


def test_a_restore_refuses_and_leaves_nothing(city: City, beside: Places, tmp_path: Path) -> None:
    """A27: a full database, a foreign file, secret or newer backup, a lost journal: one sentence, nothing done."""
    city.talk().at_need().says("Mehr Bäume")
    url, file, place, journal = city.bot.config.database_url, tmp_path / "backup", beside.url("again"), tmp_path / "j"
    backups.write(url, file)
    with pytest.raises(Misconfigured, match="file_taken"):
        backups.write(url, file)
    (tmp_path / "foreign").write_bytes(b"no backup")
    for backup, at, by, secret, why in (
        (file, url, "empty", SECRET, "database_taken"),
        (tmp_path / "none", place, "empty", SECRET, "backup_missing"),
        (tmp_path / "foreign", place, "empty", SECRET, "backup_foreign"),
        (file, place, None, SECRET, "journal_missing"),
        (file, place, "damaged", SECRET, "journal_invalid"),
        (file, place, "empty", "6" * 64, "secret_foreign"),
    ):
        journal.unlink(missing_ok=True)
        if by:
            journal.write_text({"empty": "", "damaged": '{"person": "x\n'}[by])
        with pytest.raises(Misconfigured, match=why):
            backups.restore(at, backup, journal, secret.encode(), clock.now())
        assert at == url or not database.holds_something(place)
    journal.write_text("")
    with city.database.write() as connection:
        connection.execute(sa.text("update alembic_version set version_num = '9999'"))
    backups.write(url, tmp_path / "newer")
    with pytest.raises(Misconfigured, match="backup_newer"):
        backups.restore(place, tmp_path / "newer", journal, SECRET.encode(), clock.now())
    assert not database.holds_something(place)
    assert backups.restore(place, file, journal, SECRET.encode(), clock.now()) == 0


def test_a_log_that_was_left_is_no_empty_place(tmp_path: Path) -> None:
    """A27: SQLite would write an old log into the file that is brought back: a restore sees it, and refuses."""
    city, file = City(tmp_path, f"sqlite:///{tmp_path / 'test.db'}"), tmp_path / "backup"
    backups.write(city.bot.config.database_url, file)
    (tmp_path / "again.db-wal").write_bytes(b"what a crash has left")
    with pytest.raises(Misconfigured, match="database_taken"):
        restored(city, f"sqlite:///{tmp_path / 'again.db'}", file, empty_journal(tmp_path))
    city.close()


def test_without_its_tools_a_backup_says_so(server: Postgres, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A27: where pg_dump is missing, or older than the server, the sentence names the package; no file is left."""
    monkeypatch.setattr(backups, "DEBIAN", "/nowhere/{version}/{name}")
    older = tmp_path / "bin" / "pg_dump"
    older.parent.mkdir()
    older.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6'\n")
    for path in (tmp_path / "nothing", older.parent):
        monkeypatch.setenv("PATH", f"{path}:/usr/sbin" if path == older.parent else str(path))
        older.chmod(0o755)
        with pytest.raises(Misconfigured, match=r"program_missing.*pg_dump.*postgresql-client-"):
            backups.write(config.driver(server.database()), tmp_path / "backup")
    assert [one.name for one in tmp_path.iterdir()] == ["bin"]
