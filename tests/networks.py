"""Networks of this machine's kernel, as an engine would make them out of Compose's file: what reaches what, for real.

Each container has a network space of its own, with one line into each network that Compose gives it, and no other way.
The networks meet in a space that passes nothing on, so nothing leaves this machine, and nothing of it comes in.
"""

import ctypes
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from tests.packages import program

T = TypeVar("T")
LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
PATIENCE = 0.3
"""Seconds in which a neighbour takes a call: all of them are on this machine."""


class Networks:
    """The spaces of the containers, and one of somebody who is no part of it."""

    def __init__(self, file: dict[str, Any]) -> None:
        self._ip, self._mark = program("iproute2"), f"mitsprache-{os.getpid()}"
        self._internal = {name for name, network in file["networks"].items() if (network or {}).get("internal")}
        members = {name: service["networks"] for name, service in file["services"].items()}
        self.members = {network: [name for name in members if network in members[name]] for network in file["networks"]}
        self.spaces = [*members, "stranger"]
        self._hosts: dict[str, list[str]] = {name: ["127.0.0.1 localhost"] for name in self.spaces}

    def make(self) -> None:
        """Raises CalledProcessError, with ip's own words on stderr, where that is not allowed."""
        for name in ("hub", *self.spaces):
            self._run("netns", "add", self.space(name))
            self._in(name, "link", "set", "lo", "up")
        within(self.space("hub"), lambda: Path("/proc/sys/net/ipv4/ip_forward").write_text("0"))
        for number, network in enumerate(self.members):
            self._in("hub", "link", "add", network, "type", "bridge")
            self._in("hub", "link", "set", network, "up")
            if network not in self._internal:
                self._in("hub", "address", "add", f"{_address(number, 1)}/24", "dev", network)
            for place, name in enumerate(self.members[network], 10):
                self._join(name, network, number, place)

    def _join(self, name: str, network: str, number: int, place: int) -> None:
        line = ("link", "add", f"line{number}-{place}", "type", "veth", "peer", "name", network)
        self._in("hub", *line, "netns", self.space(name))
        self._in("hub", "link", "set", f"line{number}-{place}", "master", network, "up")
        self._in(name, "address", "add", f"{_address(number, place)}/24", "dev", network)
        self._in(name, "link", "set", network, "up")
        if network not in self._internal and not self.route(name):
            self._in(name, "route", "add", "default", "via", _address(number, 1))
        for other in self.members[network]:
            self._hosts[other].append(f"{_address(number, place)} {name}")

    def unmake(self) -> None:
        """What is left of them is gone."""
        for name in ("hub", *self.spaces):
            subprocess.run([self._ip, "netns", "delete", self.space(name)], capture_output=True)

    def space(self, name: str) -> str:
        """The space of a container, as the kernel knows it."""
        return f"{self._mark}-{name}"

    def hosts(self, name: str) -> str:
        """Whom a container knows by name."""
        return "\n".join(self._hosts[name]) + "\n"

    def addresses(self, name: str) -> list[str]:
        """Where a container is, on all of its networks."""
        known = {line for lines in self._hosts.values() for line in lines}
        return sorted(line.split()[0] for line in known if line.endswith(f" {name}"))

    def route(self, name: str) -> str:
        """By which a container would leave for any address elsewhere; nothing where there is none."""
        return self._in(name, "route", "show", "default")

    def reaches(self, name: str, other: str, port: int) -> bool:
        """Whether the one can call the other, at any of its addresses."""

        def called() -> bool:
            for address in self.addresses(other):
                with suppress(OSError), socket.create_connection((address, port), PATIENCE):
                    return True
            return False

        return within(self.space(name), called)

    def listen(self, name: str, port: int) -> socket.socket:
        """A socket at which a container would be called."""
        return within(self.space(name), lambda: socket.create_server(("0.0.0.0", port)))

    def call(self, name: str, other: str, port: int) -> socket.socket:
        """A call from one container to another."""
        (address, *_) = [line.split()[0] for line in self._hosts[name] if line.endswith(f" {other}")]
        return within(self.space(name), lambda: socket.create_connection((address, port), PATIENCE))

    def _in(self, name: str, *words: str) -> str:
        return self._run("-n", self.space(name), *words)

    def _run(self, *words: str) -> str:
        return subprocess.run([self._ip, *words], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def _address(number: int, place: int) -> str:
    return f"10.89.{number}.{place}"


def within(space: str, make: Callable[[], T]) -> T:
    """What is made in that space: a socket stays in the network in which it was made."""

    def there() -> T:
        with open(f"/run/netns/{space}") as door:
            if LIBC.setns(door.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), f"No way into {space}")
        return make()

    with ThreadPoolExecutor(1) as once:  # a thread that has gone there does not come back
        return once.submit(there).result()


@contextmanager
def passage(entry: socket.socket, call: Callable[[], socket.socket]) -> Iterator[None]:
    """Who comes to the entry is talking to whom `call` calls: a server of this machine stands in for a container."""

    def flow(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while part := source.recv(65536):
                target.sendall(part)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def take() -> None:
        with suppress(OSError):  # the entry was closed
            while True:
                here, _ = entry.accept()
                try:
                    there = call()
                except OSError:
                    here.close()
                    continue
                for pair in ((here, there), (there, here)):
                    threading.Thread(target=flow, args=pair, daemon=True).start()

    threading.Thread(target=take, daemon=True).start()
    try:
        yield
    finally:
        entry.shutdown(socket.SHUT_RDWR)
        entry.close()
