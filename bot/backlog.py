"""Watches whether Telegram gets rid of its updates: it keeps them for a day only, then they are lost."""

import asyncio
from datetime import datetime, timedelta

from telegram import Bot
from telegram.error import TelegramError

from bot import metrics
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
            try:
                await self.look(clock.now())
            except Exception as error:  # whatever it is, there is a next look
                log.error("look for the backlog failed", error=type(error).__name__)
            await asyncio.sleep(LOOK_EVERY)

    async def look(self, now: datetime) -> bool:
        """Whether there is an alarm. A Telegram that can't be asked counts as one that holds something back."""
        try:
            waiting: int | None = (await self._bot.get_webhook_info()).pending_update_count
        except TelegramError:
            waiting = None
        if waiting == 0:
            self._since = None
            metrics.BACKLOG.set(0)
            return False
        self._since = self._since or now
        metrics.BACKLOG.set((now - self._since).total_seconds())
        alarm = now - self._since > TOO_LONG
        if alarm:
            log.critical("Telegram keeps updates from us", waiting=waiting, since=f"{self._since:%Y-%m-%dT%H:%MZ}")
        return alarm
