"""What a resident says, and how: to Mitsprache as its page does it, to a bare Rasa through its REST channel."""

import asyncio
import json
import uuid
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import aiohttp


@dataclass(frozen=True)
class Step:
    """One message: a text, or the button that begins with it."""

    words: str
    typed: bool = False


NEEDS = ("Wir brauchen einen Spielplatz für die Kinder", "Der Bus soll abends öfter fahren")
BEGIN = Step("")
INTERVIEW = (
    BEGIN,
    *map(Step, ("Deutsch", "Ja, ich bin 16", "Ja, ich mache mit", "Betzenberg", "Kinder und Jugend")),
    Step(NEEDS[0], typed=True),
    Step("4"),
    Step("Auf dem Platz hinter der Schule ist genug Raum dafür", typed=True),
    *map(Step, ("Ja, noch etwas", "Bus, Verkehr")),
    Step(NEEDS[1], typed=True),
    Step("5"),
    Step("Ein Nachtbus am Wochenende wäre schon gut", typed=True),
    *map(Step, ("Nein, das war alles", "Lieber nicht", "Ja, alles stimmt")),
)
"""A whole interview, with its begin: what the questionnaire has buttons for is pressed, needs and ideas are typed."""
AGAIN = INTERVIEW[9:14]
"""One more need, from «Ja, noch etwas» until it is asked again whether there is more."""


PATIENCE = 120.0
"""Seconds that a reply may take: what comes later was lost."""


class Failed(Exception):
    """A turn without the reply that it should have."""


class Talk(ABC):
    """One person in one conversation."""

    stored_after: frozenset[Step]
    """The steps after whose reply one more need lies in the database."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http, self._url = http, url
        self.finished = False
        self.waited = 0
        """How often it was said that too many write just now, and when to come again."""
        self._buttons: dict[str, str] = {}

    async def takes(self, step: Step) -> None:
        """One full turn: the message goes in, the reply is read. Raises Failed, TimeoutError."""
        async with asyncio.timeout(PATIENCE):
            if step is BEGIN:
                await self._begins()
            elif step.typed:
                await self._says(step.words)
            else:
                await self._presses(self._button(step.words))

    @abstractmethod
    def leaves(self) -> None:
        """Closes what is open; the conversation can go on afterwards."""

    @abstractmethod
    async def _begins(self) -> None: ...

    @abstractmethod
    async def _says(self, text: str) -> None: ...

    @abstractmethod
    async def _presses(self, button: str) -> None: ...

    def _button(self, words: str) -> str:
        for label, button in self._buttons.items():
            if label.startswith(words):
                return button
        raise Failed(f"no button «{words}» among {list(self._buttons)}")

    async def _posts(self, path: str, body: dict[str, Any], headers: dict[str, str] | None = None) -> Any:
        """Asks again when it is told to wait, and after how long."""
        while True:
            async with self._http.post(self._url + path, json=body, headers=headers) as answer:
                if answer.ok:
                    return await answer.json()
                if answer.status != 429:
                    raise Failed(f"{path}: {answer.status}")
                pause = float(answer.headers["Retry-After"])
            self.waited += 1
            await asyncio.sleep(pause)


class WebTalk(Talk):
    """Through the web channel; the log is read from the stream of events, as the page does."""

    stored_after = frozenset(step for step in INTERVIEW if step.words in NEEDS)

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        super().__init__(http, url)
        self._headers: dict[str, str] = {}
        self._stream: aiohttp.ClientResponse | None = None
        self._seen = 0

    def leaves(self) -> None:
        """The page is hidden: it reads no more."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    async def _begins(self) -> None:
        session = await self._posts("/api/session", {"languages": ["de"]})
        self._headers = {"Authorization": f"Bearer {session['token']}"}
        await self._reads()

    async def _says(self, text: str) -> None:
        await self._sends(text=text)

    async def _presses(self, button: str) -> None:
        await self._sends(button=button)

    async def _sends(self, **said: str) -> None:
        await self.opens()
        await self._posts("/api/messages", {"id": str(uuid.uuid4()), **said}, self._headers)
        await self._reads()

    async def opens(self) -> aiohttp.ClientResponse:
        """The stream of events, opened behind what was read."""
        if self._stream is None:
            address = f"{self._url}/api/events?after={self._seen}"
            self._stream = await self._http.get(address, headers=self._headers)
            if not self._stream.ok:
                raise Failed(f"/api/events: {self._stream.status}")
        return self._stream

    async def _reads(self) -> None:
        """A reply is there when its question is, or the end."""
        while True:
            async for line in (await self.opens()).content:
                if line.startswith(b"data:") and self._is_whole(json.loads(line[5:])):
                    return
            self.leaves()  # the line broke: the next stream goes on where this one ended

    def _is_whole(self, message: dict[str, Any]) -> bool:
        self._seen = message["number"]
        self._buttons = {button["label"]: button["id"] for button in message["buttons"]}
        self.finished = message["end"] == "finished"
        return bool(self._buttons or self.finished)


class RestTalk(Talk):
    """Through Rasa's REST channel, whose answer is the reply. It stores a need when it knows whether there is more."""

    stored_after = frozenset({INTERVIEW[9], INTERVIEW[14]})

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        super().__init__(http, url)
        self._sender = str(uuid.uuid4())

    def leaves(self) -> None:
        """Nothing is open between two messages."""

    async def _begins(self) -> None:
        await self._says("/greet")

    async def _says(self, text: str) -> None:
        message = {"sender": self._sender, "message": text}
        replies = await self._posts("/webhooks/rest/webhook", message)
        if not replies:
            raise Failed("an empty reply")
        self._buttons = {button["title"]: button["payload"] for button in replies[-1].get("buttons", ())}
        self.finished = replies[-1]["text"].startswith("Vielen Dank")

    async def _presses(self, button: str) -> None:
        await self._says(button)
