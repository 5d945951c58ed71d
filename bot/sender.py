"""Brings what stands in the outbox to its chats on Telegram: in order, one chat independent of the others.

At least once: a reply whose receipt was lost on the way is brought again, since Telegram knows no key for it.
"""

import asyncio
import contextlib
import json
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

from sqlalchemy.exc import SQLAlchemyError
from telegram import Bot, BotCommandScopeChat, InlineKeyboardMarkup
from telegram.error import BadRequest, ChatMigrated, Forbidden, RetryAfter, TelegramError

from bot import metrics
from bot.commands import menu
from bot.keyboards import keyboard
from bot.signals import Signals, ended
from bot.wiring import Wiring
from dialogue.errors import Refused
from store import addresses, clock, copies, keys, logs, outbox
from store.addresses import Address
from store.outbox import Delivery

LOOK_EVERY = 1.0
HOLD = 10.0
"""Seconds that a chat stays ours without renewal: after a crash nobody waits longer than this."""
RENEW_EVERY = 3.0
MOST_AT_ONCE = 16
LONGEST = 4096
"""UTF-16 units of a message."""
SENTENCE = re.compile(r".*?(?:[.!?؟…\n]+\s*|\Z)", re.DOTALL)

log = logs.logger("telegram")


class Sender:
    """The background work of bringing."""

    def __init__(self, wiring: Wiring, signals: Signals, bot: Bot) -> None:
        self._wiring, self._signals, self._bot = wiring, signals, bot
        self._active: dict[str, asyncio.Task[None]] = {}
        self._ending = False

    async def end(self) -> None:
        """Finishes the replies that are on their way: broken off, they would be brought once more."""
        self._ending = True
        await ended(self._active.values())

    async def run(self) -> None:
        """Works until cancelled; what is not brought stays in the outbox for the next process."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._signals.news.wait(), LOOK_EVERY)
            self._signals.news.clear()
            try:
                for person in await asyncio.to_thread(self._due):
                    if person not in self._active and len(self._active) < MOST_AT_ONCE:
                        self._active[person] = asyncio.create_task(self._bring(person))
                        self._active[person].add_done_callback(partial(self._ended, person))
            except Exception as error:  # the database may be away for a while; the outbox is patient
                log.error("look for replies failed", error=type(error).__name__)

    def _due(self) -> list[str]:
        with self._wiring.database.look() as connection:
            return addresses.due(connection, clock.now(), 2 * MOST_AT_ONCE)

    def _ended(self, person: str, _task: asyncio.Task[None]) -> None:
        del self._active[person]

    async def _bring(self, person: str) -> None:
        try:
            address = await asyncio.to_thread(self._take, person)
        except SQLAlchemyError as error:
            log.error("address not taken", error=type(error).__name__)
            return
        if address is None:
            return
        renewing = asyncio.create_task(self._hold(address))
        try:
            await self._bring_all(address)
        except RetryAfter as error:
            after = error.retry_after
            seconds = after.total_seconds() if isinstance(after, timedelta) else float(after)
            await asyncio.to_thread(self._again_later, address, timedelta(seconds=seconds))
        except (Forbidden, ChatMigrated) as error:
            log.info("chat is closed to us", error=type(error).__name__)
            await asyncio.to_thread(self._blocked, address)
        except Refused:
            log.info("another process brings it by now")
        except Exception as error:  # whatever it is: it waits in the outbox, and comes again
            log.warning("reply not brought", error=type(error).__name__)
            with contextlib.suppress(SQLAlchemyError):
                await asyncio.to_thread(self._again_later, address, None)
        finally:
            renewing.cancel()

    async def _hold(self, address: Address) -> None:
        """Telegram may take its time for a message, for a file in particular; the chat stays ours meanwhile."""
        while True:
            await asyncio.sleep(RENEW_EVERY)
            with contextlib.suppress(SQLAlchemyError):
                await asyncio.to_thread(self._held, address)

    async def _bring_all(self, address: Address) -> None:
        sent, there = address.sent, address.parts
        while waiting := await asyncio.to_thread(self._waiting, address.person, sent):
            if waiting[0].number != sent + 1:
                there = 0  # an erasure took that reply out of the log; this is another one
            for delivery in waiting:
                if self._ending:
                    await asyncio.to_thread(self._release, address)
                    return
                await self._send(address, delivery, there)
                await asyncio.to_thread(self._brought, address, delivery)
                sent, there = delivery.number, 0
        menu = await self._menu(address)
        await asyncio.to_thread(self._done, address, max(sent, address.last), menu)

    async def _send(self, address: Address, delivery: Delivery, there: int) -> None:
        """Sends a reply, part by part, without the parts that are there already."""
        secret, chat = self._wiring.config.secret, int(address.address)
        *texts, last = split(keys.reveal(secret, delivery.text))
        parts: list[Callable[[], Awaitable[object]]] = [partial(self._bot.send_message, chat, text) for text in texts]
        parts.append(partial(self._last, chat, last, keyboard(secret, address.person, delivery)))
        if delivery.attachment == "my_data":
            parts.append(partial(self._file, chat, address.person))
        for number, send in enumerate(parts):
            if number >= there:
                await send()
                if number + 1 < len(parts):
                    await asyncio.to_thread(self._brought_part, address, number + 1)

    async def _file(self, chat: int, person: str) -> None:
        content = await asyncio.to_thread(self._copy, person)
        await self._bot.send_document(chat, content, filename="mitsprache.json")

    async def _last(self, chat: int, text: str, buttons: InlineKeyboardMarkup | None) -> None:
        try:
            await self._bot.send_message(chat, text, reply_markup=buttons)
        except BadRequest as error:
            # Without its buttons it can still be answered by typing; a talk must not end here.
            if buttons is None:
                raise
            log.error("buttons refused", error=type(error).__name__)
            await self._bot.send_message(chat, text)

    async def _menu(self, address: Address) -> str | None:
        """Sets the commands in the language of the talk, for this chat alone; the language that they have now."""
        if address.menu == address.language:
            return address.menu
        language, here = address.language, BotCommandScopeChat(int(address.address))
        try:
            await self._bot.set_my_commands(menu(self._wiring.words, language), scope=here)
        except TelegramError as error:
            log.info("menu not set", error=type(error).__name__)
            return address.menu
        return language

    def _copy(self, person: str) -> bytes:
        with self._wiring.database.read() as connection:
            copy = copies.own(connection, person)
        return keys.reveal(self._wiring.config.secret, json.dumps(copy, ensure_ascii=False, indent=2)).encode()

    def _take(self, person: str) -> Address | None:
        with self._wiring.database.write() as connection:
            return addresses.take(connection, person, clock.now(), HOLD)

    def _waiting(self, person: str, sent: int) -> list[Delivery]:
        with self._wiring.database.look() as connection:
            return outbox.after(connection, person, sent)

    def _brought(self, address: Address, delivery: Delivery) -> None:
        with self._wiring.database.write() as connection:
            addresses.brought(connection, address, delivery.number, delivery.asked is not None, clock.now(), HOLD)

    def _brought_part(self, address: Address, parts: int) -> None:
        with self._wiring.database.write() as connection:
            addresses.brought_part(connection, address, parts, clock.now(), HOLD)

    def _held(self, address: Address) -> None:
        with self._wiring.database.write() as connection:
            addresses.hold(connection, address, clock.now(), HOLD)

    def _done(self, address: Address, sent: int, menu: str | None) -> None:
        with self._wiring.database.write() as connection:
            addresses.done(connection, address, sent, menu)

    def _release(self, address: Address) -> None:
        with self._wiring.database.write() as connection:
            addresses.release(connection, address)

    def _blocked(self, address: Address) -> None:
        with self._wiring.database.write() as connection:
            addresses.release(connection, address, blocked=True)

    def _again_later(self, address: Address, pause: timedelta | None) -> None:
        with self._wiring.database.write() as connection:
            addresses.again_later(connection, address, clock.now(), pause)
        metrics.RETRIES.labels("reply").inc()


def split(text: str, longest: int = LONGEST) -> list[str]:
    """The text in parts that Telegram takes, parted between sentences; only a longer sentence is cut."""
    parts = [""]
    for sentence in SENTENCE.findall(text):
        for piece in _cut(sentence, longest):
            if units(parts[-1] + piece) <= longest:
                parts[-1] += piece
            else:
                parts.append(piece)
    return [part.strip() for part in parts if part.strip()]


def _cut(sentence: str, longest: int) -> list[str]:
    """A sentence in pieces of at most so many units: a character has two of them at most."""
    if units(sentence) <= longest:
        return [sentence]
    return [sentence[start : start + longest // 2] for start in range(0, len(sentence), longest // 2)]


def units(text: str) -> int:
    """The length of a text as Telegram counts it: in UTF-16."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
