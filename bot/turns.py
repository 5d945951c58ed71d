"""The turns: take each waiting message to Rasa, and its receipt to the outbox. One of a conversation at a time."""

import asyncio
import contextlib
import secrets
from datetime import timedelta
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from bot import metrics
from bot.delivery import delay_notice, deliver, park
from bot.rasa import Unknown, Unreachable
from bot.signals import Signals, ended
from bot.taking import Taken, take
from bot.wiring import Wiring
from dialogue.errors import MitspracheError, Refused
from store import clock, faults, inbox, logs, people
from store.inbox import Message

LEASE = 6.0
"""Seconds that a conversation stays ours without renewal: after a crash, nobody waits longer than this."""
RENEW_EVERY = 2.0
LOOK_EVERY = 0.5
"""Seconds between looks for messages that no signal told of: retries, and what a crashed process left."""
MOST_AT_ONCE = 16
BREATH = 1.0
"""Seconds before a conversation whose turn broke off is looked at again: a full disk must not be hammered."""
RASA_BACK_IN = 1.0
"""Seconds between looks whether Rasa is there again."""
TELL_AFTER = timedelta(seconds=2)
"""How long a message may fail before its person is told that it is kept."""

log = logs.logger("turns")


class Turns:
    """The background work of the bot."""

    def __init__(self, wiring: Wiring, signals: Signals) -> None:
        self._wiring, self._signals = wiring, signals
        self._owner = secrets.token_hex(8)
        self._active: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        """Whose next message came in during a turn."""
        self._crowded = False
        """Whether somebody may wait for a place."""
        self._wake = asyncio.Event()
        self._ending = False

    def wake(self, person: str) -> None:
        """A message of this person has come in."""
        if person in self._active:
            self._again.add(person)
        elif len(self._active) >= MOST_AT_ONCE:
            self._crowded = True
        elif self._crowded:
            self._wake.set()  # it isn't this message's turn yet
        elif not self._ending:
            self._begin(person)

    async def end(self) -> None:
        """Finishes the turns that are under way; what waits behind them stays in the inbox for the next process."""
        self._ending = True
        await ended(self._active.values())

    async def run(self) -> None:
        """Works until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), LOOK_EVERY)
            self._wake.clear()
            try:
                await self._begin_due()
            except Exception as error:  # the database may be away for a while; the inbox is patient
                log.error("look for messages failed", error=type(error).__name__)

    async def _begin_due(self) -> None:
        if len(self._active) >= MOST_AT_ONCE:
            return
        found = await asyncio.to_thread(self._due, MOST_AT_ONCE)
        # Whoever was refused a place during the look may wait, too.
        self._crowded = MOST_AT_ONCE in (len(found), len(self._active))
        for person in found:
            if person not in self._active and len(self._active) < MOST_AT_ONCE:
                self._begin(person)

    def _begin(self, person: str) -> None:
        task = self._active[person] = asyncio.create_task(self._converse(person))
        task.add_done_callback(partial(self._ended, person))

    def _due(self, most: int) -> list[str]:
        with self._wiring.database.look() as connection:
            return inbox.due(connection, clock.now(), most)

    def _ended(self, person: str, _task: asyncio.Task[None]) -> None:
        del self._active[person]
        again = person in self._again
        self._again.discard(person)
        if self._crowded:
            self._wake.set()  # next is the oldest message, whoever wrote it
        elif again:
            self.wake(person)

    async def _converse(self, person: str) -> None:
        try:
            while taken := await self._take(person):
                faults.reach("2")
                if not await self._turn(taken) or self._ending or self._crowded:
                    return
        except Exception as error:  # left in the inbox; the lease runs out by itself
            log.error("turn broke off", error=type(error).__name__)
            metrics.RETRIES.labels("turn").inc()
            if not isinstance(error, SQLAlchemyError | OSError):
                with contextlib.suppress(SQLAlchemyError):
                    await self._stumbled(person)
            await asyncio.sleep(BREATH)

    async def _stumbled(self, person: str) -> None:
        """A message that no turn comes to terms with must not keep its person, or others, from being served."""
        message, tries = await asyncio.to_thread(self._put_back, person)
        if message is not None and tries >= self._wiring.config.most_tries:
            await self._give_up(message, tries)
            self._signals.tell(person)

    def _put_back(self, person: str) -> tuple[Message | None, int]:
        """The oldest message waits a while, longer each time; and the number of its tries."""
        now = clock.now()
        with self._wiring.database.write() as connection:
            found = inbox.oldest(connection, person, now)
            if found is None:
                return None, 0
            message, _receipt = found
            return message, inbox.again_later(connection, message.key, now + _pause(message.tries), True)

    async def _give_up(self, message: Message, tries: int) -> None:
        if await asyncio.to_thread(park, self._wiring, message):
            log.critical("parked", tries=tries)
            metrics.PARKED.inc()

    async def _take(self, person: str) -> Taken | None:
        with metrics.TURN.labels("take").time():
            return await asyncio.to_thread(take, self._wiring, person, self._owner, LEASE)

    async def _turn(self, taken: Taken) -> bool:
        """One message; whether the next one of this conversation may follow at once."""
        faults.reach("3")
        reached = taken.receipt is not None or await self._lead(taken)
        faults.reach("6a")
        try:
            with metrics.TURN.labels("deliver").time():
                delivered = await asyncio.to_thread(deliver, self._wiring, taken)
        except Refused:
            return False  # another process has the conversation by now
        except (OSError, SQLAlchemyError, MitspracheError) as error:
            log.error("delivery failed", error=type(error).__name__)
            return await self._failed(taken, reached=False)
        if delivered is None:
            return await self._failed(taken, reached)
        faults.reach("6c")
        self._signals.tell(taken.message.person, delivered.posted)
        return delivered.further

    async def _lead(self, taken: Taken) -> bool:
        """Lets Rasa lead; whether it was reached."""
        message = taken.message
        renewing = asyncio.create_task(self._hold(taken))
        try:
            with metrics.TURN.labels("rasa").time():
                await self._wiring.rasa.turn(message.person, message.text, message.act, taken.metadata)
        except Unreachable:
            log.warning("rasa is not there")
            metrics.RASA_ERRORS.labels("unreachable").inc()
            return False
        except Unknown:
            log.warning("turn of unknown outcome")
            metrics.RASA_ERRORS.labels("unknown").inc()
        finally:
            renewing.cancel()
        return True

    async def _hold(self, taken: Taken) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY)
            with contextlib.suppress(SQLAlchemyError):
                await asyncio.to_thread(self._renew, taken)

    def _renew(self, taken: Taken) -> None:
        with self._wiring.database.write() as connection:
            people.renew(connection, taken.message.person, taken.fence, clock.now(), LEASE)

    async def _failed(self, taken: Taken, reached: bool) -> bool:
        """No receipt: nothing happened as far as we know, so the same message comes again, later."""
        tries = await asyncio.to_thread(self._again_later, taken, reached)
        if reached and tries >= self._wiring.config.most_tries:
            await self._give_up(taken.message, tries)
        elif not taken.message.ours and clock.now() - taken.message.received_at > TELL_AFTER:
            await asyncio.to_thread(delay_notice, self._wiring, taken)
        self._signals.tell(taken.message.person)
        return False

    def _again_later(self, taken: Taken, reached: bool) -> int:
        """Waits longer each time; while Rasa is away, no try counts: it is not the message's fault."""
        pause = _pause(taken.message.tries) if reached else timedelta(seconds=RASA_BACK_IN)
        now = clock.now()
        with self._wiring.database.write() as connection:
            tries = inbox.again_later(connection, taken.message.key, now + pause, reached)
            people.release(connection, taken.message.person, taken.fence)
        metrics.RETRIES.labels("turn").inc()
        return tries


def _pause(tries: int) -> timedelta:
    """How long a message waits for its next try."""
    return timedelta(seconds=min(0.5 * 2**tries, 30.0))
