"""Tells the open streams of this process that a conversation has something new. The log is the truth."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from store.outbox import Delivery

TO_END = 2.5
"""Seconds that work under way has to come to its end when the process is told to stop."""


async def ended(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Waits for these tasks, as long as a stop allows."""
    if under_way := list(tasks):
        await asyncio.wait(under_way, timeout=TO_END)


class Listener:
    """Hears of one conversation: that something is new and, from this process, at once what it is."""

    def __init__(self) -> None:
        self.event = asyncio.Event()
        self._posted: list[Delivery] | None = None
        """None while only the log can tell."""

    def hear(self, posted: list[Delivery] | None) -> None:
        """Something is new; None: look into the log."""
        self._posted = None if self.event.is_set() else posted
        self.event.set()

    def take(self, after: int) -> list[Delivery] | None:
        """What is new after this number of the log; None if only the log can tell."""
        posted, self._posted = self._posted, None
        return posted if posted and posted[0].number == after + 1 else None


class Signals:
    """The listeners, by person."""

    def __init__(self) -> None:
        self.news = asyncio.Event()
        """Set whenever there is something new in any conversation."""
        self._listeners: defaultdict[str, set[Listener]] = defaultdict(set)
        self._newest: dict[str, int] = {}
        """The number up to which the listeners of a conversation have heard of it."""

    def tell(self, person: str, posted: list[Delivery] | None = None) -> None:
        """Wakes everybody who listens to this conversation, or to all; with what is new, where that is known."""
        self.news.set()
        if posted and person in self._listeners:
            self._newest[person] = posted[-1].number
        for listener in self._listeners.get(person, ()):
            listener.hear(posted)

    def note(self, person: str, number: int) -> None:
        """The log reaches to this number: tells those who have not heard of it."""
        if person in self._listeners and self._newest.get(person) != number:
            self._newest[person] = number
            self.tell(person)

    def listened(self) -> list[str]:
        """Whose conversations are being listened to."""
        return list(self._listeners)

    @contextmanager
    def listen(self, person: str) -> Iterator[Listener]:
        """Who hears of what is new, as long as the block lasts."""
        listener = Listener()
        self._listeners[person].add(listener)
        try:
            yield listener
        finally:
            self._listeners[person].discard(listener)
            if not self._listeners[person]:
                del self._listeners[person]
                self._newest.pop(person, None)
