"""The only door to Rasa: a REST channel that wants our token, fails loudly, and logs no text."""

import gc
import hmac
from typing import Any, Awaitable, Callable, Dict, Optional, Text

import away
import faults
import quiet
import speed
from rasa.core.channels.channel import CollectingOutputChannel, InputChannel, UserMessage
from rasa.shared.constants import INTENT_MESSAGE_PREFIX
from rasa.shared.exceptions import RasaException
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

quiet.install()
speed.install()
away.install()

MOST_BYTES = 100_000
PROBE, PROBED = "help", "help"
"""A command that the model knows by heart, and its act: whoever understands it can lead a talk."""


class Guarded(InputChannel):
    """POST webhook {sender, message, metadata} → the replies of the turn; 401 without token, 503 without an action
    server, 500 on any other failure."""

    @classmethod
    def name(cls) -> Text:
        """The part of the address: /webhooks/mitsprache/."""
        return "mitsprache"

    @classmethod
    def from_credentials(cls, credentials: Optional[Dict[Text, Any]]) -> "Guarded":
        """Refuses to start without a token: Rasa's own --auth-token does not protect its channels."""
        token = (credentials or {}).get("token")
        if not token or "${" in token:
            raise RasaException("RASA_TOKEN is not set: the channel would be open to everybody.")
        return cls(token)

    def __init__(self, token: Text) -> None:
        self._expected = "Bearer {}".format(token).encode()
        self._ready = False

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """The routes of this channel."""
        routes = Blueprint("mitsprache_channel")

        @routes.middleware("request")
        async def guard(request: Request) -> Optional[HTTPResponse]:
            given = request.headers.get("authorization", "").encode()
            if not hmac.compare_digest(given, self._expected):
                return response.json({"error": "token"}, status=401)
            if len(request.body or b"") > MOST_BYTES:
                return response.json({"error": "size"}, status=413)
            return None

        @routes.route("/healthz", methods=["GET"])
        async def alive(_request: Request) -> HTTPResponse:
            return response.text("ok")

        @routes.route("/readyz", methods=["GET"])
        async def ready(request: Request) -> HTTPResponse:
            if not self._ready and await _understands(request.app.ctx.agent):
                self._ready = True
                # Libraries and model stay: what comes and goes is looked through without them.
                gc.collect()
                gc.freeze()
            return response.text("ready") if self._ready else response.text("unready", status=503)

        @routes.route("/webhook", methods=["POST"])
        async def receive(request: Request) -> HTTPResponse:
            return await self._receive(request, on_new_message)

        return routes

    async def _receive(self, request: Request, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> HTTPResponse:
        faults.reach("4a")
        body = request.json or {}
        sender, text = body.get("sender"), body.get("message")
        # Without a sender Rasa would put everybody into one conversation called «default».
        if not isinstance(sender, str) or not isinstance(text, str) or not sender:
            return response.json({"error": "message"}, status=400)
        collector = CollectingOutputChannel()
        away.begin()
        try:
            await on_new_message(
                UserMessage(
                    text,
                    collector,
                    sender,
                    parse_data=_without_reading(text),
                    input_channel=self.name(),
                    metadata=body.get("metadata"),
                )
            )
        except Exception as error:  # whatever it was: the turn failed, and the caller must know
            quiet.logger.error("turn failed", error=type(error).__name__)
            return response.json({"error": "turn"}, status=500)
        if not away.found():
            return response.json({"error": "actions"}, status=503)
        faults.reach("4d")
        return response.json(collector.messages)


def _without_reading(text: Text) -> Optional[Dict[Text, Any]]:
    """What a button says, told without the model: it would be asked, and then not listened to. None for words.

    An act comes as «/act», which no text of a person can begin with; other buttons come as an empty text.
    """
    if text and not text.startswith(INTENT_MESSAGE_PREFIX):
        return None
    act = {"name": text[len(INTENT_MESSAGE_PREFIX) :] or "answer", "confidence": 1.0}
    return {"text": text, "intent": act, "entities": [], "intent_ranking": [act]}


async def _understands(agent: Any) -> bool:
    """Whether the model of this process understands a word. It stays the same one, so one success is enough."""
    try:
        parsed = await agent.parse_message(PROBE)
    except Exception as error:  # there is no model, or it is none of ours
        quiet.logger.error("model not ready", error=type(error).__name__)
        return False
    return bool(parsed["intent"]["name"] == PROBED)
