"""Residents by script: each holds an interview, notes what it did, and goes on as long as it takes."""

import random
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx

from tests.faults.checker import DELETE
from tests.faults.history import History, Operation, Result
from tests.stack import Stack
from tests.telegram import Chatter, Server
from tests.tester import Resident, plain

SYLLABLES = ("ba", "do", "fe", "gu", "ki", "lo", "mi", "na", "po", "ru", "sa", "tu", "we")
MORE = ("Möchten Sie noch etwas", "Gibt es noch etwas")
DISTRICTS = {"Betzenberg": "betzenberg", "Erfenbach": "erfenbach", "Siegelbach": "siegelbach"}


class Stuck(Exception):
    """Nothing came, for longer than any fault lasts."""


class Person(ABC):
    """Somebody at a device; the scripts below know no more of it than this."""

    def __init__(self, name: str, stack: Stack, history: History, dice: random.Random, patience: float) -> None:
        self.name, self.stack, self.history, self.dice, self.patience = name, stack, history, dice, patience

    @property
    @abstractmethod
    def pseudonym(self) -> str:
        """As the database knows them."""

    @abstractmethod
    def begins(self) -> None:
        """Opens the chat."""

    @abstractmethod
    def sends(self, text: str) -> Result:
        """Sends a text, again and again until it is received."""

    @abstractmethod
    def presses(self, label: str) -> Result:
        """Presses the newest button of this label."""

    @abstractmethod
    def messages(self) -> list[str]:
        """All that the device shows."""

    def does(self, how: Callable[[], Result], question: str, instance: int, value: str, then: str) -> None:
        """An operation, and the wait for the message that has `then` in it. Raises Stuck."""
        before = len(self.messages())
        operation = self.notes(how, question, instance, value)
        self.waits(before, then)
        operation.replied = time.monotonic()

    def notes(self, how: Callable[[], Result], question: str, instance: int, value: str) -> Operation:
        """An operation without waiting for what follows."""
        with self.history.invokes(self.pseudonym, question, instance, value) as operation:
            operation.result = how()
        return operation

    def waits(self, before: int, then: str) -> None:
        """Until one of the messages after `before` has this in it. Raises Stuck."""
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            if any(then in text for text in self.messages()[before:]):
                return
            time.sleep(0.05)
        raise Stuck(f"{self.name} waits for «{then}» and reads {self.messages()[before:]}")

    def word(self) -> str:
        """A text that nobody else says."""
        return f"Mehr Bänke im Viertel {''.join(self.dice.choices(SYLLABLES, k=6))}"


class Visitor(Person):
    """On the web, over a line that may break. Whoever does things `twice` does so at once, from two threads."""

    def __init__(self, *given: Any, url: str, line: httpx.BaseTransport, twice: bool) -> None:
        super().__init__(*given)
        self._times = 2 if twice else 1
        self._resident = Resident(url)
        self._resident.http = httpx.Client(base_url=url, timeout=30, transport=line, trust_env=False)

    @property
    def pseudonym(self) -> str:
        return self.stack.person(self._resident)

    def begins(self) -> None:
        self._resident.begins()

    def sends(self, text: str) -> Result:
        return self._posts({"text": text})

    def presses(self, label: str) -> Result:
        return self._posts({"button": self._resident.button(label)})

    def messages(self) -> list[str]:
        self._resident.catches_up()
        return self._resident.transcript()

    def _posts(self, body: dict[str, Any]) -> Result:
        """«Stored» once is stored; what the server could not tell is unknown; a refusal is one."""
        key = uuid.uuid4().hex
        with ThreadPoolExecutor(self._times) as pool:
            codes = {answer.status_code for answer in pool.map(self._resident.posts, [body] * self._times, [key] * 2)}
        if 200 in codes:
            return Result.OK
        return Result.UNKNOWN if any(code >= 500 for code in codes) else Result.FAILED


class Writer(Person):
    """On Telegram, which keeps what the bot has not acknowledged; `twice`: it brings each update a second time."""

    def __init__(self, *given: Any, server: Server, twice: bool) -> None:
        super().__init__(*given)
        self._twice, self._server = twice, server
        self.chatter = Chatter(self.stack, server, "de")

    @property
    def pseudonym(self) -> str:
        return self.stack.person(self.chatter)

    def begins(self) -> None:
        self.chatter.writes("/start")
        self.waits(0, "In welcher Sprache")

    def sends(self, text: str) -> Result:
        return self._brings("message", self.chatter.writes(text))

    def presses(self, label: str) -> Result:
        self.chatter.catches_up()
        return self._brings("callback_query", self.chatter.press(self.chatter.button(label)))

    def messages(self) -> list[str]:
        self.chatter.catches_up()
        return [plain(message["text"]) for message in self.chatter.seen]

    def _brings(self, kind: str, content: dict[str, Any]) -> Result:
        if self._twice:
            self._server.bring(kind, content)
        return Result.OK


def agrees(person: Person) -> None:
    """To the first question of the round proper."""
    person.begins()
    for label, then in (
        ("Deutsch", "Sind Sie 16"),
        ("Ja, ich bin 16", "Machen Sie mit?"),
        ("Ja, ich mache mit", "In welchem Stadtteil"),
    ):
        before = len(person.messages())
        person.presses(label)
        person.waits(before, then)


def begins(person: Person, *districts: str) -> None:
    """To the theme, by way of these districts."""
    agrees(person)
    for name in districts:
        person.does(partial(person.presses, name), "district", 0, DISTRICTS[name], "Um welches Thema")


def steady(person: Person) -> None:
    """Answers question after question, twice round, corrects the district, and goes on to the end."""
    begins(person, *person.dice.sample(sorted(DISTRICTS), 2))
    for instance in (0, 1):
        need, idea = person.word(), person.word()
        person.does(partial(person.presses, "Wohnen"), "theme", instance, "housing", "Was brauchen Sie")
        person.does(partial(person.sends, need), "need", instance, need, "wichtig ist das")
        person.does(partial(person.sends, "4"), "importance", instance, "4", "eine Idee")
        person.does(partial(person.sends, idea), "idea", instance, idea, MORE[instance])
        if instance == 0:
            person.does(partial(person.presses, "Ja"), "more", 0, "yes", "Um welches Thema geht es jetzt")
    person.does(partial(person.presses, "Nein"), "more", 1, "no", "kurze Fragen")


def hasty(person: Person) -> None:
    """Tells one thought in many bubbles, and waits for nothing in between."""
    begins(person, "Betzenberg")
    person.does(partial(person.presses, "Wohnen"), "theme", 0, "housing", "Was brauchen Sie")
    before = len(person.messages())
    for _ in range(8):
        text = person.word()
        person.notes(partial(person.sends, text), "need", 0, text)
    person.waits(before, "wichtig ist das")
    person.does(partial(person.sends, "4"), "importance", 0, "4", "eine Idee")


def leaving(person: Person) -> None:
    """Tells something, and then wants all of it deleted."""
    begins(person, "Betzenberg")
    person.does(partial(person.presses, "Wohnen"), "theme", 0, "housing", "Was brauchen Sie")
    need = person.word()
    person.does(partial(person.sends, need), "need", 0, need, "wichtig ist das")
    before = len(person.messages())
    person.sends("Daten löschen")
    person.waits(before, "rückgängig machen")
    person.does(partial(person.presses, "Ja, alles löschen"), DELETE, 0, "", "gelöscht")


Script = Callable[[Person], None]
SCRIPTS: tuple[Script, ...] = (steady, hasty, leaving)
