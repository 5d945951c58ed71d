"""Whether this process can do its work: it can if the database answers."""

import asyncio
import contextlib

from sqlalchemy.exc import SQLAlchemyError

from store.database import Database

PATIENCE = 2.0
"""Seconds in which the database has to answer."""


class Readiness:
    """Asks the database, once at a time: whoever asks meanwhile waits for the same answer.

    So a database that hangs costs one thread, however often strangers ask.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asking: asyncio.Task[bool] | None = None

    async def ready(self) -> bool:
        """Whether the database answers, in time."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(asyncio.to_thread(self._answers))
        answered, _ = await asyncio.wait({self._asking}, timeout=PATIENCE)
        return bool(answered) and self._asking.result()

    def _answers(self) -> bool:
        with contextlib.suppress(SQLAlchemyError):
            self._database.ask()
            return True
        return False
