"""Whether the action server was there in a turn: Rasa logs that it was not, and says nothing of it to its channel."""

from contextvars import ContextVar
from typing import Any, Optional

from aiohttp import ClientConnectorError
from rasa.core.actions.action import RemoteAction
from rasa.utils.endpoints import ClientResponseError

PROXY = (502, 503)
"""What a proxy answers that finds no action server."""
_found: ContextVar[bool] = ContextVar("found")
_run = RemoteAction.run


def install() -> None:
    """From now on it is noticed."""
    RemoteAction.run = _noticed


def begin() -> None:
    """A turn begins."""
    _found.set(True)


def found() -> bool:
    """Whether in this turn the action server was there whenever it was called."""
    return _found.get(True)


async def _noticed(self: RemoteAction, *given: Any, **named: Any) -> Any:
    try:
        return await _run(self, *given, **named)
    except Exception as error:
        if _is_away(error):
            _found.set(False)
        raise


def _is_away(error: Optional[BaseException]) -> bool:
    while error is not None:
        if isinstance(error, ClientConnectorError):
            return True
        if isinstance(error, ClientResponseError) and error.status in PROXY:
            return True
        error = error.__cause__ or error.__context__
    return False
