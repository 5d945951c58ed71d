"""How many messages are taken: of one person, of all together, of newcomers. Counts expire; nothing else is kept.

Counted in this process or, where several share the work, in Redis. While Redis is away each process counts by itself:
a talk doesn't end because nobody can count.
"""

import math
import time
from collections.abc import Awaitable, Callable
from functools import partial

from limits import RateLimitItem
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter, RateLimiter
from limits.errors import StorageError
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from dialogue.errors import Busy, Misconfigured
from store import logs
from store.config import Config

OVERLOADED = "overloaded"
"""The key of the error when all together are too many: nobody in particular is to blame, and nothing may be lost."""
PERSON, ALL, NEW = "person", "all", "new"
PREFIX = "mitsprache"
LONGEST_WAIT = 30
"""Seconds after which a sender may look again, however long the limit lasts."""
PATIENCE = 0.5
"""Seconds that Redis may take for an answer."""
LOOK_AGAIN = 2.0
"""Seconds between looks for a Redis that is away."""

Work = Callable[[RateLimiter], Awaitable[Busy | None]]
log = logs.logger("limits")


class Limits:
    """Counts what comes in, and says when it is too much."""

    def __init__(self, settings: Config) -> None:
        self._person, self._all, self._new = settings.limit_person, settings.limit_all, settings.limit_new
        self._here = FixedWindowRateLimiter(MemoryStorage())
        self._pool = _pool(settings.redis_url) if settings.redis_url else None
        self._shared = _shared(self._pool) if self._pool else None
        self._away = False
        self._look_at = self._said_until = 0.0

    async def message(self, person: str) -> None:
        """Counts a message of a person, given by pseudonym.

        Raises Busy: too_fast (this person alone sends too many; then it doesn't count among all), overloaded.
        """
        await self._ask(partial(self._message, person))

    async def newcomer(self) -> None:
        """Counts somebody who begins without an account. Raises Busy (overloaded)."""
        await self._ask(self._newcomer)

    async def close(self) -> None:
        """Gives the connections back."""
        if self._pool:
            await self._pool.aclose()

    async def _message(self, person: str, limiter: RateLimiter) -> Busy | None:
        # Looked at first and counted last: in an overload tries don't use up what the person may send, and whoever
        # sends too many uses up nothing of the others'.
        for rate in self._all:
            if not await limiter.test(rate, ALL):
                return await self._overloaded(limiter, rate, ALL)
        for rate in self._person:
            if not await limiter.hit(rate, PERSON, person):
                return Busy("too_fast", wait=await _wait(limiter, rate, PERSON, person))
        for rate in self._all:
            await limiter.hit(rate, ALL)
        return None

    async def _newcomer(self, limiter: RateLimiter) -> Busy | None:
        for rate in self._new:
            if not await limiter.hit(rate, NEW):
                return await self._overloaded(limiter, rate, NEW)
        return None

    async def _overloaded(self, limiter: RateLimiter, rate: RateLimitItem, name: str) -> Busy:
        wait = await _wait(limiter, rate, name)
        if time.monotonic() >= self._said_until:
            log.warning("limit reached", limit=name, rate=str(rate))
            self._said_until = time.monotonic() + wait
        return Busy("overloaded", wait=wait)

    async def _ask(self, work: Work) -> None:
        busy = await self._answer(work)
        if busy is not None:
            raise busy

    async def _answer(self, work: Work) -> Busy | None:
        if self._shared is None or time.monotonic() < self._look_at:
            return await work(self._here)
        if self._away:  # one looks, the others don't wait for it
            self._look_at = time.monotonic() + LOOK_AGAIN
        try:
            answer = await work(self._shared)
        except StorageError as error:
            if not self._away:
                log.warning("redis is away, this process counts alone", error=type(error.storage_error).__name__)
            self._away, self._look_at = True, time.monotonic() + LOOK_AGAIN
            return await work(self._here)
        if self._away:
            log.warning("redis is back")
            self._away, self._look_at = False, 0.0
        return answer


async def _wait(limiter: RateLimiter, rate: RateLimitItem, *names: str) -> int:
    """Whole seconds until it is worth a look."""
    reset = (await limiter.get_window_stats(rate, *names)).reset_time
    return min(max(math.ceil(reset - time.time()), 1), LONGEST_WAIT)


def _pool(url: str) -> ConnectionPool:
    # One more try at once: after a restart of Redis an idle connection is dead without knowing it.
    retry = Retry(NoBackoff(), 1)
    try:
        return ConnectionPool.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=retry)
    except ValueError:
        # Not the address itself: it may hold a password.
        raise Misconfigured("setting_invalid", name="REDIS_URL", given="no redis://…") from None


def _shared(pool: ConnectionPool) -> RateLimiter:
    options = {"implementation": "redispy", "key_prefix": PREFIX, "connection_pool": pool}
    return FixedWindowRateLimiter(RedisStorage("redis://", wrap_exceptions=True, **options))  # type: ignore[arg-type]
