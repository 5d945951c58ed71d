"""Where a round takes place: a running Mitsprache on either database, an emulated Telegram, a line that can break."""

import contextlib
import platform
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.faults.replicas import Replicas
from tests.postgres import Postgres
from tests.stack import Stack, free_ports
from tests.telegram import TOKEN, Server

FAKETIME = Path(f"/usr/lib/{platform.machine()}-linux-gnu/faketime/libfaketime.so.1")
PROCESSES = ("bot", "rasa", "actions")
SECRET = "a-secret-that-must-not-be-seen"
GRACE = "600"
"""However long a fault lasts, what is told in several bubbles stays one thought: each of them has its place then."""


@dataclass
class Site:
    """All that faults can strike."""

    stack: Stack
    telegram: Server
    postgres: Postgres | None
    webhook: bool
    clock: Path
    """Holds how far the processes' clock is ahead."""
    dice: random.Random
    url: str
    """Where browsers reach the bot."""
    processes: tuple[str, ...] = PROCESSES
    line: "Line" = field(default_factory=lambda: Line())
    """Between browsers and city."""
    people: dict[str, int] = field(default_factory=dict)
    """Everybody who has ever talked here, by pseudonym, and their chat on Telegram, or 0."""

    def some(self, name: str) -> str:
        """One of the processes of this kind."""
        return self.dice.choice([one for one in self.processes if one.partition("-")[0] == name])


class Line(httpx.BaseTransport):
    """A line that may break, before a request has gone out or before its answer has come; it counts what it sees."""

    def __init__(self) -> None:
        self.breaking = False
        self.cut = 0
        self._line = httpx.HTTPTransport(limits=httpx.Limits(max_connections=100))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Raises ConnectError or ReadError where the line breaks."""
        if self._breaks():
            raise httpx.ConnectError("cut before the request")
        answer = self._line.handle_request(request)
        if self._breaks():
            answer.close()
            raise httpx.ReadError("cut before the answer")
        return answer

    def _breaks(self) -> bool:
        broken = self.breaking and random.random() < 0.3
        self.cut += broken
        return broken


@contextlib.contextmanager
def running(
    folder: Path,
    dice: random.Random,
    postgres: Postgres | None = None,
    webhook: bool = False,
    replicas: bool = False,
    clock: bool = False,
) -> Iterator[Site]:
    """A site that lives as long as the block; its clock can be put where that is asked for, since it costs time."""
    telegram, bot = free_ports(2)
    environ = {
        "TELEGRAM_TOKEN": TOKEN,
        "TELEGRAM_API": f"http://127.0.0.1:{telegram}",
        "WEBSITE": "https://example.org/chat",
        "BOT_PORT": str(bot),
        "GRACE_SECONDS": GRACE,
        "LOG_LEVEL": "INFO",
    }
    (folder / "clock").write_text("+0")
    if clock:
        environ |= {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(folder / "clock")}
        environ |= {"FAKETIME_CACHE_DURATION": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    if webhook:
        environ |= {"TELEGRAM_WEBHOOK": f"http://127.0.0.1:{bot}/telegram", "TELEGRAM_SECRET": SECRET}
    if postgres:
        environ["DATABASE_URL"] = postgres.database()
    made = Replicas(folder / "data", **environ) if replicas else Stack(folder / "data", **environ)
    with Server(telegram).running() as server, made.running() as stack:
        second = tuple(f"{name}-2" for name in PROCESSES) if replicas else ()
        yield Site(stack, server, postgres, webhook, folder / "clock", dice, stack.url, processes=PROCESSES + second)
