"""What an open page hears: every message of its log once, in order, whoever wrote it."""

import asyncio
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.signals import Signals
from bot.web import Web
from store.outbox import Delivery

PERSON = "one"


def delivery(number: int) -> Delivery:
    """A message of the log."""
    return Delivery(number, "key", "Text", "de", [], None, None, None)


class Page:
    """A page that is open, on a log without a database."""

    def __init__(self) -> None:
        self.signals, self.log, self.looks = Signals(), [delivery(1)], 0
        self.seen: list[int] = []
        self._web: Any = Web(SimpleNamespace(config=SimpleNamespace(secret=b"s" * 32)), None, self.signals)
        self._web._after = self._after

    async def _after(self, _person: str, number: int) -> list[Delivery]:
        self.looks += 1
        found = [one for one in self.log if one.number > number]
        await asyncio.sleep(0)  # meanwhile more may come
        return found

    async def read(self) -> None:
        """Reads the stream until cancelled."""
        async for chunk in self._web._stream(PERSON, 0):
            if chunk.startswith("id: "):
                self.seen.append(int(chunk.split()[1]))

    def write(self, many: int) -> list[Delivery]:
        """So many messages more stand in the log."""
        new = [delivery(len(self.log) + 1 + offset) for offset in range(many)]
        self.log += new
        return new


STEPS = {
    "ours": lambda page: page.signals.tell(PERSON, page.write(1)),
    "two of ours": lambda page: page.signals.tell(PERSON, page.write(2)),
    "another's": lambda page: page.write(1),
    "looked up": lambda page: page.signals.note(PERSON, len(page.log)),
    "told of": lambda page: page.signals.tell(PERSON),
}


async def follow(steps: list[str]) -> Page:
    """A page that is open while this happens; between the steps it gets on by as much as one «on» lets it."""
    page = Page()
    reading = asyncio.create_task(page.read())
    for step in steps:
        if step == "on":
            await asyncio.sleep(0)
        else:
            STEPS[step](page)
    page.signals.note(PERSON, len(page.log))
    for _ in range(20):
        await asyncio.sleep(0)
    reading.cancel()
    return page


@given(st.lists(st.sampled_from((*STEPS, "on", "on"))))
def test_nothing_is_missed_and_nothing_comes_twice(steps: list[str]) -> None:
    """A12: however writes of this process, of others, and looks follow each other, the page has each number once."""
    page = asyncio.run(follow(steps))
    assert page.seen == [one.number for one in page.log]


def test_a_reply_of_this_process_needs_no_look_into_the_log() -> None:
    """An open page gets what is written here as it is written, and the later look for others' tells it nothing new."""
    wait = ["on"] * 10
    page = asyncio.run(follow([*wait, "ours", *wait, "looked up", *wait, "two of ours", *wait]))
    assert page.seen == [1, 2, 3, 4]
    assert page.looks == 1
