"""A Telegram for the tests: somebody else's emulator, with people who write, a record of what was sent, and faults."""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import sqlalchemy as sa
from aiohttp import web
from lo_bot_api_emulator import ApiRefusal, LoBotApiEmulator, updates

from store.tables import addresses, people
from tests.stack import Stack
from tests.tester import PATIENCE, SAID, Resident, plain
from translations.languages import languages

TOKEN = "7:a-token-that-must-not-be-seen"
# The emulator delivers whatever it is given; of these kinds it only doesn't know that they exist.
updates.KINDS |= {"edited_message", "my_chat_member", "channel_post", "poll"}
PROFILE = ("setMyName", "setMyDescription", "setMyShortDescription")


@dataclass(frozen=True)
class Call:
    """What the bot asked of Telegram."""

    method: str
    chat: int
    fields: dict[str, Any]
    at: float


@dataclass
class Fault:
    """What goes wrong with the calls of a method for a chat, so many times."""

    method: str
    chat: int | None
    times: int
    status: int = 500
    retry_after: int | None = None
    after: bool = False
    """Telegram does it, and the answer is lost."""


@dataclass
class Server(LoBotApiEmulator):
    """The emulator on a port of this machine, in a thread of its own."""

    port: int
    calls: list[Call] = field(default_factory=list)
    """What was accepted, but for the asking for updates."""
    offsets: list[int | None] = field(default_factory=list)
    """With which offset updates were asked for since the bot last started to fetch them."""
    faults: list[Fault] = field(default_factory=list)
    lost: Counter[int] = field(default_factory=Counter)
    """By chat, of how many messages the bot never heard that they are there."""
    brought: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """What Telegram has had for the bot."""
    slow: float = 0.0
    """Seconds between a message that is there and the answer that says so."""
    token: str = TOKEN
    """The bot's token of now. What waits for the bot is kept under its first one."""

    def __post_init__(self) -> None:
        LoBotApiEmulator.__init__(self, max_history=10_000, allow_insecure_loopback_webhooks=True)
        self.url = f"http://127.0.0.1:{self.port}"
        self._loop = asyncio.new_event_loop()
        self._ids = count(1)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answers whoever has the bot's token; one that was taken back is worth nothing."""
        if request.match_info["token"] != self.token:
            return web.json_response({"ok": False, "error_code": 401, "description": "Unauthorized"}, status=401)
        request.match_info["token"] = TOKEN
        answer: web.StreamResponse = await super().handle(request)
        return answer

    def validate(self, method: str, fields: dict[str, Any], uploads: dict[str, Any]) -> Any:
        """Refuses what Telegram refuses, and what a fault says; notes what was accepted."""
        chat = int(fields.get("chat_id", 0) or 0)
        fault = self._fault(method, chat)
        if fault and not fault.after:
            parameters = {"retry_after": fault.retry_after} if fault.retry_after else None
            raise ApiRefusal("fault", fault.status, parameters)
        known = {name: value for name, value in fields.items() if name != "message_thread_id"}  # it has no topics
        result = True if method in PROFILE else super().validate(method, known, uploads)
        if method == "deleteWebhook":
            self.offsets.clear()
        if method == "getUpdates":
            self.offsets.append(int(fields["offset"]) if "offset" in fields else None)
        else:
            self.calls.append(Call(method, chat, {**fields, **dict.fromkeys(uploads, "file")}, time.monotonic()))
        if method == "sendMessage":
            time.sleep(self.slow)
        if fault:
            self.lost[chat] += 1
            raise ApiRefusal("lost", 502)
        return result

    def sent(self, chat: int) -> list[dict[str, Any]]:
        """What the chat shows of the bot, in order: messages and files."""
        shown = ("sendMessage", "sendDocument")
        return [call.fields for call in self.calls if call.chat == chat and call.method in shown]

    def of(self, method: str, chat: int | None = None) -> list[dict[str, Any]]:
        """All accepted calls of a method."""
        return [call.fields for call in self.calls if call.method == method and chat in (None, call.chat)]

    def bring(self, kind: str, content: dict[str, Any], update_id: int | None = None) -> int:
        """Telegram has something for the bot."""
        self.brought.append((kind, content))
        update: dict[str, Any] = {kind: content}
        if update_id is not None:
            # After a quiet week Telegram goes on with any number, lower ones too.
            self._update_queues._state(TOKEN).next_id = update_id
            update["update_id"] = update_id
        return int(self._run(self.enqueue_update(update, token=TOKEN)).result(30))

    def deliver(self) -> None:
        """Tries the webhook again, as Telegram does by itself."""
        self._run(self.deliver_updates(token=TOKEN)).result(30)

    def pending(self) -> int:
        """Updates that the bot wants and has not acknowledged."""
        state = self._update_queues._state(TOKEN)
        return sum(any(kind in update for kind in state.allowed) for update in list(state.updates))

    def number(self) -> int:
        """A number that nothing had before."""
        return next(self._ids)

    @contextmanager
    def running(self) -> Iterator["Server"]:
        """Listens as long as the block lasts."""
        thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        thread.start()
        runner = web.AppRunner(self.app(), access_log=None, shutdown_timeout=0.1)
        self._run(runner.setup()).result(10)
        self._run(web.TCPSite(runner, "127.0.0.1", self.port).start()).result(10)
        try:
            yield self
        finally:
            self._run(runner.cleanup()).result(10)
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join(10)

    def _fault(self, method: str, chat: int) -> Fault | None:
        for fault in self.faults:
            if fault.method == method and fault.chat in (None, chat) and fault.times > 0:
                fault.times -= 1
                return fault
        return None

    def _run(self, work: Any) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)


class Chatter(Resident):
    """A resident on Telegram: the same scripts as in the browser, through the emulator."""

    channel = "telegram"

    def __init__(self, stack: Stack, server: Server, *languages: str) -> None:
        self.stack, self.server, self.languages = stack, server, languages or ("de",)
        self.chat = 10**12 + server.number()  # long enough for the logs to be searched for it
        self.token = str(self.chat)
        self.seen: list[dict[str, Any]] = []
        self.read = 0
        SAID.add(self.token)

    def begins(self, former: str | None = None) -> "Chatter":
        """Presses «Start»."""
        self.says("/start")
        return self

    def says(self, text: str, id: str | None = None) -> list[str]:
        """Types a text and waits for the reply."""
        before = self.last_number()
        self.writes(text)
        return self.awaits_reply(before=before)

    def writes(self, text: str | None, update_id: int | None = None, **more: Any) -> dict[str, Any]:
        """Types a text and goes on; the message as Telegram has it."""
        message = self.message(text, **more)
        self.server.bring("message", message, update_id)
        return message

    def message(self, text: str | None, **more: Any) -> dict[str, Any]:
        """A message as Telegram has it, which nobody has brought yet."""
        SAID.update(said for said in (text, more.get("caption")) if said and not said.startswith("/start"))
        return {"message_id": self.server.number(), **self._from(), **({"text": text} if text else {}), **more}

    def edits(self, message: dict[str, Any], text: str) -> list[str]:
        """Writes a message anew."""
        before = self.last_number()
        self.server.bring("edited_message", {**message, "text": text, "edit_date": 1_800_000_000})
        return self.awaits_reply(before=before)

    def presses(self, label: str, id: str | None = None) -> list[str]:
        """Presses the newest button that begins with this label."""
        before = self.last_number()
        self.press(self.button(label))
        return self.awaits_reply(before=before)

    def press(self, data: str) -> dict[str, Any]:
        """Presses a button by its id, and goes on; the press as Telegram has it."""
        shown = next((one for one in self.seen if any(button["id"] == data for button in one["buttons"])), None)
        message = {"message_id": shown["id"] if shown else 1, **self._from(), "text": "…"}
        query = {"id": str(self.server.number()), "from": self._from()["from"], "chat_instance": "1"}
        pressed = {**query, "message": message, "data": data}
        self.server.bring("callback_query", pressed)
        return pressed

    def switches_to(self, language: str) -> list[str]:
        """Chooses another language by the menu: /language, and the language's button."""
        self.says("/language")
        return self.presses(languages()[language].autonym)

    def awaits_reply(self, patience: float = PATIENCE, before: int | None = None) -> list[str]:
        """The texts of the next reply, once all of it is in the chat."""
        before = before if before is not None else self.read
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            last, sent = self.numbers()
            if last > before and sent >= last:
                self.read = last
                return self.catches_up()
            time.sleep(0.03)
        raise AssertionError(f"no reply; calls: {[call.method for call in self.server.calls[-8:]]}")

    def catches_up(self) -> list[str]:
        """What is new in the chat."""
        new = self.server.sent(self.chat)[len(self.seen) :]
        for fields in new:
            markup = json.loads(fields["reply_markup"]) if "reply_markup" in fields else {"inline_keyboard": []}
            buttons = [one for row in markup["inline_keyboard"] for one in row]
            shown = [{"id": one["callback_data"], "label": one["text"]} for one in buttons]
            self.seen.append({"id": len(self.seen) + 1, "text": fields.get("text", ""), "buttons": shown})
        return [plain(one["text"]) for one in self.seen[len(self.seen) - len(new) :]]

    def numbers(self) -> tuple[int, int]:
        """The number of the last reply that there is, and of the last one that was brought."""
        person = self.stack.person(self)
        query = sa.select(people.c.last_number, addresses.c.sent).outerjoin(
            addresses, addresses.c.person == people.c.id
        )
        with self.stack.database.read() as connection:
            row = connection.execute(query.where(people.c.id == person)).first()
        if row is None:
            return 0, 0
        return row.last_number, row.sent if row.sent is not None else row.last_number

    def last_number(self) -> int:
        """The number of the last reply that there is."""
        return self.numbers()[0]

    def _from(self) -> dict[str, Any]:
        user = {"id": self.chat, "is_bot": False, "first_name": "Somebody", "language_code": self.languages[0]}
        return {
            "from": user,
            "chat": {"id": self.chat, "type": "private", "first_name": "Somebody"},
            "date": 1_800_000_000,
        }
