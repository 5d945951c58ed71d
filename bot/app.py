"""The ASGI app: the web channel, the chat page, health; errors in the person's words; background turns."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot import telegram
from bot.background import Background
from bot.sender import Sender
from bot.signals import Signals
from bot.telegram import Telegram
from bot.turns import Turns
from bot.watch import Watch
from bot.web import Web
from bot.wiring import Wiring
from dialogue.errors import Busy, Invalid, MitspracheError, Refused
from dialogue.texts import MOST
from store import logs
from store.readiness import Readiness
from translations.languages import best

PAGE = Path(__file__).parent / "page"

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
STATUS = {"session_unknown": 401, "key_reused": 409, "body_too_large": 413, "text_too_long": 413}

log = logs.logger("bot")


def make(wiring: Wiring) -> Starlette:
    """The app, with its turns running while it lives."""
    signals = Signals()
    turns = Turns(wiring, signals)
    web = Web(wiring, turns, signals)
    bot = telegram.client(wiring.config) if wiring.config.telegram_token else None
    channel = Telegram(wiring, turns, signals, bot) if bot else None
    workers = [turns, *([channel, Sender(wiring, signals, bot)] if bot and channel else ())]
    background = [Watch(wiring, signals), *([Background(wiring, bot)] if wiring.config.background else ())]

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        work = [asyncio.create_task(one.run()) for one in (*workers, *background)]
        yield
        for task in work:
            task.cancel()
        await asyncio.gather(*(one.end() for one in workers))
        await wiring.rasa.close()
        await wiring.limits.close()

    async def refused(request: Request, error: Exception) -> Response:
        return _in_words(wiring, request, error)

    async def unavailable(request: Request, error: Exception) -> Response:
        log.error("database", error=type(error).__name__)
        return _answer(wiring, request, 503, "unavailable", {"Retry-After": "2"})

    async def broken(request: Request, error: Exception) -> Response:
        log.error("unexpected", error=type(error).__name__)
        return _answer(wiring, request, 500, "unavailable")

    return Starlette(
        routes=[
            Route("/", lambda _request: RedirectResponse("/chat")),
            *_health(wiring),
            Route("/chat", lambda _request: FileResponse(PAGE / "chat.html")),
            Mount("/page", StaticFiles(directory=PAGE)),
            *web.routes(),
            *(channel.routes() if channel else ()),
        ],
        exception_handlers={MitspracheError: refused, SQLAlchemyError: unavailable, Exception: broken},
        middleware=[Middleware(_Headers)],
        lifespan=lifespan,
    )


def worker(wiring: Wiring) -> Starlette:
    """The background work alone, with its health; where bot has been told to leave it (BACKGROUND=no)."""
    bot = telegram.client(wiring.config) if wiring.config.telegram_token else None

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        work = asyncio.create_task(Background(wiring, bot).run())
        yield
        work.cancel()

    return Starlette(routes=_health(wiring), lifespan=lifespan)


def _health(wiring: Wiring) -> list[Route]:
    """Whether the process lives, and whether it can do its work."""
    readiness = Readiness(wiring.database)

    async def ready(_request: Request) -> Response:
        return PlainTextResponse("ready") if await readiness.ready() else PlainTextResponse("unready", 503)

    return [Route("/healthz", _alive), Route("/readyz", ready)]


class _Headers:
    """Adds the headers that every answer carries."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._headers = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._headers]
            await send(message)

        await self._app(scope, receive, with_headers)


async def _alive(_request: Request) -> Response:
    return PlainTextResponse("ok")


def _in_words(wiring: Wiring, request: Request, error: Exception) -> Response:
    key = error.key if isinstance(error, MitspracheError) else "unavailable"
    if isinstance(error, Busy):
        wait = error.values.get("wait", 2)
        return _answer(wiring, request, 429, key, {"Retry-After": str(wait)})
    log.warning("refused", key=key)
    if isinstance(error, Invalid | Refused):
        return _answer(wiring, request, STATUS.get(key, 422), key)
    return _answer(wiring, request, 503, "unavailable")


def _answer(wiring: Wiring, request: Request, status: int, key: str, headers: dict[str, str] | None = None) -> Response:
    asked = [part.split(";")[0].strip() for part in request.headers.get("accept-language", "").split(",")]
    language = best(asked, wiring.city.languages) or wiring.city.languages[0]
    sentence = wiring.words.say(language, key, {"most": MOST})
    return JSONResponse({"error": key, "message": sentence}, status_code=status, headers=headers)
