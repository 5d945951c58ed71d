"""Tells the open streams of this process that a conversation has something new. Only a hint: the log is the truth."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

TO_END = 2.5
"""Seconds that work under way has to come to its end when the process is told to stop."""


async def ended(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Waits for these tasks, as long as a stop allows."""
    if under_way := list(tasks):
        await asyncio.wait(under_way, timeout=TO_END)


class Signals:
    """One event a listener, by person."""

    def __init__(self) -> None:
        self.news = asyncio.Event()
        """Set whenever there is something new in any conversation."""
        self._listeners: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    def tell(self, person: str) -> None:
        """Wakes everybody who listens to this conversation, or to all."""
        self.news.set()
        for event in self._listeners.get(person, ()):
            event.set()

    def listened(self) -> list[str]:
        """Whose conversations are being listened to."""
        return list(self._listeners)

    @contextmanager
    def listen(self, person: str) -> Iterator[asyncio.Event]:
        """An event that is set when something new is there."""
        event = asyncio.Event()
        self._listeners[person].add(event)
        try:
            yield event
        finally:
            self._listeners[person].discard(event)
            if not self._listeners[person]:
                del self._listeners[person]
