"""The Telegram channel: what comes in. An update is in our inbox before Telegram hears that we have it.

Its library serves as a client only. Its own runners tell Telegram that they have an update before anything is stored.
"""

import asyncio
import contextlib
import json
import re
from collections import deque
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from telegram import Bot, CallbackQuery, InlineKeyboardMarkup, Message, Update
from telegram.constants import ChatType
from telegram.error import InvalidToken, TelegramError
from telegram.request import HTTPXRequest

from bot import metrics, notices
from bot.commands import COMMANDS, command
from bot.delivery import dangerous
from bot.keyboards import keyboard
from bot.limits import OVERLOADED
from bot.notices import CHANNEL
from bot.receiving import Received, receive
from bot.signals import Signals, ended
from bot.turns import Turns
from bot.wiring import Wiring
from dialogue.errors import Busy, Invalid, Misconfigured, MitspracheError, Refused
from store import clock, keys, logs, outbox, people
from store.config import Config
from translations.languages import best

KINDS = ["message", "edited_message", "callback_query", "my_chat_member"]
WAIT = 25
"""Seconds that Telegram may let us wait for an update."""
PAUSE = 2.0
"""Seconds until we ask again after Telegram or the database was away."""
PAUSES = (0.1, 0.5, 1.0)
"""Seconds after each try of an update that fails for no reason that we know; then it is given up."""
MOST_COUNTED = 1000
"""So many messages back we know that they have been counted."""
MOST_BYTES = 1_000_000
SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
"""What Telegram takes as a webhook's secret."""

log = logs.logger("telegram")


def client(settings: Config) -> Bot:
    """The library's client. Long waits get a connection of their own."""
    return Bot(
        settings.telegram_token,
        base_url=f"{settings.telegram_api}/bot",
        base_file_url=f"{settings.telegram_api}/file/bot",
        request=HTTPXRequest(connection_pool_size=32, connect_timeout=5, read_timeout=15),
        get_updates_request=HTTPXRequest(connection_pool_size=1, connect_timeout=5),
    )


class Telegram:
    """Fetches updates, or takes them at the webhook."""

    def __init__(self, wiring: Wiring, turns: Turns, signals: Signals, bot: Bot) -> None:
        settings = wiring.config
        if settings.telegram_webhook and not settings.telegram_secret:
            raise Misconfigured("setting_missing", name="TELEGRAM_SECRET")
        if settings.telegram_secret and not SECRET.fullmatch(settings.telegram_secret):
            raise Misconfigured("setting_invalid", name="TELEGRAM_SECRET", given="a-z A-Z 0-9 _ -")
        self._wiring, self._turns, self._signals, self._bot = wiring, turns, signals, bot
        self._answering: set[asyncio.Task[None]] = set()
        self._known = False
        """Whether Telegram has told the bot's name, which the hint to a group needs."""
        self._counted: deque[str] = deque(maxlen=MOST_COUNTED)

    def routes(self) -> list[Route]:
        """The webhook, where one is set."""
        return [Route("/telegram", self.webhook, methods=["POST"])] if self._wiring.config.telegram_webhook else []

    async def run(self) -> None:
        """Fetches updates until cancelled; with a webhook it only sees to it that Telegram knows it."""
        if not self._wiring.config.website.startswith("https://"):
            log.warning("WEBSITE is no public address, and is named to whoever would rather not use Telegram")
        await self._until_done(self._bot.initialize)
        self._known = True
        if self._wiring.config.telegram_webhook:
            await self._until_done(self._set_webhook)
            return
        await self._until_done(self._bot.delete_webhook)
        offset: int | None = None  # Telegram knows which ones it has brought; ids are no order we could rely on
        while True:
            try:
                asked = {"offset": offset, "timeout": WAIT, "allowed_updates": KINDS}
                # As data: one update that the library can't read must not hide the others.
                updates = await self._bot.do_api_request("getUpdates", asked, read_timeout=WAIT + 10)
                for update in updates:
                    await self.accept(update)
                    offset = update["update_id"] + 1
                # All is acknowledged: were the next numbers lower, an offset would acknowledge them unseen.
                offset = offset if updates else None
            except Exception as error:  # Telegram or the database may be away; the channel must not end here
                log.warning("updates not fetched", error=type(error).__name__)
                await asyncio.sleep(PAUSE)

    async def end(self) -> None:
        """Finishes showing what was pressed."""
        await ended(self._answering)

    async def webhook(self, request: Request) -> Response:
        """One update, brought by Telegram: 200 once it is stored; 403 to anybody else."""
        given = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        if not keys.same(given, self._wiring.config.telegram_secret):
            return PlainTextResponse("forbidden", 403)
        body = await request.body()
        if len(body) > MOST_BYTES:
            return PlainTextResponse("too large", 413)
        try:
            update = json.loads(body)
        except (ValueError, RecursionError):
            return PlainTextResponse("not readable", 400)
        await self.accept(update)
        return PlainTextResponse("ok")

    async def accept(self, update: dict[str, Any]) -> None:
        """Takes an update; one that fails again and again is given up, so that it does not keep the others away.

        Raises what the database raises, and Busy (overloaded): then Telegram keeps the update.
        """
        for pause in PAUSES:
            try:
                await self.take(Update.de_json(update, self._bot))
                return
            except (SQLAlchemyError, OSError, Busy):
                raise
            except Exception as error:  # whatever it is: nobody else may wait for it
                log.error("update failed", error=type(error).__name__)
                await asyncio.sleep(pause)
        log.critical("update given up")
        metrics.GIVEN_UP.inc()
        with contextlib.suppress(Exception):  # without a chat there is nobody to tell
            await self._give_up(update["message"])

    async def _give_up(self, message: dict[str, Any]) -> None:
        """Tells a person that their message could not be read; raises whatever is amiss with it."""
        chat, text = message["chat"], message.get("text")
        if chat["type"] == ChatType.PRIVATE:
            number, natural = int(chat["id"]), f"{chat['id']}:{message['message_id']}"
            await asyncio.to_thread(self._greet, number, None, None)
            await self._say(self._person(number), natural, "parked", text)

    async def take(self, update: Update) -> None:
        """Puts an update into the inbox; what is none of ours is let go."""
        query, message = update.callback_query, update.message or update.edited_message
        if query is not None and isinstance(query.message, Message):
            await self._pressed(query, query.message)
        elif message is not None and message.chat.type == ChatType.PRIVATE:
            await self._written(message)
        elif message is not None and not message.edit_date:
            await self._in_a_group(message)

    async def _written(self, message: Message) -> None:
        natural = f"{message.chat.id}:{message.message_id}"
        given: dict[str, Any] = {"text": message.text}
        if not message.text and not message.effective_attachment:
            return  # a pin, a timer: nothing that anybody said
        if message.text and message.edit_date:
            given["edits"] = natural
            # Two edits may fall into one second.
            again = keys.digest(self._wiring.config.secret, message.text)
            natural += f":{int(message.edit_date.timestamp())}:{again}"
        elif name := command(message):
            given = {"start": True} if name == "start" else {"act": COMMANDS[name]}
        chat, text = message.chat.id, message.text or message.caption
        person, tag = self._person(chat), message.from_user.language_code if message.from_user else None
        admitted = await self._admitted(chat, natural)
        await asyncio.to_thread(self._greet, chat, tag, message.text)
        if not admitted:
            await self._refuse(person, natural, text)
            return
        if not message.text or message.forward_origin:
            # Of an album each picture comes by itself; one sentence is enough.
            # But for danger in the words under a later one.
            danger = dangerous(self._wiring, text)
            about = f"{chat}:album:{message.media_group_id}:{int(danger)}" if message.media_group_id else natural
            await self._say(person, about, "only_text", text)
            return
        await self._receive(person, natural, **given)

    async def _pressed(self, query: CallbackQuery, message: Message) -> None:
        chat, person = message.chat.id, self._person(message.chat.id)
        admitted = await self._admitted(chat, query.id)
        refused = await asyncio.to_thread(self._press, query, chat) if admitted else "not_taken"
        answer = await asyncio.to_thread(notices.words, self._wiring, person, refused) if refused else None
        self._turns.wake(person)
        task = asyncio.create_task(self._show_press(query, message, person, answer))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    def _press(self, query: CallbackQuery, chat: int) -> str | None:
        """Puts a press into the inbox; the key of the error if it isn't taken."""
        self._greet(chat, query.from_user.language_code, None)
        try:
            self._put(self._person(chat), chat, f"callback:{query.id}", button=query.data or "")
        except MitspracheError as error:
            return error.key
        return None

    async def _show_press(self, query: CallbackQuery, message: Message, person: str, answer: str | None) -> None:
        """The button stops waiting, and the chat shows what was chosen; the press is safe, whatever becomes of this."""
        try:
            await self._bot.answer_callback_query(query.id, text=answer)
        except TelegramError as error:  # after an outage the question is too old, and the trace still helps
            log.info("press not answered", error=type(error).__name__)
        try:
            if answer is None and (marked := await asyncio.to_thread(self._marked, person, query.data or "")):
                await self._bot.edit_message_reply_markup(message.chat.id, message.message_id, reply_markup=marked)
        except TelegramError as error:
            log.info("press not shown", error=type(error).__name__)

    async def _in_a_group(self, message: Message) -> None:
        """A group is no person: nothing is stored of it, and it is told once in a while where to write instead."""
        if message.chat.type not in (ChatType.GROUP, ChatType.SUPERGROUP) or not message.text or not self._known:
            return
        chat = message.chat.id
        admitted = await self._admitted(chat, f"{chat}:{message.message_id}")
        if not admitted or not await asyncio.to_thread(notices.hint, self._wiring, chat):
            return
        code = best([(message.from_user and message.from_user.language_code) or ""], self._wiring.city.languages)
        language = code or self._wiring.city.languages[0]
        text = self._wiring.words.say(language, "only_private", {"url": self._bot.link})
        topic = message.message_thread_id if message.is_topic_message else None
        try:
            await self._bot.send_message(chat, text, message_thread_id=topic)
        except TelegramError as error:
            log.info("hint not sent", error=type(error).__name__)

    async def _receive(self, person: str, natural: str, **given: Any) -> None:
        try:
            await asyncio.to_thread(self._put, person, int(natural.partition(":")[0]), natural, **given)
        except Invalid as error:
            await self._say(person, natural, error.key, given.get("text"))
        except Busy:
            await self._refuse(person, natural, given.get("text"))
        except Refused as error:
            if error.key == "session_unknown":
                raise  # tidied away since they were greeted: the next try greets them anew
            log.warning("refused", key=error.key)
        self._turns.wake(person)

    def _put(self, person: str, chat: int, natural: str, **given: Any) -> None:
        receive(self._wiring, Received(CHANNEL, person, natural, address=str(chat), **given))

    def _person(self, chat: int) -> str:
        return keys.pseudonym(self._wiring.config.secret, CHANNEL, str(chat))

    async def _admitted(self, chat: int, natural: str) -> bool:
        """Whether this chat may send more now. Raises Busy (overloaded) if all together send too much.

        What Telegram brings again since we could not store it is counted once.
        """
        if natural in self._counted:
            return True
        try:
            await self._wiring.limits.message(self._person(chat))
        except Busy as error:
            if error.key == OVERLOADED:
                raise
            return False
        self._counted.append(natural)
        return True

    def _greet(self, chat: int, tag: str | None, text: str | None) -> None:
        """The person behind a chat gets a row when they write for the first time."""
        wiring, spoken = self._wiring, self._wiring.city.languages
        # A link may name a language: t.me/…?start=ar
        payload = (text or "").removeprefix("/start").strip() if (text or "").startswith("/start ") else ""
        language = payload if payload in spoken else best([tag or ""], spoken) or spoken[0]
        with wiring.database.write() as connection:
            people.greet(connection, self._person(chat), CHANNEL, language, clock.now())

    async def _refuse(self, person: str, natural: str, text: str | None) -> None:
        """One chat sends more than it may: what is too much is not kept, and the person hears of it."""
        about = await asyncio.to_thread(notices.refusal, self._wiring, person, natural, text)
        if about is not None:
            await self._say(person, about, "not_taken", text)

    async def _say(self, person: str, natural: str, key: str, text: str | None) -> None:
        await asyncio.to_thread(notices.post, self._wiring, person, natural, key, text)
        self._signals.tell(person)

    def _marked(self, person: str, pressed: str) -> InlineKeyboardMarkup | None:
        number, index = keys.numbered(pressed)
        with self._wiring.database.look() as connection:
            delivery = outbox.find(connection, person, number)
        return keyboard(self._wiring.config.secret, person, delivery, chosen=index) if delivery else None

    async def _set_webhook(self) -> None:
        settings = self._wiring.config
        await self._bot.set_webhook(
            settings.telegram_webhook, secret_token=settings.telegram_secret, allowed_updates=KINDS, max_connections=20
        )

    async def _until_done(self, call: Any) -> None:
        """Until Telegram has answered; a wrong token stays wrong, and is said more rarely."""
        while True:
            try:
                await call()
                return
            except InvalidToken:
                log.error("Telegram refuses TELEGRAM_TOKEN")
                await asyncio.sleep(60)
            except Exception as error:  # whatever it is: the channel must not end here
                log.warning("Telegram is not there", error=type(error).__name__)
                await asyncio.sleep(PAUSE)
