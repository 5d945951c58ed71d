"""A real Redis server for the tests: made anew, on a free port of this machine, gone afterwards."""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.exceptions import ConnectionError

SETTINGS = ("--bind", "127.0.0.1", "--save", "", "--appendonly", "no")


class Server:
    """A Redis that can be stopped and started again. It keeps nothing on the disk."""

    def __init__(self, program: Path, folder: Path, port: int) -> None:
        self._command = [str(program), "--port", str(port), "--dir", str(folder), *SETTINGS]
        self._log = folder / "log"
        self.url = f"redis://127.0.0.1:{port}/0"
        self.client = Redis.from_url(self.url)

    def start(self) -> None:
        """Starts it and waits until it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while not self._answers():
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.02)

    def stop(self) -> None:
        """Kills it, as a crash would."""
        self._process.kill()
        self._process.wait(30)

    def names(self) -> list[str]:
        """The names of all that it holds."""
        return [name.decode() for name in self.client.scan_iter()]

    def signal(self, number: int) -> None:
        """Sends its process a signal."""
        self._process.send_signal(number)

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except ConnectionError:
            return False


@contextmanager
def running(program: Path, port: int) -> Iterator[Server]:
    """A server that lives as long as the block."""
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        server = Server(program, Path(folder), port)
        server.start()
        try:
            yield server
        finally:
            server.stop()
