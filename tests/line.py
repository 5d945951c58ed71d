"""A stack that is reached through Telegram, for tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.stack import Stack, free_ports
from tests.telegram import TOKEN, Chatter, Server
from tests.waiting import until

SECRET = "a-secret-that-must-not-be-seen"


@dataclass
class Line:
    """A stack that is reached through Telegram."""

    stack: Stack
    server: Server

    def chatter(self, *languages: str) -> Chatter:
        """Somebody who has just pressed «Start»."""
        return Chatter(self.stack, self.server, *languages).begins()

    def at_need(self) -> Chatter:
        """Somebody who is asked for the need, in German."""
        chatter = self.chatter("de")
        for label in ("Deutsch", "Ja, ich bin 16", "Ja, ich mache mit", "Betzenberg", "Wohnen"):
            chatter.presses(label)
        chatter.expects_reply("Was brauchen Sie")
        return chatter

    def brought(self) -> None:
        """Waits until Telegram has brought all that it had."""
        until(lambda: self.server.pending() == 0, meanwhile=self.server.deliver)


@contextmanager
def running(data: Path, webhook: bool, database: str = "") -> Iterator[Line]:
    """A stack behind an emulated Telegram, which fetches updates or is brought them; by itself on SQLite."""
    port, bot = free_ports(2)
    environ = {
        "WEBSITE": "https://example.org/chat",
        "TELEGRAM_TOKEN": TOKEN,
        "TELEGRAM_API": f"http://127.0.0.1:{port}",
        "BOT_PORT": str(bot),
        "DATABASE_URL": database,
    }
    if webhook:
        environ |= {"TELEGRAM_WEBHOOK": f"http://127.0.0.1:{bot}/telegram", "TELEGRAM_SECRET": SECRET}
    with Server(port).running() as server, Stack(data, **environ).running() as stack:
        yield Line(stack, server)
