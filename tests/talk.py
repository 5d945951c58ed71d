"""A conversation in one process, on a real database, without Rasa in between: each step of a turn by itself."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from actions import turn
from actions import wiring as action_wiring
from actions.calls import Call
from bot import delivery, receiving, taking
from bot import wiring as bot_wiring
from bot.receiving import Received
from bot.taking import Taken
from dialogue.reading import resume_code
from store import clock, config, database, keys, outbox, people, receipts, tables
from store.receipts import Receipt

OWNER = "test"
SECRET = "5" * 64


@dataclass
class City:
    """The wirings of both sides on one database."""

    folder: Path
    url: str
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        secret = self.folder / "secret"
        secret.write_text(SECRET)
        secret.chmod(0o600)
        given = {"DATA_DIR": str(self.folder), "DATABASE_URL": self.url, "GRACE_SECONDS": "0", **self.environ}
        settings = config.load(given)
        database.migrate(settings.database_url)
        self.actions = action_wiring.wire(settings)
        self.bot = bot_wiring.wire(settings)
        self.database = self.bot.database

    def close(self) -> None:
        """Gives the connections back."""
        self.actions.database.close()
        self.database.close()

    def talk(self, name: str = "one") -> "Talk":
        """A person who is new."""
        return Talk(self, keys.pseudonym(self.bot.config.secret, "web", name))


@dataclass
class Talk:
    """One person; `number` counts the messages, so each has a natural key of its own."""

    city: City
    person: str
    number: int = 0

    def __post_init__(self) -> None:
        with self.city.database.write() as connection:
            people.greet(connection, self.person, "web", "de", clock.now())

    def receive(self, text: str | None = None, natural: str | None = None, **given: Any) -> Received:
        """Puts a message into the inbox and gives what was received."""
        self.number += 1
        received = Received("web", self.person, natural or f"{self.person}:{self.number}", text, **given)
        receiving.receive(self.city.bot, received)
        return received

    def take(self) -> Taken:
        """Takes the oldest message."""
        taken = taking.take(self.city.bot, self.person, OWNER, 60)
        assert taken is not None
        return taken

    def perform(self, taken: Taken, act: str = "answer", meant: str | None = None) -> dict[str, Any]:
        """The action's transaction; `meant` is the act that an answer may have been meant as."""
        call = Call(act, taken.message.key, self.person, taken.fence, taken.message.text or "", meant, shell=False)
        return turn.perform(self.city.actions, call)

    def receipt(self, taken: Taken) -> Receipt | None:
        """The receipt of the message."""
        with self.city.database.read() as connection:
            return receipts.find(connection, taken.message.key)

    def deliver(self, taken: Taken) -> None:
        """From the receipt to the outbox."""
        assert delivery.deliver(self.city.bot, taken) is not None

    def says(self, text: str, act: str = "answer", meant: str | None = None) -> list[str]:
        """A whole turn; the texts of the reply."""
        return self._turn(lambda: self.receive(text), act, meant)

    def presses(self, label: str) -> list[str]:
        """Presses the newest button that begins with this label."""
        return self._turn(lambda: self.receive(button=self.button(label)), "answer")

    def says_at_once(self, *texts: str) -> list[str]:
        """Sends all before the first one is answered; the texts of all replies."""
        before = len(self.log())
        for text in texts:
            self.receive(text)
        for _ in texts:
            taken = self.take()
            self.perform(taken)
            self.deliver(taken)
        return [one.text for one in self.log()[before:]]

    def given(self) -> list[tuple[str, int, str, str | None]]:
        """(question, instance, state, text) of everything that counts for this person."""
        table = tables.answers
        query = sa.select(table.c.question, table.c.instance, table.c.state, table.c.text)
        mine = query.join(tables.participations).where(tables.participations.c.person == self.person)
        with self.city.database.read() as connection:
            return [tuple(row) for row in connection.execute(mine.order_by(table.c.id))]

    def code(self) -> str:
        """The code to go on with that the person has just been shown."""
        shown = keys.reveal(self.city.bot.config.secret, self.log()[-1].text)
        code = resume_code(next(line for line in shown.splitlines() if any(map(str.isdecimal, line))))
        assert code is not None
        return code

    def button(self, label: str) -> str:
        """The id of the newest button that begins with this label."""
        found = [
            keys.button(self.city.bot.config.secret, self.person, one.number, one.key, index)
            for one in self.log()
            for index, button in enumerate(one.buttons)
            if button["label"].startswith(label)
        ]
        return found[-1]

    def log(self) -> list[outbox.Delivery]:
        """Everything in the outbox."""
        with self.city.database.read() as connection:
            return outbox.after(connection, self.person, 0, 10_000)

    def at_district(self) -> "Talk":
        """Asked for the district, in German, as somebody who takes part."""
        self.says("hallo", "greet")
        for text in ("Deutsch", "ja", "ja"):
            self.says(text)
        return self

    def at_theme(self) -> "Talk":
        """Asked for the theme, district Betzenberg given."""
        self.at_district().says("Betzenberg")
        return self

    def at_need(self) -> "Talk":
        """Asked for the need, theme housing given."""
        self.at_theme().says("Wohnen")
        return self

    def _turn(self, receive: Callable[[], Received], act: str, meant: str | None = None) -> list[str]:
        before = len(self.log())
        receive()
        taken = self.take()
        self.perform(taken, act, meant)
        self.deliver(taken)
        log = self.log()
        return [one.text for one in (log[before:] if len(log) > before else log)]
