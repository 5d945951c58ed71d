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

from store.database import WAIT_FOR_LOCK
from tests.faults.site import PROCESSES, SECRET, Site
from tests.telegram import Fault as TelegramFault
from tests.test_crash import STEPS
from tests.waiting import happens

FROZEN = 8.0
"""Seconds without a sign of life: longer than a lease."""
LONG = 35.0
"""Longer than a chat on Telegram stays one process's own."""
AWAY = 5.0

Strike = Callable[[Site], int]
"""How often it really struck; 0 is no round with this fault."""


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong, and is over when `strike` returns."""

    name: str
    strike: Strike
    database: str | None = None
    """The kind of database that it needs; None: any."""
    webhook: bool | None = None
    """Whether Telegram has to bring its updates; None: either way."""
    clock: bool = False
    """Whether it needs a site whose clock can be put."""
    kills: bool = False
    """Whether processes end by it; otherwise all have to live on."""
    extra: int = 0
    """How often at most somebody on Telegram is told something twice by it, lost acknowledgements aside."""


def kill(*names: str) -> Strike:
    """kill -9 of these at once; the supervisor starts them again."""

    def strike(site: Site) -> int:
        site.stack.kill(*(site.some(name) for name in names))
        return 1

    return strike


def freeze(*names: str, seconds: float = FROZEN) -> Strike:
    """The processes do nothing for a while, and go on as if nothing had been."""

    def strike(site: Site) -> int:
        groups = [site.stack.supervisor.pid_of(site.some(name)) for name in names]
        try:
            for group in groups:
                os.killpg(group, signal.SIGSTOP)
            time.sleep(seconds)
        finally:
            for group in groups:
                os.killpg(group, signal.SIGCONT)
        return 1

    return strike


def at_step(step: str, victim: str) -> Strike:
    """The victim is killed when the next message comes to this step."""

    def strike(site: Site) -> int:
        site.stack.arm(step, victim)
        fired = happens(lambda: site.stack.fired(step), 15)
        (site.stack.faults / step).unlink(missing_ok=True)
        site.stack.settle()
        return int(fired)

    return strike


def again(strike: Strike, times: int) -> Strike:
    """The same, again and again."""
    return lambda site: sum(strike(site) for _ in range(times))


def in_turn(site: Site) -> int:
    """Every process is told to stop, one after the other, as when a new version is brought in."""
    for name in site.processes:
        pid = site.stack.supervisor.pid_of(name)
        os.kill(pid, signal.SIGTERM)
        assert happens(lambda name=name, pid=pid: site.stack.supervisor.pid_of(name) != pid, 10), f"{name} stays"  # type: ignore[misc]
        site.stack.settle()
    return 1


def jump(seconds: int) -> Strike:
    """The clock of all processes is put so far ahead or back, and right again after a while."""

    def strike(site: Site) -> int:
        site.clock.write_text(f"{seconds:+}")
        time.sleep(AWAY)
        site.clock.write_text("+0")
        return 1

    return strike


def telegram(method: str, times: int, **how: int | bool) -> Strike:
    """Telegram fails this method so many times, whatever the chat."""

    def strike(site: Site) -> int:
        fault = TelegramFault(method, None, times, **how)  # type: ignore[arg-type]
        site.telegram.faults.append(fault)
        happens(lambda: not fault.times, AWAY)
        site.telegram.faults.remove(fault)
        return times - fault.times

    return strike


def old_updates(site: Site) -> int:
    """Telegram brings what it has brought before, in another order."""
    brought = site.telegram.brought[-200:]
    chosen = site.dice.sample(brought, min(25, len(brought)))
    for kind, content in chosen:
        site.telegram.bring(kind, content)
    return len(chosen)


def forged(site: Site) -> int:
    """Somebody who isn't Telegram brings messages in the name of those who write."""
    refused = 0
    for number, chat in enumerate(filter(None, site.people.values())):
        origin = {"chat": {"id": chat, "type": "private"}, "from": {"id": chat, "is_bot": False, "first_name": "x"}}
        message = {"message_id": 10**6 + number, "date": 1, **origin, "text": "never said by anybody"}
        headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET[:-1]}
        update = {"update_id": 1, "message": message}
        answer = httpx.post(f"{site.url}/telegram", json=update, headers=headers, trust_env=False)
        refused += answer.status_code == 403
    return refused


def line(site: Site) -> int:
    """Of the requests and answers of browsers many are lost."""
    before, site.line.breaking = site.line.cut, True
    try:
        time.sleep(AWAY)
    finally:
        site.line.breaking = False
    return site.line.cut - before


def locked(site: Site) -> int:
    """Somebody else holds the SQLite file, longer than our writers wait for it."""
    with site.stack.database.write():
        time.sleep(WAIT_FOR_LOCK + 3)
    return 1


def full_disk(site: Site) -> int:
    """Our processes can write no file: the operating system refuses it, as on a full disk."""
    refused = 0
    with _unable_to_write(site):
        for _ in range(5):
            time.sleep(AWAY / 5)
            # Somebody who begins now: nothing of it can be kept, so nothing may be promised.
            answer = httpx.post(f"{site.url}/api/session", json={"languages": ["de"]}, trust_env=False, timeout=30)
            refused += answer.status_code == 503
    return refused


@contextlib.contextmanager
def _unable_to_write(site: Site) -> Iterator[None]:
    pids = [site.stack.supervisor.pid_of(name) for name in site.processes]
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    try:
        for pid in pids:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)


def stopped(mode: str, seconds: float = AWAY) -> Strike:
    """PostgreSQL is stopped for a while; «immediate» as a crash, in the middle of commits."""

    def strike(site: Site) -> int:
        assert site.postgres is not None
        site.postgres.stop(mode)
        time.sleep(seconds)
        site.postgres.start()
        time.sleep(0.5)
        return 1

    return strike


def killed(site: Site) -> int:
    """kill -9 of PostgreSQL's first process."""
    assert site.postgres is not None
    site.postgres.kill()
    site.postgres.start()
    time.sleep(0.5)
    return 1


def read_only(site: Site) -> int:
    """PostgreSQL takes no writes, as while another server takes over."""
    try:
        _set_read_only(site, "on")
        time.sleep(AWAY)
    finally:
        _set_read_only(site, "off")
    return 1


def _set_read_only(site: Site, value: str) -> None:
    url = sa.make_url(site.stack.settings.environ["DATABASE_URL"])
    with psycopg.connect(f"postgresql://{url.username}@{url.host}:{url.port}/postgres", autocommit=True) as connection:
        # The name is our own: test_<number>.
        setting = f"ALTER DATABASE {url.database} SET default_transaction_read_only = {value}"
        connection.execute(setting)  # type: ignore[arg-type]
        ours = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        connection.execute(ours, (url.database,))


GROUPS = [names for size in (1, 2, 3) for names in combinations(PROCESSES, size)]
CRASH, GIVE_WAY = stopped("immediate", 0.2), stopped("fast")
FAULTS = (
    Fault("nothing", lambda site: 1),
    *(Fault(f"kill {' and '.join(names)}", kill(*names), kills=True, extra=1) for names in GROUPS),
    *(Fault(f"freeze {' and '.join(names)}", freeze(*names), extra=1) for names in GROUPS),
    Fault("freeze bot for long", freeze("bot", seconds=LONG), extra=1),
    *(
        Fault(f"kill {victim} at {step}", at_step(step, victim), kills=True, extra=1)
        for step in STEPS
        for victim in PROCESSES
    ),
    Fault("restart all in turn", in_turn, kills=True),
    Fault("the clock is an hour ahead", jump(3600), clock=True),
    Fault("the clock is an hour behind", jump(-3600), clock=True),
    Fault("Telegram fails", telegram("sendMessage", 30)),
    Fault("Telegram loses answers", telegram("sendMessage", 6, after=True)),
    Fault("Telegram asks to wait", telegram("sendMessage", 10, status=429, retry_after=2)),
    Fault("Telegram brings nothing", telegram("getUpdates", 20), webhook=False),
    Fault("Telegram brings old updates", old_updates),
    Fault("updates are forged", forged, webhook=True),
    Fault("the line breaks", line),
    # What is there and can't be marked as brought, since nothing can be written, is brought again.
    Fault("the file is locked", locked, "sqlite", extra=1),
    Fault("the disk is full", full_disk, "sqlite", extra=1),
    Fault("PostgreSQL is stopped", GIVE_WAY, "postgresql", extra=1),
    Fault("PostgreSQL crashes five times", again(CRASH, 5), "postgresql", extra=5),
    Fault("PostgreSQL crashes twenty times", again(CRASH, 20), "postgresql", extra=20),
    Fault("PostgreSQL is killed", again(killed, 3), "postgresql", extra=3),
    Fault("PostgreSQL is read-only", read_only, "postgresql", extra=1),
)


def named(name: str) -> Fault:
    """The fault of this name. Raises KeyError."""
    return {fault.name: fault for fault in FAULTS}[name]
