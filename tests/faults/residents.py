"""Residents by script: each holds an interview, notes what it did, and goes on as long as it takes."""

import random
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable
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
    def sends(self, text: str, key: str) -> bool:
        """Sends a text, again and again until it is received; whether it was."""

    @abstractmethod
    def presses(self, label: str, key: str) -> bool:
        """Presses the newest button of this label."""

    @abstractmethod
    def messages(self) -> list[str]:
        """All that the device shows."""

    def does(self, how: Callable[[str], bool], question: str, instance: int, value: str, then: str) -> None:
        """An operation, and the wait for the message that has `then` in it. Raises Stuck."""
        before = len(self.messages())
        self.notes(how, question, instance, value)
        self.waits(before, then)

    def notes(self, how: Callable[[str], bool], question: str, instance: int, value: str) -> Operation:
        """An operation without waiting for what follows."""
        key = uuid.uuid4().hex
        with self.history.invokes(self.pseudonym, key, question, instance, value) as operation:
            operation.result = Result.OK if how(key) else Result.FAILED
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
    """On the web. Sends some messages twice at once, and loses some answers on the line."""

    def __init__(self, *given: Any, url: str, cuts: Callable[[], bool], twice: bool) -> None:
        super().__init__(*given)
        self._twice = twice
        self._resident = Resident(url)
        line = Cutting(self.dice, cuts)
        self._resident.http = httpx.Client(base_url=url, timeout=30, transport=line, trust_env=False)

    @property
    def pseudonym(self) -> str:
        return self.stack.person(self._resident)

    def begins(self) -> None:
        self._resident.begins()

    def sends(self, text: str, key: str) -> bool:
        return self._posts({"text": text}, key)

    def presses(self, label: str, key: str) -> bool:
        return self._posts({"button": self._resident.button(label)}, key)

    def messages(self) -> list[str]:
        self._resident.catches_up()
        return self._resident.transcript()

    def _posts(self, body: dict[str, Any], key: str) -> bool:
        answers = [self._resident.posts(body, key) for _ in range(2 if self._twice else 1)]
        return all(answer.status_code == 200 for answer in answers)


class Cutting(httpx.BaseTransport):
    """A line that breaks: before a request has gone out, or before its answer has come."""

    def __init__(self, dice: random.Random, cuts: Callable[[], bool]) -> None:
        self._dice, self._cuts, self._line = dice, cuts, httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Raises ConnectError or ReadError where the line breaks."""
        if self._cuts() and self._dice.random() < 0.3:
            raise httpx.ConnectError("cut before the request")
        answer = self._line.handle_request(request)
        if self._cuts() and self._dice.random() < 0.3:
            answer.close()
            raise httpx.ReadError("cut before the answer")
        return answer


class Writer(Person):
    """On Telegram, which keeps what the bot has not acknowledged; some updates come twice, under other numbers."""

    def __init__(self, *given: Any, server: Server, twice: bool) -> None:
        super().__init__(*given)
        self._twice, self._server = twice, server
        self._chatter = Chatter(self.stack, server, "de")

    @property
    def pseudonym(self) -> str:
        return self.stack.person(self._chatter)

    @property
    def chat(self) -> int:
        """The chat's id."""
        return self._chatter.chat

    def begins(self) -> None:
        self._chatter.writes("/start")
        self.waits(0, "In welcher Sprache")

    def sends(self, text: str, key: str) -> bool:
        message = self._chatter.writes(text)
        if self._twice:
            self._server.bring("message", message)
        return True

    def presses(self, label: str, key: str) -> bool:
        self._chatter.catches_up()
        self._chatter.press(self._chatter.button(label))
        return True

    def messages(self) -> list[str]:
        self._chatter.catches_up()
        return [plain(message["text"]) for message in self._chatter.seen]


def agrees(person: Person) -> None:
    """To the first question of the round proper."""
    person.begins()
    for label, then in (
        ("Deutsch", "Sind Sie 16"),
        ("Ja, ich bin 16", "Machen Sie mit?"),
        ("Ja, ich mache mit", "In welchem Stadtteil"),
    ):
        before, key = len(person.messages()), uuid.uuid4().hex
        assert person.presses(label, key), "a press was refused"
        person.waits(before, then)


def steady(person: Person) -> None:
    """Answers question after question, twice round, and corrects the district."""
    agrees(person)
    first, second = person.dice.sample(sorted(DISTRICTS), 2)
    presses = person.presses
    person.does(lambda key: presses(first, key), "district", 0, DISTRICTS[first], "Um welches Thema")
    person.does(lambda key: presses(second, key), "district", 0, DISTRICTS[second], "Um welches Thema")
    for instance in (0, 1):
        need, idea = person.word(), person.word()
        person.does(lambda key: presses("Wohnen", key), "theme", instance, "housing", "Was brauchen Sie")
        person.does(lambda key, text=need: person.sends(text, key), "need", instance, need, "wichtig ist das")
        person.does(lambda key: person.sends("4", key), "importance", instance, "4", "eine Idee")
        person.does(lambda key, text=idea: person.sends(text, key), "idea", instance, idea, MORE[instance])
        if instance == 0:
            person.does(lambda key: presses("Ja", key), "more", 0, "yes", "Um welches Thema geht es jetzt")


def hasty(person: Person) -> None:
    """Tells one thought in many bubbles, and waits for nothing in between."""
    agrees(person)
    person.does(lambda key: person.presses("Betzenberg", key), "district", 0, "betzenberg", "Um welches Thema")
    person.does(lambda key: person.presses("Wohnen", key), "theme", 0, "housing", "Was brauchen Sie")
    before = len(person.messages())
    for _ in range(8):
        text = person.word()
        person.notes(lambda key, text=text: person.sends(text, key), "need", 0, text)
    person.waits(before, "wichtig ist das")
    person.does(lambda key: person.sends("4", key), "importance", 0, "4", "eine Idee")


def leaving(person: Person) -> None:
    """Tells something, and then wants all of it deleted."""
    agrees(person)
    person.does(lambda key: person.presses("Betzenberg", key), "district", 0, "betzenberg", "Um welches Thema")
    person.does(lambda key: person.presses("Wohnen", key), "theme", 0, "housing", "Was brauchen Sie")
    need = person.word()
    person.does(lambda key: person.sends(need, key), "need", 0, need, "wichtig ist das")
    before = len(person.messages())
    assert person.sends("Daten löschen", uuid.uuid4().hex), "a wish to delete was refused"
    person.waits(before, "rückgängig machen")
    person.does(lambda key: person.presses("Ja, alles löschen", key), DELETE, 0, "", "gelöscht")


Script = Callable[[Person], None]
SCRIPTS: tuple[Script, ...] = (steady, hasty, leaving)
