"""What goes on beside the talks, once for all processes: what need not be kept goes, and Telegram is watched."""

import asyncio

from telegram import Bot

from bot.backlog import Backlog
from bot.wiring import Wiring
from store import clock, logs, retention

TIDY_EVERY = 600.0

log = logs.logger("background")


class Background:
    """Work that no reply waits for. Several processes may do it at once; one is enough."""

    def __init__(self, wiring: Wiring, bot: Bot | None) -> None:
        self._wiring, self._bot = wiring, bot

    async def run(self) -> None:
        """Until cancelled."""
        await asyncio.gather(self._tidy(), *([Backlog(self._bot).run()] if self._bot else ()))

    async def _tidy(self) -> None:
        """Removes by and by what need not be kept."""
        wiring = self._wiring
        while True:
            try:
                await asyncio.to_thread(retention.tidy, wiring.database, clock.now(), wiring.city.keep_until)
            except Exception as error:  # whatever it is, there is a next time
                log.error("tidying failed", error=type(error).__name__)
            await asyncio.sleep(TIDY_EVERY)
