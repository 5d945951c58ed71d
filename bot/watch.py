"""Notices what other processes write into the logs that somebody has open here: one look for all of them."""

import asyncio

from bot.signals import Signals
from bot.wiring import Wiring
from store import logs, outbox

LOOK_EVERY = 1.0

log = logs.logger("watch")


class Watch:
    """Tells the open streams of this process. What this process writes itself they are told at once."""

    def __init__(self, wiring: Wiring, signals: Signals) -> None:
        self._wiring, self._signals = wiring, signals

    async def run(self) -> None:
        """Looks until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                await self._look()
            except Exception as error:  # the database may be away for a while
                log.error("look into the logs failed", error=type(error).__name__)

    async def _look(self) -> None:
        found = await asyncio.to_thread(self._newest, self._signals.listened())
        for person, number in found.items():
            self._signals.note(person, number)

    def _newest(self, persons: list[str]) -> dict[str, int]:
        if not persons:
            return {}
        with self._wiring.database.read() as connection:
            return outbox.newest(connection, persons)
