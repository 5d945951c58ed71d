"""Watches whether Telegram gets rid of its updates: it keeps them for a day only, then they are lost."""

import asyncio
from datetime import datetime, timedelta

from telegram import Bot
from telegram.error import TelegramError

from store import clock, logs

LOOK_EVERY = 300.0
TOO_LONG = timedelta(hours=1)

log = logs.logger("telegram")


class Backlog:
    """Raises an alarm when at no look for an hour Telegram had nothing left for us."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._since: datetime | None = None

    async def run(self) -> None:
        """Looks until cancelled."""
        while True:
            await self.look(clock.now())
            await asyncio.sleep(LOOK_EVERY)

    async def look(self, now: datetime) -> bool:
        """Whether there is an alarm. A Telegram that can't be asked counts as one that holds something back."""
        try:
            waiting: int | None = (await self._bot.get_webhook_info()).pending_update_count
        except TelegramError:
            waiting = None
        if waiting == 0:
            self._since = None
            return False
        self._since = self._since or now
        alarm = now - self._since > TOO_LONG
        if alarm:
            told = "an unknown number of" if waiting is None else waiting
            log.critical("Telegram has kept %s updates from us since %s UTC", told, f"{self._since:%Y-%m-%d %H:%M}")
        return alarm
