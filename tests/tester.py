"""A resident as a test sees one: says, presses, and expects. Through the web channel, as a browser would."""

import json
import time
import unicodedata
import uuid
from dataclasses import dataclass, field
from typing import Any, ClassVar

import httpx

SAID: set[str] = set()
"""Every text and token of every resident, so that a last test can look for them where they must not be."""

PATIENCE = 40.0
"""Seconds that a reply may take: longer than the restart of any process."""


@dataclass
class Resident:
    """One person in one conversation."""

    channel: ClassVar[str] = "web"
    url: str
    languages: tuple[str, ...] = ("de",)
    seen: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.url, timeout=30, trust_env=False)
        self.token = ""

    def begins(self, former: str | None = None) -> "Resident":
        """Opens the chat, perhaps right after a former one; the bot speaks first."""
        answer = self._patiently("POST", "/api/session", {"languages": list(self.languages), "former": former})
        assert answer.status_code == 201, answer.text
        self.token = answer.json()["token"]
        SAID.add(self.token)
        self.http.headers["Authorization"] = f"Bearer {self.token}"
        self.awaits_reply()
        return self

    def says(self, text: str, id: str | None = None) -> list[str]:
        """Types a text and waits for the reply."""
        return self._sends({"text": text}, id)

    def presses(self, label: str, id: str | None = None) -> list[str]:
        """Presses the newest button that begins with this label."""
        return self._sends({"button": self.button(label)}, id)

    def switches_to(self, language: str) -> list[str]:
        """Chooses another language in the menu of the page."""
        return self._sends({"language": language}, None)

    def posts(self, body: dict[str, Any], id: str | None = None) -> httpx.Response:
        """Sends a message and does not wait for the reply; sends it again while the line or the server is away."""
        if "text" in body:
            SAID.add(body["text"])
        return self._patiently("POST", "/api/messages", {"id": id or str(uuid.uuid4()), **body})

    def button(self, label: str) -> str:
        """The id of the newest button that begins with this label."""
        buttons = {button["id"]: plain(button["label"]) for message in self.seen for button in message["buttons"]}
        found = [id for id, title in buttons.items() if title.startswith(label)]
        assert found, f"no button «{label}» among {list(buttons.values())}"
        return found[-1]

    def awaits_reply(self, patience: float = PATIENCE) -> list[str]:
        """The texts of the next reply: everything new, once something new is there and the question with it."""
        last = self.seen[-1]["number"] if self.seen else 0
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            answer = self._patiently("GET", f"/api/messages?after={last}&wait=2", None)
            new = answer.json()["messages"]
            if new:
                self.seen += new
                return [plain(message["text"]) for message in new]
        raise AssertionError("no reply")

    def expects_reply(self, *parts: str) -> None:
        """The newest message holds each of these."""
        text = plain(self.seen[-1]["text"])
        missing = [part for part in parts if part not in text]
        assert not missing, f"{missing} not in «{text}»"

    def catches_up(self) -> list[str]:
        """Everything that is in the log by now."""
        last = self.seen[-1]["number"] if self.seen else 0
        new = self._patiently("GET", f"/api/messages?after={last}&wait=0", None).json()["messages"]
        self.seen += new
        return [plain(message["text"]) for message in new]

    def transcript(self) -> list[str]:
        """All that the bot has said."""
        return [plain(message["text"]) for message in self.seen]

    def _sends(self, body: dict[str, Any], id: str | None) -> list[str]:
        answer = self.posts(body, id)
        assert answer.status_code == 200, answer.text
        return self.awaits_reply()

    def _patiently(self, method: str, path: str, body: dict[str, Any] | None) -> httpx.Response:
        """Asks until the server has answered, as the page does: a broken line or a proxy's 502 is no answer."""
        content = json.dumps(body).encode() if body is not None else None
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                answer = self.http.request(method, path, content=content)
                if answer.status_code not in (429, 502, 503, 504):
                    return answer
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
            assert time.monotonic() < deadline, "the server does not come back"
            time.sleep(0.1)


def plain(text: str) -> str:
    """The text without the marks that isolate inserted values."""
    return "".join(c for c in text if unicodedata.bidirectional(c) not in ("FSI", "PDI"))
