"""Keeps processes running: starts them, tells their health, names and restarts what crashed, stops all."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # our own processes, so by no proxy
LEASH = Path(__file__).with_name("leash.py")
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
STEADY_AFTER = 30.0  # healthy for so long: the next crash is a new story, not the old one
TERMINATE_WITHIN = 6.0  # then it is killed; all have to be gone within ten seconds
HOPELESS = 3  # starts in a row that never became healthy


class CannotStart(Exception):
    """One clear sentence for the person at the console."""


@dataclass(frozen=True)
class Service:
    """A process to keep running. It is healthy when `health` (an address) answers 200 to `headers`."""

    name: str
    command: tuple[str, ...]
    cwd: Path
    port: int
    port_setting: str
    health: str
    headers: Mapping[str, str] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    host: str = "127.0.0.1"


def tell(line: str) -> None:
    """Writes to the console. A closed console must not take the processes down with it."""
    with contextlib.suppress(OSError):
        print(line, flush=True)


class Supervisor:
    """Runs services once, until told to stop; logs in `data`/logs, process ids in `data`/pids."""

    def __init__(self, services: Iterable[Service], data: Path, say: Callable[[str], None] = tell) -> None:
        self._keepers = {service.name: Keeper(service, data, say) for service in services}

    def start(self) -> None:
        """Starts every service and returns at once. Raises CannotStart when a port is taken."""
        check_ports([keeper.service for keeper in self._keepers.values()])
        for keeper in self._keepers.values():
            keeper.start()
        for keeper in self._keepers.values():
            keeper.launched.wait(10)

    def wait_healthy(self, timeout: float = 120.0) -> None:
        """Returns when all are healthy. Raises CannotStart, with the end of its log, for one that isn't."""
        deadline = time.monotonic() + timeout
        while waiting := [keeper for keeper in self._keepers.values() if not keeper.healthy]:
            for keeper in waiting:
                if keeper.hopeless or time.monotonic() > deadline:
                    raise CannotStart(f"{keeper.service.name} does not become healthy. {keeper.last_words()}")
            time.sleep(0.1)

    def stop(self) -> None:
        """Ends every process: asks, then kills. Within ten seconds it returns and nothing of them is left."""
        for keeper in self._keepers.values():
            keeper.stopping.set()
        for keeper in self._keepers.values():
            if keeper.is_alive():
                keeper.join()

    def pid_of(self, name: str) -> int:
        """The id of the process, which is its group's id as well. Another one after each restart."""
        return self._keepers[name].process.pid


class Keeper(threading.Thread):
    """Keeps one process running. Its thread outlives the process, since the leash is held by the thread."""

    process: subprocess.Popen[bytes]

    def __init__(self, service: Service, data: Path, say: Callable[[str], None]) -> None:
        super().__init__(name=f"keeper of {service.name}", daemon=True)
        self.service = service
        self.log = data / "logs" / f"{service.name}.log"
        self.pid_file = data / "pids" / f"{service.name}.pid"
        self.launched, self.stopping = threading.Event(), threading.Event()
        self._say = say
        self._started_at = 0.0
        self._healthy_at: float | None = None
        self._failures = 0

    @property
    def healthy(self) -> bool:
        """It answered, and is still there."""
        return self._healthy_at is not None and self.process.poll() is None

    @property
    def hopeless(self) -> bool:
        """It ended again and again before it was ever healthy."""
        return self._failures >= HOPELESS

    @property
    def ended(self) -> str:
        """How the process ended, in words."""
        code = self.process.poll()
        if code is None:
            return "still running"
        return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"

    def run(self) -> None:
        """Start, watch, say how it ended, pause, and again; until told to stop."""
        pause = FIRST_PAUSE
        self._fresh_log()
        while True:
            self._launch()
            self._watch()
            if self.stopping.is_set():
                break
            pause = FIRST_PAUSE if self._was_steady() else pause
            self._failures = 0 if self._healthy_at is not None else self._failures + 1
            self._report(f"crashed ({self.ended}), starts again in {pause:g} s")
            self._kill_group()
            if self.stopping.wait(pause):
                break
            pause = min(2 * pause, LONGEST_PAUSE)
        self._end()

    def last_words(self) -> str:
        """The end of its log, to be shown after a sentence."""
        return last_lines(self.log)

    def _fresh_log(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.pid_file.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))

    def _launch(self) -> None:
        self._healthy_at, self._started_at = None, time.monotonic()
        leash = (sys.executable, "-I", "-S", str(LEASH), str(os.getpid()))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*leash, *self.service.command],
                cwd=self.service.cwd,
                env=dict(self.service.environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        with contextlib.suppress(OSError):  # a full disk must not end the watch
            self._write_pid()
        self._report(f"started (process {self.process.pid})")
        self.launched.set()

    def _write_pid(self) -> None:
        """Whole or not at all: a reader never sees half a number."""
        fresh = self.pid_file.with_suffix(".new")
        fresh.write_text(f"{self.process.pid}\n")
        fresh.replace(self.pid_file)

    def _watch(self) -> None:
        """Returns when the process has ended, or shall."""
        while not self.stopping.wait(0.2):
            if self.process.poll() is not None:
                return
            if self._healthy_at is None and self._answers():
                self._healthy_at = time.monotonic()
                self._report(f"healthy after {self._healthy_at - self._started_at:.1f} s")

    def _answers(self) -> bool:
        request = urllib.request.Request(self.service.health, headers=dict(self.service.headers))
        try:
            with DIRECTLY.open(request, timeout=2.0) as reply:
                return bool(reply.status == 200)
        except (OSError, http.client.HTTPException):
            return False

    def _was_steady(self) -> bool:
        return self._healthy_at is not None and time.monotonic() - self._healthy_at > STEADY_AFTER

    def _end(self) -> None:
        if self.process.poll() is None:
            self._signal_group(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(TERMINATE_WITHIN)
        self._kill_group()
        self.pid_file.unlink(missing_ok=True)
        self._report("stopped")

    def _kill_group(self) -> None:
        """Children of the process go with it: one of them could hold the port."""
        self._signal_group(signal.SIGKILL)
        self.process.wait()

    def _signal_group(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def _report(self, what: str) -> None:
        self._say(f"{self.service.name:<8} {what}")


def check_ports(services: Iterable[Service]) -> None:
    """Raises CannotStart for the first port that is taken, be it by a stranger or by two of ours."""
    with contextlib.ExitStack() as held:
        for service in services:
            sock = held.enter_context(socket.socket())
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind((service.host, service.port))
                sock.listen()
            except OSError as why:
                raise CannotStart(
                    f"Port {service.port} for {service.name} cannot be used ({why.strerror}): "
                    f"end what holds it, or choose another with {service.port_setting}=…"
                ) from None


def last_lines(log: Path, count: int = 15) -> str:
    """The last lines of a log, indented, under its name."""
    lines = log.read_text(errors="replace").splitlines()[-count:] if log.exists() else []
    return "\n".join([f"The end of {log}:", *(f"    {line}" for line in lines)])
