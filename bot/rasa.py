"""The way to Rasa: one message, one turn. An answer of Rasa is no proof of anything; the receipt is."""

from http import HTTPStatus
from typing import Any

from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout, TCPConnector

from dialogue.texts import inert

TIMEOUT = 20.0
"""Seconds after which the outcome of a turn counts as unknown; never as failed."""

AWAY = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE)
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

    def __init__(self, url: str, token: str) -> None:
        self._address = f"{url}/webhooks/mitsprache/webhook"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._session: ClientSession | None = None

    async def turn(self, person: str, text: str | None, act: str | None, metadata: dict[str, Any]) -> None:
        """Hands the message over and waits until its turn is over. Raises Unreachable, Unknown."""
        message = f"/{act}" if act in BUTTON_ACTS else inert(text or "")
        body = {"sender": person, "message": message, "metadata": metadata}
        try:
            async with self._opened().post(self._address, json=body) as response:
                await response.read()
        except ClientConnectorError as error:
            raise Unreachable from error
        except (ClientError, TimeoutError) as error:
            raise Unknown from error
        if response.status in AWAY:
            raise Unreachable
        if response.status != HTTPStatus.OK:
            raise Unknown

    async def close(self) -> None:
        """Gives the connections back."""
        if self._session:
            await self._session.close()

    def _opened(self) -> ClientSession:
        """The session, which belongs to the loop that runs when it is first needed."""
        if self._session is None:
            # Rasa closes idle connections after 5 s; one that it just closed would look like a failed turn.
            kept = TCPConnector(keepalive_timeout=3.0, limit=0)
            self._session = ClientSession(headers=self._headers, timeout=ClientTimeout(TIMEOUT), connector=kept)
        return self._session
