"""What an open page hears: every message of its log once, in order, whoever wrote it."""

from hypothesis import given
from hypothesis import strategies as st

from bot.signals import Listener, Signals
from store.outbox import Delivery


def delivery(number: int) -> Delivery:
    """A message of the log."""
    return Delivery(number, "key", "Text", "de", [], None, None, None)


class Page:
    """A page that reads as bot/web.py does: what it hears, or else the log."""

    def __init__(self, log: list[Delivery]) -> None:
        self.listener, self._log = Listener(), log
        self.seen: list[int] = []
        self.looks = 0

    def look(self) -> None:
        """One step of its stream, if there is a reason for it."""
        if self.seen and not self.listener.event.is_set():
            return
        self.listener.event.clear()
        after = self.seen[-1] if self.seen else 0
        found = self.listener.take(after)
        if not found:
            self.looks += 1
            found = [one for one in self._log if one.number > after]
        self.seen += [one.number for one in found]


@given(st.lists(st.sampled_from(("ours", "two of ours", "another's", "told of it", "look"))))
def test_nothing_is_missed_and_nothing_comes_twice(steps: list[str]) -> None:
    """A12: however writes of this process, of others, and looks follow each other, the page has each number once."""
    log = [delivery(1)]
    page = Page(log)
    page.look()
    for step in steps:
        if step == "look":
            page.look()
        elif step == "told of it":
            page.listener.hear(None)
        else:
            new = [delivery(len(log) + 1 + offset) for offset in range(2 if step == "two of ours" else 1)]
            log += new
            if step != "another's":
                page.listener.hear(new)
    page.listener.hear(None)
    page.look()
    assert page.seen == [one.number for one in log]


def test_a_reply_of_this_process_needs_no_look_into_the_log() -> None:
    """Whoever listens while a reply is written gets it as it is; nobody else hears it."""
    signals = Signals()
    with signals.listen("one") as listener, signals.listen("other") as other:
        signals.tell("one", [delivery(1)])
        assert listener.event.is_set()
        assert listener.take(0) == [delivery(1)]
        assert listener.take(1) is None
        assert not other.event.is_set()
        assert other.take(0) is None
    assert signals.listened() == []
