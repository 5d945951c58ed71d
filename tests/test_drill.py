"""The drill of docs/operations.md, on both databases: a machine is lost, and another one goes on with its backup."""

import json
import os
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from deploy import local
from staff.export import export
from store import clock, packs, tables
from store.database import Database
from tests.databases import DATABASES, Places, everything
from tests.stack import Stack, free_ports
from tests.telegram import TOKEN, Chatter, Server
from tests.tester import Resident
from translations.catalogs import Words

GONE = "Kanarienvogel, der wieder geht"
IMPORTANCE = "Wie wichtig ist das für Sie?"
ROW = ("conversation", "question", "instance", "state", "text", "revision")


def operator(command: str, file: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs `python -m store` as an operator does."""
    line = [str(local.PYTHON), "-m", "store", command, str(file)]
    return subprocess.run(line, cwd=local.ROOT, env={**os.environ, **environ}, capture_output=True, text=True)


def exported(opened: Database, folder: Path) -> list[dict[str, Any]]:
    """The rows of the working file."""
    file, words = folder / "needs.jsonl", Words("kaiserslautern", "staff")
    city, round = packs.city("kaiserslautern"), packs.round("kaiserslautern", "needs")
    export(opened, city, round, words, file, "jsonl", "somebody", clock.now())
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()[1:]]


def number_of(stack: Stack, person: Resident) -> int:
    """By which number exports call the conversation."""
    mine = tables.participations.c.person == stack.person(person)
    with stack.database.read() as connection:
        return int(connection.execute(sa.select(tables.participations.c.number).where(mine)).scalar_one())


def hears(person: Resident, part: str) -> None:
    """Waits until it has been said."""
    while not any(part in said for said in person.transcript()):
        person.awaits_reply()


@contextmanager
def stalled(stack: Stack, name: str) -> Iterator[None]:
    """As long as the block lasts, this process does nothing."""
    pid = stack.supervisor.pid_of(name)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def lost(folder: Path) -> Iterator[None]:
    """As long as the block lasts, the folder is not there."""
    away = folder.with_name("lost")
    folder.rename(away)
    try:
        yield
    finally:
        away.rename(folder)


class Cast:
    """The people of the drill. One answered, one's message waits, one will delete, one will go on after the backup."""

    def __init__(self, stack: Stack, server: Server) -> None:
        self.steady, self.waiting, self.going, self.ahead = (stack.at_need() for _ in range(4))
        self.chatter = Chatter(stack, server, "de").begins()
        for label in ("Deutsch", "Ja, ich bin 16", "Ja, ich mache mit", "Betzenberg", "Wohnen"):
            self.chatter.presses(label)
        self.chatter.says("Eine Bank am Bach")
        self.steady.says("Mehr Bäume")
        self.going.says(GONE)

    def after_the_backup(self) -> None:
        """What happens until the machine is lost."""
        hears(self.waiting, IMPORTANCE)
        self.going.says("daten löschen")
        self.going.presses("Ja, alles löschen")
        self.ahead.says("Mehr Spielplätze", id="after-the-backup")

    def move(self, stack: Stack) -> None:
        """The same pages and chats, the same address, another machine behind it."""
        for person in (self.steady, self.waiting, self.going, self.ahead):
            person.http.base_url = stack.url
        self.chatter.stack = stack

    def go_on(self) -> None:
        """Each hears what there is to hear, though their pages know higher numbers than the backup."""
        heard = len(self.waiting.seen)
        while not (new := self.waiting.transcript()[heard:]) or not new[-1].startswith(IMPORTANCE):
            self.waiting.awaits_reply()
        # A process that has only just started may say first that it takes a while.
        assert new.count("Danke, Ihre Antwort ist gespeichert.") == 1
        assert self.steady.awaits_reply()[-1].startswith(IMPORTANCE)
        old = self.ahead.button("4")
        assert self.ahead.awaits_reply()[-1].startswith("Was brauchen Sie")
        assert self.ahead.posts({"button": old}).json()["error"] == "button_old"
        unconfirmed = {"text": "Mehr Spielplätze"}
        states = [self.ahead.posts(unconfirmed, id="after-the-backup").json()["state"] for _ in range(2)]
        assert states == ["stored", "duplicate"]
        assert self.ahead.awaits_reply()[-1].startswith(IMPORTANCE)
        hears(self.chatter, "Haben Sie eine Idee")


@pytest.mark.parametrize("kind", DATABASES)
def test_the_drill(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """A27, D7: a machine is lost; on an empty one its backup gives the same export, less those who deleted since.

    What waited in the inbox is answered once, and what the channels still have comes in once.
    """
    port, places = free_ports(1)[0], Places(kind, request, tmp_path)
    telegram = {"TELEGRAM_TOKEN": TOKEN, "TELEGRAM_API": f"http://127.0.0.1:{port}"}
    backup, kept = tmp_path / "backup", tmp_path / "kept"
    with Server(port).running() as server:
        with Stack(tmp_path / "before", **telegram, **places.environ("before")).running() as before:
            cast = Cast(before, server)
            with stalled(before, "rasa"):
                cast.waiting.posts({"text": "Ein Platz zum Sitzen"})
                done = operator("backup", backup, dict(before.settings.environ))
                assert done.returncode == 0, done.stderr
                then = exported(before.database, tmp_path)
            waiting, going, ahead, chatter = (
                number_of(before, person) for person in (cast.waiting, cast.going, cast.ahead, cast.chatter)
            )
            cast.after_the_backup()
            kept.mkdir()
            for name in ("secret", "deletions.jsonl"):
                shutil.copy2(before.data / name, kept)
        cast.chatter.writes("4")  # while there is no machine: Telegram keeps it
        with lost(before.data):
            shutil.copytree(kept, tmp_path / "after")
            environ = {"DATA_DIR": str(tmp_path / "after"), **places.environ("after")}
            done = operator("restore", backup, environ)
            assert done.stdout == "restored; erased again by the deletion journal: 1\n", done.stderr
            with Stack(tmp_path / "after", **telegram, **environ).running() as after:
                cast.move(after)
                cast.go_on()
                now = exported(after.database, tmp_path)
                assert GONE not in everything(after.database)
                files = [file for file in after.data.rglob("*") if file.is_file()]
                assert [file for file in files if GONE.encode() in file.read_bytes()] == []
    assert [row for row in now if row in then] == [row for row in then if row["conversation"] != going]
    assert Counter(tuple(row[column] for column in ROW) for row in now if row not in then) == {
        (waiting, "need", 0, "answered", "Ein Platz zum Sitzen", 1): 1,
        (ahead, "need", 0, "answered", "Mehr Spielplätze", 1): 1,
        (chatter, "importance", 0, "answered", "4", 1): 1,
    }
