"""The web channel: session, messages in, log out as events or by long poll. A message is stored before «stored»."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.receiving import Received, receive
from bot.signals import Signals
from bot.turns import Turns
from bot.wiring import Wiring
from dialogue.errors import Invalid, Refused
from store import clock, copies, erasure, keys, outbox, people
from store.outbox import Delivery
from translations.languages import best, languages
from translations.wording import direction

CHANNEL = "web"
PING_EVERY = 15.0
LONGEST_WAIT = 25.0
MOST_BYTES = 65_536
MOST_SEEN = 10_000
COPY_HEADERS = {"Content-Disposition": 'attachment; filename="mitsprache.json"', "Cache-Control": "no-store"}
STREAM_HEADERS = {"X-Accel-Buffering": "no", "Cache-Control": "no-store, no-transform"}


class Web:
    """The routes of the channel."""

    def __init__(self, wiring: Wiring, turns: Turns, signals: Signals) -> None:
        self._wiring, self._turns, self._signals = wiring, turns, signals
        self._seen: set[str] = set()

    def routes(self) -> list[Route]:
        """What the channel answers to."""
        return [
            Route("/api/words", self.words),
            Route("/api/session", self.session, methods=["POST"]),
            Route("/api/messages", self.messages, methods=["POST"]),
            Route("/api/messages", self.poll, methods=["GET"]),
            Route("/api/events", self.events),
            Route("/api/my-data", self.my_data),
        ]

    async def words(self, request: Request) -> Response:
        """The page's own words in the best language for the asked tags."""
        spoken = self._wiring.city.languages
        language = best(request.query_params.get("language", "").split(","), spoken) or spoken[0]
        known = [languages()[code] for code in spoken]
        return JSONResponse(
            {
                "language": language,
                "direction": direction(language),
                "languages": [{"code": one.code, "name": one.autonym, "direction": one.direction} for one in known],
                "words": self._wiring.words.starting(language, "page."),
            }
        )

    async def session(self, request: Request) -> Response:
        """A new conversation, and its first message: the start, which Rasa answers with the greeting."""
        await self._wiring.limits.newcomer()
        body = await _body(request)
        asked, former = body.get("languages"), body.get("former")
        tags = [tag for tag in asked if isinstance(tag, str)] if isinstance(asked, list) else []
        spoken = self._wiring.city.languages
        language = best(tags[:20], spoken) or spoken[0]
        token = keys.token()
        earlier = self._person(former) if isinstance(former, str) else None
        person = self._person(token)
        await asyncio.to_thread(self._begin, person, language, earlier)
        self._turns.wake(person)
        return JSONResponse({"token": token, "language": language}, status_code=201)

    async def messages(self, request: Request) -> Response:
        """One message of the person, under an id of the client's own; the same id twice is one message."""
        person = await self._met(request)
        await self._wiring.limits.message(person)
        body = await _body(request)
        id = body.get("id")
        if not isinstance(id, str) or not 8 <= len(id) <= 64 or not id.isascii():
            raise Invalid("message_invalid")
        given = {name: body[name] for name in ("text", "button", "language") if body.get(name) is not None}
        if len(given) != 1 or not all(isinstance(value, str) for value in given.values()):
            raise Invalid("message_invalid")
        received = Received(CHANNEL, person, f"{person}:{id}", **given)
        accepted = await asyncio.to_thread(receive, self._wiring, received)
        self._turns.wake(person)
        return JSONResponse({"id": id, "state": accepted})

    async def events(self, request: Request) -> Response:
        """The log of the conversation after a number, as a stream of server-sent events."""
        person, after = await self._known(request), _number(request)
        return StreamingResponse(self._stream(person, after), media_type="text/event-stream", headers=STREAM_HEADERS)

    async def poll(self, request: Request) -> Response:
        """The same log by long poll, for lines on which a stream never arrives."""
        person, after = await self._known(request), _number(request)
        try:
            wait = min(float(request.query_params.get("wait", 0)), LONGEST_WAIT)
        except ValueError:
            raise Invalid("message_invalid") from None
        deadline = time.monotonic() + wait
        with self._signals.listen(person) as listener:
            found = await self._after(person, after)
            while not found and time.monotonic() < deadline:
                await _wait(listener.event, deadline - time.monotonic())
                found = listener.take(after) or await self._after(person, after)
        return JSONResponse({"messages": [self._shown(person, one) for one in found]}, headers=STREAM_HEADERS)

    async def my_data(self, request: Request) -> Response:
        """The person's copy of all that is stored about them, as a file."""
        person = await self._known(request)
        await self._wiring.limits.message(person)
        copy = await asyncio.to_thread(self._copy, person)
        content = keys.reveal(self._wiring.config.secret, json.dumps(copy, ensure_ascii=False, indent=2))
        return Response(content, media_type="application/json", headers=COPY_HEADERS)

    def _copy(self, person: str) -> dict[str, Any]:
        with self._wiring.database.read() as connection:
            return copies.own(connection, person)

    async def _stream(self, person: str, after: int) -> AsyncIterator[str]:
        yield ": hello\n\n"
        with self._signals.listen(person) as listener:
            while True:
                for one in listener.take(after) or await self._after(person, after):
                    after = one.number
                    shown = json.dumps(self._shown(person, one), ensure_ascii=False)
                    yield f"id: {one.number}\nevent: message\ndata: {shown}\n\n"
                if not await _wait(listener.event, PING_EVERY):
                    yield ": ping\n\n"

    async def _after(self, person: str, number: int) -> list[Delivery]:
        return await asyncio.to_thread(self._read_after, person, number)

    def _read_after(self, person: str, number: int) -> list[Delivery]:
        with self._wiring.database.look() as connection:
            return outbox.after(connection, person, number)

    def _shown(self, person: str, one: Delivery) -> dict[str, Any]:
        secret = self._wiring.config.secret
        return {
            "number": one.number,
            "from": "city",
            "text": keys.reveal(secret, one.text),
            "language": one.language,
            "direction": direction(one.language),
            "buttons": [
                {
                    "id": keys.button(secret, person, one.number, one.key, index),
                    "label": button["label"],
                    "language": button["language"],
                    "direction": direction(button["language"]),
                }
                for index, button in enumerate(one.buttons)
            ],
            "end": one.end,
            "attachment": one.attachment,
        }

    def _begin(self, person: str, language: str, earlier: str | None) -> None:
        with self._wiring.database.write() as connection:
            now, secret = clock.now(), self._wiring.config.secret
            people.greet(connection, person, CHANNEL, language, now)
            if earlier is not None:
                erasure.carry_bar(connection, keys.bar(secret, earlier), keys.bar(secret, person), now)
        receive(self._wiring, Received(CHANNEL, person, f"{person}:start", start=True))

    async def _met(self, request: Request) -> str:
        """Who writes, as far as this process has seen them; whoever keeps the message looks again.

        Strangers must not use up what all together may send.
        """
        person = self._person(_token(request))
        if person not in self._seen:
            await self._known(request)
            if len(self._seen) >= MOST_SEEN:
                self._seen.clear()
            self._seen.add(person)
        return person

    async def _known(self, request: Request) -> str:
        person = self._person(_token(request))
        if not await asyncio.to_thread(self._exists, person):
            raise Refused("session_unknown")
        return person

    def _exists(self, person: str) -> bool:
        with self._wiring.database.look() as connection:
            return people.exists(connection, person)

    def _person(self, token: str) -> str:
        return keys.pseudonym(self._wiring.config.secret, CHANNEL, token)


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Refused("session_unknown")
    return token


async def _body(request: Request) -> dict[str, Any]:
    read = bytearray()
    async for chunk in request.stream():
        read += chunk
        if len(read) > MOST_BYTES:
            raise Invalid("body_too_large")
    try:
        body = json.loads(bytes(read))
    except (ValueError, RecursionError):
        raise Invalid("message_invalid") from None
    if not isinstance(body, dict):
        raise Invalid("message_invalid")
    return body


def _number(request: Request) -> int:
    given = request.query_params.get("after") or request.headers.get("last-event-id") or "0"
    if not given.isdecimal() or len(given) > 9:
        raise Invalid("message_invalid")
    return int(given)


async def _wait(event: asyncio.Event, seconds: float) -> bool:
    """Whether something new is there before the time is over."""
    try:
        await asyncio.wait_for(event.wait(), max(seconds, 0.01))
    except TimeoutError:
        return False
    event.clear()
    return True
