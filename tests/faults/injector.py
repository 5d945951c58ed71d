"""The faults: what can go wrong in the middle of a round, by name."""

import contextlib
import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

import httpx
import psycopg
import sqlalchemy as sa

from tests.faults.site import PROCESSES, Site
from tests.telegram import Fault as TelegramFault
from tests.test_crash import STEPS

FROZEN = 8.0
"""Seconds without a sign of life: longer than a lease."""
AWAY = 5.0


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong, and is over when `strike` returns."""

    name: str
    strike: Callable[[Site], None]
    database: str | None = None
    """The kind of database that it needs; None: any."""
    clock: bool = False
    """Whether it needs a site whose clock can be put."""
    extra: int = 1
    """How often at most somebody on Telegram is told something twice by it."""


def kill(*names: str) -> Callable[[Site], None]:
    """kill -9 of these at once; the supervisor starts them again."""

    def strike(site: Site) -> None:
        site.stack.kill(*names)

    return strike


def freeze(name: str) -> Callable[[Site], None]:
    """The process does nothing for a while, and goes on as if nothing had been."""

    def strike(site: Site) -> None:
        group = site.stack.supervisor.pid_of(name)
        os.killpg(group, signal.SIGSTOP)
        time.sleep(FROZEN)
        os.killpg(group, signal.SIGCONT)

    return strike


def jump(seconds: int) -> Callable[[Site], None]:
    """The clock of all processes is put so far ahead or back, and right again after a while."""

    def strike(site: Site) -> None:
        site.clock.write_text(f"{seconds:+}")
        time.sleep(AWAY)
        site.clock.write_text("+0")

    return strike


def in_turn(site: Site) -> None:
    """Every process is told to stop, one after the other, as when a new version is brought in."""
    for name in site.processes:
        pid = site.stack.supervisor.pid_of(name)
        os.kill(pid, signal.SIGTERM)
        while site.stack.supervisor.pid_of(name) == pid:
            time.sleep(0.05)
        site.stack.settle()


def at_step(step: str, victim: str) -> Callable[[Site], None]:
    """The victim is killed when the next message comes to this step."""

    def strike(site: Site) -> None:
        site.stack.arm(step, victim)
        deadline = time.monotonic() + 20
        while not site.stack.fired(step) and time.monotonic() < deadline:
            time.sleep(0.02)
        (site.stack.faults / step).unlink(missing_ok=True)
        site.stack.settle()

    return strike


def telegram(method: str, times: int, **how: int | bool) -> Callable[[Site], None]:
    """Telegram fails this method so many times, whatever the chat."""

    def strike(site: Site) -> None:
        fault = TelegramFault(method, None, times, **how)  # type: ignore[arg-type]
        site.telegram.faults.append(fault)
        deadline = time.monotonic() + AWAY
        while fault.times and time.monotonic() < deadline:
            time.sleep(0.05)
        site.telegram.faults.remove(fault)

    return strike


def forged(site: Site) -> None:
    """Somebody who isn't Telegram brings updates to the webhook."""
    message = {"message_id": 1, "date": 1, "chat": {"id": 5, "type": "private"}, "text": "never said by anybody"}
    for number in range(20):
        headers = {"X-Telegram-Bot-Api-Secret-Token": "wrong"}
        update = {"update_id": number, "message": message}
        with contextlib.suppress(httpx.HTTPError):
            httpx.post(f"{site.stack.url}/telegram", json=update, headers=headers, trust_env=False)


def line(site: Site) -> None:
    """Every third request of a browser, and every third answer, is lost."""
    site.breaking = True
    time.sleep(AWAY)
    site.breaking = False


def locked(site: Site) -> None:
    """Somebody else holds the SQLite file."""
    with site.stack.database.write():
        time.sleep(AWAY)


def full_disk(site: Site) -> None:
    """No file of our processes can grow: the operating system refuses it, as on a full disk."""
    size = max(file.stat().st_size for file in site.stack.data.glob("mitsprache.db*"))
    with _limited(site, size):
        time.sleep(AWAY)


@contextlib.contextmanager
def _limited(site: Site, size: int) -> Iterator[None]:
    pids = [site.stack.supervisor.pid_of(name) for name in site.processes]
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    try:
        for pid in pids:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)


def stopped(mode: str, times: int = 1) -> Callable[[Site], None]:
    """PostgreSQL is stopped for a while; «immediate» as a crash, in the middle of commits."""

    def strike(site: Site) -> None:
        assert site.postgres is not None
        for _ in range(times):
            site.postgres.stop(mode)
            time.sleep(AWAY if times == 1 else 0.2)
            site.postgres.start()
            time.sleep(0.5)

    return strike


def read_only(site: Site) -> None:
    """PostgreSQL takes no writes, as while another server takes over."""
    url = sa.make_url(site.stack.settings.environ["DATABASE_URL"])
    with psycopg.connect(f"postgresql://{url.username}@{url.host}:{url.port}/postgres", autocommit=True) as connection:
        for value in ("on", "off"):
            # The name is our own: test_<number>.
            setting = f"ALTER DATABASE {url.database} SET default_transaction_read_only = {value}"
            connection.execute(setting)  # type: ignore[arg-type]
            ours = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            connection.execute(ours, (url.database,))
            time.sleep(AWAY if value == "on" else 0)


TOGETHER = [names for size in (1, 2, 3) for names in combinations(PROCESSES, size)]
FAULTS = (
    Fault("nothing", lambda site: None, extra=0),
    *(
        Fault(f"kill {' and '.join(names)}", kill(*names))
        for size in (1, 2, 3)
        for names in combinations(PROCESSES, size)
    ),
    Fault("restart all in turn", in_turn),
    Fault("the clock is an hour ahead", jump(3600), clock=True),
    Fault("the clock is an hour behind", jump(-3600), clock=True),
    *(Fault(f"freeze {name}", freeze(name)) for name in PROCESSES),
    *(Fault(f"kill {victim} at {step}", at_step(step, victim)) for step in STEPS for victim in PROCESSES),
    Fault("Telegram fails", telegram("sendMessage", 30), extra=0),
    Fault("Telegram loses answers", telegram("sendMessage", 6, after=True), extra=6),
    Fault("Telegram asks to wait", telegram("sendMessage", 10, status=429, retry_after=2), extra=0),
    Fault("Telegram brings nothing", telegram("getUpdates", 20), extra=0),
    Fault("updates are forged", forged, extra=0),
    Fault("the line breaks", line, extra=0),
    Fault("the file is locked", locked, "sqlite"),
    Fault("the disk is full", full_disk, "sqlite"),
    Fault("PostgreSQL is stopped", stopped("fast"), "postgresql"),
    Fault("PostgreSQL crashes", stopped("immediate"), "postgresql"),
    Fault("PostgreSQL crashes five times", stopped("immediate", 5), "postgresql", extra=5),
    Fault("PostgreSQL is read-only", read_only, "postgresql"),
)


def named(name: str) -> Fault:
    """The fault of this name. Raises KeyError."""
    return {fault.name: fault for fault in FAULTS}[name]
