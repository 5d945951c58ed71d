"""The way to Rasa: one message, one turn. An answer of Rasa is no proof of anything; the receipt is."""

from typing import Any

import httpx

from dialogue.texts import inert

TIMEOUT = 20.0
"""Seconds after which the outcome of a turn counts as unknown; never as failed."""

AWAY = (httpx.codes.BAD_GATEWAY, httpx.codes.SERVICE_UNAVAILABLE)
"""A proxy says that it finds no Rasa, or Rasa that it finds no action server."""

BUTTON_ACTS = ("answer", "skip", "greet", "change_language")
"""Acts that travel to Rasa as a payload of ours; nobody else can make one.

Other buttons travel as an empty text: their act stands in the inbox, and the action goes by that.
"""


class Unreachable(Exception):
    """Rasa is not there: nothing can have happened."""


class Unknown(Exception):
    """Rasa was reached, and what happened is not known."""


class Rasa:
    """A client for the assistant's own channel."""

    def __init__(self, url: str, token: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=TIMEOUT,
            transport=transport,
            # Rasa closes idle connections after 5 s; one that it just closed would look like a failed turn.
            limits=httpx.Limits(keepalive_expiry=3.0),
            trust_env=False,
        )

    async def turn(self, person: str, text: str | None, act: str | None, metadata: dict[str, Any]) -> None:
        """Hands the message over and waits until its turn is over. Raises Unreachable, Unknown."""
        message = f"/{act}" if act in BUTTON_ACTS else inert(text or "")
        body = {"sender": person, "message": message, "metadata": metadata}
        try:
            response = await self._client.post("/webhooks/mitsprache/webhook", json=body)
        except httpx.ConnectError as error:
            raise Unreachable from error
        except httpx.HTTPError as error:
            raise Unknown from error
        if response.status_code in AWAY:
            raise Unreachable
        if response.status_code != httpx.codes.OK:
            raise Unknown

    async def close(self) -> None:
        """Gives the connections back."""
        await self._client.aclose()
