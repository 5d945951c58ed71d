"""The real thing for tests: Rasa, action server, bot and database, under the project's own supervisor."""

import itertools
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

import sqlalchemy as sa

from deploy import local
from deploy.supervisor import Service, Supervisor
from dialogue.redact import redact
from dialogue.texts import clean
from store import keys
from store.database import Database
from store.tables import answers, outbox, participations
from tests.tester import Resident
from translations import redaction

PORTS = ("BOT_PORT", "RASA_PORT", "ACTIONS_PORT", "METRICS_PORT")


class Stack:
    """A running Mitsprache with a database of its own."""

    started: ClassVar[list["Stack"]] = []
    """All of this session, also those that have been stopped."""

    def __init__(self, data: Path, **environ: str) -> None:
        self.data, self.faults = data, data / "faults"
        self.faults.mkdir(parents=True, exist_ok=True)
        ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
        given = {**os.environ, **ports, "DATA_DIR": str(data), "FAULT_DIR": str(self.faults), "LOG_LEVEL": "DEBUG"}
        self.settings = local.settings({**given, **environ})
        model = local.prepare(self.settings)
        self.said: list[str] = []
        self.supervisor = Supervisor(self.services(model), data, self.said.append)
        self.url = f"http://127.0.0.1:{self.settings.bot_port}"
        self.database = Database(self.settings.environ["DATABASE_URL"])
        self.secret = (data / "secret").read_bytes().strip()

    def services(self, model: Path) -> list[Service]:
        """The processes."""
        return local.services(self.settings, model)

    @contextmanager
    def running(self) -> Iterator["Stack"]:
        """Starts everything and stops it again."""
        self.started.append(self)
        try:
            self.supervisor.start()
            self.supervisor.wait_healthy(180)
            yield self
        finally:
            self.supervisor.stop()
            self.database.close()

    def resident(self, *languages: str) -> Resident:
        """A person who has just opened the chat."""
        return Resident(self.url, languages or ("de",)).begins()

    def at_theme(self, *languages: str) -> Resident:
        """A person who is asked for the theme, in German, district Betzenberg given."""
        resident = self.resident(*languages)
        for label in ("Deutsch", "Ja, ich bin 16", "Ja, ich mache mit", "Betzenberg"):
            resident.presses(label)
        resident.expects_reply("Um welches Thema")
        return resident

    def at_need(self, *languages: str) -> Resident:
        """A person who is asked for the need, in German, district Betzenberg and theme housing given."""
        resident = self.at_theme(*languages)
        resident.presses("Wohnen")
        resident.expects_reply("Was brauchen Sie")
        return resident

    def keeps(self, resident: Resident, text: str) -> str | None:
        """What is kept of this text as the need of somebody who stands by it; then the need is asked again."""
        reply = resident.says(text)
        if "Soll die Stadt sie lesen?" in reply[-1]:
            reply = resident.presses("Ja, speichern")
        kept = self.needs_of(resident)[-1][2]
        while not reply[-1].startswith("Was brauchen Sie"):
            reply = resident.says("zurück")
        return kept

    def arm(self, step: str, victim: str) -> None:
        """The next time that a message comes to this step, the victim is killed."""
        (self.faults / f"{step}.new").write_text(str(self.supervisor.pid_of(victim)))
        (self.faults / f"{step}.new").rename(self.faults / step)

    def fired(self, step: str) -> bool:
        """Whether the armed fault has struck; forgets it."""
        fired = self.faults / f"{step}.fired"
        struck = fired.exists()
        fired.unlink(missing_ok=True)
        return struck

    def kill(self, *names: str) -> None:
        """kill -9, and waits until everything is healthy again."""
        before = {name: self.supervisor.pid_of(name) for name in names}
        for pid in before.values():
            os.kill(pid, signal.SIGKILL)
        while any(self.supervisor.pid_of(name) == pid for name, pid in before.items()):
            time.sleep(0.05)
        self.settle()

    def settle(self) -> None:
        """Waits until all processes are healthy."""
        time.sleep(0.3)  # a process that was just killed is noticed within a tenth of a second
        self.supervisor.wait_healthy(120)

    def person(self, resident: Resident) -> str:
        """The pseudonym of a resident."""
        return keys.pseudonym(self.secret, resident.channel, resident.token)

    def answers_of(self, resident: Resident) -> list[tuple[Any, ...]]:
        """(question, instance, state, text, revision) of everything that counts for this person."""
        columns = answers.c.question, answers.c.instance, answers.c.state, answers.c.text, answers.c.revision
        with self.database.read() as connection:
            found = connection.execute(
                sa.select(*columns)
                .join(participations, participations.c.id == answers.c.participation)
                .where(participations.c.person == self.person(resident))
                .order_by(answers.c.id)
            )
            return [tuple(row) for row in found]

    def needs_of(self, resident: Resident) -> list[tuple[Any, ...]]:
        """(instance, state, text, revision) of every need of this person."""
        return [row[1:] for row in self.answers_of(resident) if row[0] == "need"]

    def replies_to(self, person: str) -> list[str]:
        """Every text in the log of this person, given by pseudonym, in order."""
        mine = sa.select(outbox.c.text).where(outbox.c.person == person).order_by(outbox.c.number)
        with self.database.read() as connection:
            return [keys.reveal(self.secret, text) for text in connection.execute(mine).scalars()]

    def count(self, table: sa.Table, *where: Any) -> int:
        """How many rows."""
        with self.database.read() as connection:
            return int(connection.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one())


def without_personal_data(text: str) -> str:
    """The text as it may be kept."""
    return redact(clean(text), redaction.cues(), redaction.marks()).text


def free_ports(count: int) -> list[int]:
    """Ports on which nobody listens now, below those that the system gives to calls; no two workers get the same."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    found: list[int] = []
    while len(found) < count:
        port = 10_000 + 2_000 * (worker % 10) + next(_ports) % 2_000
        with socket.socket() as one, suppress(OSError):
            one.bind(("127.0.0.1", port))
            found.append(port)
    return found


_ports = itertools.count(os.getpid() * 7)
