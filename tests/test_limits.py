"""A flood holds up nobody else: limits per person and for all, in one process and over several, and fair turns."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from bot import notices
from bot.limits import OVERLOADED, Limits
from bot.receiving import Received, receive
from bot.turns import MOST_AT_ONCE
from deploy import local
from deploy.supervisor import Supervisor
from dialogue.errors import Busy, Misconfigured
from store import config, tables
from tests import redis
from tests.packages import program
from tests.redis import Server
from tests.stack import Stack, free_ports
from tests.talk import City
from tests.telegram import TOKEN, Chatter
from tests.telegram import Server as Telegram
from tests.tester import Resident
from tests.waiting import until

START = 1_800_000_000.0


@dataclass
class Clock:
    """A clock that the test moves."""

    now: float = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the library that counts."""
    made = Clock()
    monkeypatch.setattr(time, "time", made)
    return made


@dataclass
class Counter:
    """What one process counts."""

    limits: Limits
    refused: list[Busy] = field(default_factory=list)

    async def takes(self, person: str) -> bool:
        """Whether a message of this person is taken."""
        return await self._takes(self.limits.message(person))

    async def begins(self) -> bool:
        """Whether somebody new is taken."""
        return await self._takes(self.limits.newcomer())

    async def _takes(self, asked: Coroutine[Any, Any, None]) -> bool:
        try:
            await asked
        except Busy as error:
            self.refused.append(error)
            return False
        return True


@pytest.fixture
def counter(tmp_path: Path) -> Callable[..., Counter]:
    """Makes the counter of a process with these settings."""

    def make(**environ: str) -> Counter:
        return Counter(Limits(settings(tmp_path, **environ)))

    return make


def settings(folder: Path, **environ: str) -> config.Config:
    """Settings with a secret of their own."""
    secret = folder / "secret"
    if not secret.exists():
        secret.write_text("5" * 64)
        secret.chmod(0o600)
    return config.load({"DATA_DIR": str(folder), **environ})


@pytest.fixture(scope="module")
def redis_server() -> Iterator[Server]:
    """A Redis server for these tests."""
    if os.environ.get("NO_REDIS"):
        pytest.skip("left out: NO_REDIS")
    with redis.running(Path(program("redis")), free_ports(1)[0]) as started:
        yield started


def test_an_honest_person_meets_no_limit(counter: Callable[..., Counter], clock: Clock) -> None:
    """C19: five bubbles a second for twenty seconds, and then a message every five seconds for an hour: all taken."""
    one = counter()

    async def talk() -> None:
        for pause, number in ((0.2, 100), (5.0, 720)):
            for _ in range(number):
                clock.now += pause
                assert await one.takes("honest")

    asyncio.run(talk())


def test_a_flood_is_cut(counter: Callable[..., Counter], clock: Clock) -> None:
    """C19: of 100 messages a second a thousand in an hour are taken; of somebody else every one."""
    one = counter()

    async def flood() -> tuple[int, int]:
        flooded = honest = 0
        for second in range(200):
            for _ in range(100):
                clock.now += 0.01
                flooded += await one.takes("flooder")
            if second % 2 == 0:
                honest += await one.takes("honest")
        return flooded, honest

    assert asyncio.run(flood()) == (1000, 100)
    assert {error.key for error in one.refused} == {"too_fast"}


def test_what_is_refused_counts_for_nobody_else(counter: Callable[..., Counter], clock: Clock) -> None:
    """C19: a flood of one person uses up what this person may send, and nothing of what all may send."""
    one = counter(LIMIT_PERSON="5 per minute", LIMIT_ALL="10 per minute")

    async def flood() -> list[bool]:
        assert [await one.takes("flooder") for _ in range(1000)].count(True) == 5
        return [await one.takes("honest") for _ in range(5)]

    assert asyncio.run(flood()) == [True] * 5


def test_an_overload_uses_up_nobodys_own(counter: Callable[..., Counter], clock: Clock) -> None:
    """C19: who tries again and again while all together are too many, may send as much as before when that is over."""
    one = counter(LIMIT_PERSON="5 per hour", LIMIT_ALL="10 per minute")

    async def overload() -> list[bool]:
        assert all([await one.takes(f"other {number}") for number in range(10)])
        assert not any([await one.takes("honest") for _ in range(100)])
        clock.now += 61
        return [await one.takes("honest") for _ in range(5)]

    assert asyncio.run(overload()) == [True] * 5
    assert {error.key for error in one.refused} == {OVERLOADED}


def test_newcomers_have_a_limit_of_their_own(counter: Callable[..., Counter], clock: Clock) -> None:
    """C19: a flood of new talks keeps further ones waiting, and nobody who is talking already."""
    one = counter(LIMIT_NEW="3 per minute")

    async def flood() -> list[bool]:
        began = [await one.begins() for _ in range(100)]
        return [began.count(True) == 3, await one.takes("honest")]

    assert asyncio.run(flood()) == [True, True]


def test_how_long_to_wait_is_said(counter: Callable[..., Counter], clock: Clock) -> None:
    """C19: who is refused hears in how many seconds to try again, and that after half a minute at the latest."""
    short, long = counter(LIMIT_PERSON="1 per 10 seconds"), counter(LIMIT_PERSON="1 per hour")

    async def wait() -> list[object]:
        for one in (short, long):
            await one.takes("one")
            clock.now += 3
            await one.takes("one")
        return [one.refused[0].values["wait"] for one in (short, long)]

    assert asyncio.run(wait()) == [7, 30]


@pytest.mark.parametrize(("name", "value"), [("LIMIT_ALL", "many"), ("REDIS_URL", "s3cret@example.org")])
def test_a_setting_that_can_not_be_read(tmp_path: Path, name: str, value: str) -> None:
    """A limit or an address that can't be read is named at the start; an address not by its words."""
    with pytest.raises(Misconfigured) as error:
        Limits(settings(tmp_path, **{name: value}))
    assert error.value.values["name"] == name
    assert "s3cret" not in str(error.value)


def test_two_counters_share_a_redis(redis_server: Server, counter: Callable[..., Counter]) -> None:
    """C19: what two processes count, they count together; the counts expire, and name nobody."""
    redis_server.client.flushall()
    environ = {"REDIS_URL": redis_server.url, "LIMIT_PERSON": "20 per hour", "LIMIT_ALL": "30 per hour"}

    async def count() -> tuple[int, int]:
        one, other = counter(**environ), counter(**environ)
        mine = [await either.takes("a1b2") for _ in range(20) for either in (one, other)]
        others = [await either.takes(f"c{number}") for number in range(20) for either in (one, other)]
        for either in (one, other):
            await either.limits.close()
        return mine.count(True), others.count(True)

    assert asyncio.run(count()) == (20, 10)
    names = redis_server.names()
    assert len(names) > 2
    assert all(name.startswith("mitsprache:") for name in names)
    assert all(0 < int(redis_server.client.ttl(name)) <= 3600 for name in names)


OUTAGES: dict[str, tuple[Callable[[Server], None], Callable[[Server], None]]] = {
    "killed": (Server.stop, Server.start),
    "hanging": (lambda server: server.signal(signal.SIGSTOP), lambda server: server.signal(signal.SIGCONT)),
}


@pytest.mark.parametrize("kind", OUTAGES)
def test_without_redis_the_talk_goes_on(
    redis_server: Server, counter: Callable[..., Counter], caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    """C19: while Redis is away or hangs each process counts by itself and says so once; afterwards together again."""
    redis_server.client.flushall()
    one, other = (counter(REDIS_URL=redis_server.url, LIMIT_PERSON="20 per hour") for _ in range(2))
    begin, end = OUTAGES[kind]

    async def outage() -> None:
        assert await one.takes("before")
        begin(redis_server)
        # By itself: each of the two takes its twenty.
        for either in (one, other):
            assert [await either.takes("during") for _ in range(25)].count(True) == 20
        end(redis_server)
        for number in count():
            await asyncio.sleep(0.1)
            assert await one.takes(f"look {number}")
            assert await other.takes(f"look {number}")
            if caplog.text.count("redis is back") == 2:
                break
        assert [await either.takes("after") for _ in range(20) for either in (one, other)].count(True) == 20
        for either in (one, other):
            await either.limits.close()

    asyncio.run(outage())
    assert caplog.text.count("redis is away") == 2


@dataclass
class Two:
    """A stack with a Redis, and a second process of the channels beside the first."""

    stack: Stack
    urls: tuple[str, str]


@pytest.fixture(scope="module")
def two(redis_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    """Two processes of the channels on one database and one Redis. Limits that a test can reach."""
    redis_server.client.flushall()
    environ = {"REDIS_URL": redis_server.url, "LIMIT_PERSON": "30 per hour", "LIMIT_NEW": "3 per hour"}
    with Stack(tmp_path_factory.mktemp("two"), **environ).running() as stack:
        [bot] = [one for one in local.services(stack.settings, Path()) if one.name == "bot"]
        port = free_ports(1)[0]
        url = f"http://127.0.0.1:{port}"
        environ = {**bot.environ, "BOT_PORT": str(port), "METRICS_PORT": "0"}
        other = replace(bot, name="other", port=port, health=f"{url}/healthz", environ=environ)
        supervisor = Supervisor([other], stack.data, stack.said.append)
        try:
            supervisor.start()
            supervisor.wait_healthy(60)
            yield Two(stack, (stack.url, url))
        finally:
            supervisor.stop()


def test_two_processes_count_together(two: Two, redis_server: Server) -> None:
    """C19: thirty messages of a person are taken, whichever process they come to; after a restart of Redis, thirty."""
    resident = two.stack.resident("de")
    headers = dict(resident.http.headers)

    def send(number: int) -> httpx.Response:
        body = {"id": f"message-{number:05}", "text": f"Satz {number}"}
        return httpx.post(f"{two.urls[number % 2]}/api/messages", json=body, headers=headers, trust_env=False)

    answers = [send(number) for number in range(50)]
    assert [answer.status_code for answer in answers] == [200] * 30 + [429] * 20
    assert answers[-1].json()["error"] == "too_fast"
    assert "sehr viele Nachrichten" in answers[-1].json()["message"]
    assert answers[-1].headers["retry-after"] == "30"
    names = "".join(redis_server.names())
    assert two.stack.person(resident) in names
    assert resident.token not in names
    redis_server.stop()
    redis_server.start()
    assert [send(number).status_code for number in range(50, 100)] == [200] * 30 + [429] * 20


def test_new_talks_are_counted_together(two: Two, redis_server: Server) -> None:
    """C19: three new talks an hour, and no fourth one at either process; who talks already goes on."""
    redis_server.client.flushall()
    resident = two.stack.resident("de")
    begun = [httpx.post(f"{url}/api/session", json={}, trust_env=False) for url in two.urls * 2]
    assert [answer.status_code for answer in begun] == [201, 201, 429, 429]
    assert begun[-1].json()["error"] == OVERLOADED
    assert "16" in resident.presses("Deutsch")[-1]


def test_a_flood_holds_nobody_up(tmp_path: Path) -> None:
    """C19: one sends as fast as it goes; the other's turns are taken in between, and nothing of either is lost."""
    with Stack(tmp_path).running() as stack:
        _flood(stack)


def _flood(stack: Stack) -> None:
    flooder, honest = stack.at_need(), stack.at_need()
    before = stack.count(tables.inbox, tables.inbox.c.person == stack.person(flooder))

    def flood() -> list[httpx.Response]:
        answers: list[httpx.Response] = []
        with httpx.Client(base_url=stack.url, headers=dict(flooder.http.headers), trust_env=False) as http:
            for number in range(1100):
                body = {"id": f"flood-{number:05}", "text": f"Flut {number:03}"}
                answers.append(http.post("/api/messages", json=body))
                if answers[-1].json().get("error") == "too_fast":
                    return answers
        raise AssertionError("there is no limit")

    with ThreadPoolExecutor(1) as pool:
        flooded = pool.submit(flood)
        until(lambda: _waiting(stack, flooder) > 20)
        for text in ("Mehr Bäume", "4", "Bald bitte"):
            honest.says(text)
        answers = flooded.result()
    refused = [answer for answer in answers if answer.status_code != 200]
    assert {answer.status_code for answer in refused} == {429}
    assert all(int(answer.headers["retry-after"]) > 0 and answer.json()["message"] for answer in refused)
    # As the page does: the same messages under the same ids, until they are taken.
    for number in range(len(answers)):
        assert flooder.posts({"text": f"Flut {number:03}"}, id=f"flood-{number:05}").status_code == 200
    assert stack.count(tables.inbox, tables.inbox.c.person == stack.person(flooder)) == before + len(answers)
    _drained(stack, flooder)
    assert _overtaken(stack, stack.person(honest)) > 10


def test_many_floods_hold_nobody_up(stack: Stack) -> None:
    """C19: more people flood than are served at once, and still the oldest message is next, whoever wrote it."""
    flooders, honest = [stack.resident() for _ in range(MOST_AT_ONCE + 2)], stack.resident()

    def flood(flooder: Resident) -> None:
        for number in range(12):
            flooder.posts({"text": f"Flut {number:03}"})

    with ThreadPoolExecutor(len(flooders)) as pool:
        floods = [pool.submit(flood, flooder) for flooder in flooders]
        until(lambda: all(_waiting(stack, flooder) > 4 for flooder in flooders))
        honest.says("Deutsch")
        for one in floods:
            one.result()
    for flooder in flooders:
        _drained(stack, flooder)
    assert _overtakers(stack, stack.person(honest)) <= MOST_AT_ONCE


@pytest.mark.parametrize("way", ["polling", "webhook"])
def test_in_an_overload_telegram_keeps_what_is_too_much(tmp_path: Path, way: str) -> None:
    """C19: when all chats together send too much, Telegram has to wait with the rest: none is lost, nobody is told."""
    port, bot = free_ports(2)
    url = f"http://127.0.0.1:{port}"
    environ = {"TELEGRAM_TOKEN": TOKEN, "TELEGRAM_API": url, "BOT_PORT": str(bot), "LIMIT_ALL": "10 per 3 seconds"}
    if way == "webhook":
        environ |= {"TELEGRAM_WEBHOOK": f"http://127.0.0.1:{bot}/telegram", "TELEGRAM_SECRET": "another-secret-of-ours"}
    with Telegram(port).running() as telegram, Stack(tmp_path, **environ).running() as stack:
        chatters = [Chatter(stack, telegram, "de") for _ in range(4)]
        for number in range(10):
            for chatter in chatters:
                chatter.writes(f"Satz {number}")
        inbox = tables.inbox
        until(lambda: stack.count(inbox) == 40, meanwhile=telegram.deliver)
        log = (stack.data / "logs" / "bot.log").read_text("utf-8")
        assert 'event="limit reached" limit=all rate="10 per 3 second"' in log
        for chatter in chatters:
            until(lambda chatter=chatter: _waiting(stack, chatter) == 0)  # type: ignore[misc]
            assert not any("sehr viele" in message.get("text", "") for message in telegram.sent(chatter.chat))


def test_a_refusal_is_told_once(city: City) -> None:
    """C19: of a whole flood a chat hears once that it isn't taken, and again only after a message that was taken."""
    talk = city.talk()

    def refused(number: int, text: str = "Flut") -> str | None:
        about = notices.refusal(city.bot, talk.person, f"5:{number}", text)
        if about is not None:
            notices.post(city.bot, talk.person, about, "not_taken", text)
        return about

    talk.receive("Mehr Bäume")
    assert refused(1)
    said = len(talk.log())
    assert not any(refused(number) for number in range(2, 100))
    assert len(talk.log()) == said
    talk.receive("Mehr Bänke")
    assert refused(100)
    # In danger one reads the numbers to ring, flood or not.
    assert refused(101, "mein Mann schlägt mich")
    assert any("110" in one.text for one in talk.log()[-2:])


def test_a_second_delivery_is_no_refusal(city: City) -> None:
    """C19: a message that is stored and is brought once more in a flood is not said to be refused."""
    talk = city.talk()
    receive(city.bot, Received(notices.CHANNEL, talk.person, "5:1", "Mehr Bäume"))
    assert notices.refusal(city.bot, talk.person, "5:1", "Mehr Bäume") is None
    assert notices.refusal(city.bot, talk.person, "5:2", "Mehr Bäume") is not None


def _waiting(stack: Stack, resident: Resident) -> int:
    inbox = tables.inbox
    return stack.count(inbox, inbox.c.person == stack.person(resident), inbox.c.state == "waiting")


def _drained(stack: Stack, resident: Resident) -> None:
    until(lambda: _waiting(stack, resident) == 0, meanwhile=resident.catches_up)


def _handled(stack: Stack) -> list[tuple[int, str]]:
    """(number, person) of all messages, in the order in which they did their work."""
    inbox, receipts = tables.inbox, tables.receipts
    query = sa.select(inbox.c.seq, inbox.c.person).join(receipts, receipts.c.key == inbox.c.key)
    with stack.database.read() as connection:
        return [tuple(row) for row in connection.execute(query.order_by(receipts.c.created_at, inbox.c.seq))]


def _overtaken(stack: Stack, person: str) -> int:
    """How many messages of others came before this person's last one, and were handled behind it."""
    order = _handled(stack)
    last = max(number for number, who in order if who == person)
    place = [number for number, _who in order].index(last)
    return sum(number < last for number, _who in order[place:])


def _overtakers(stack: Stack, person: str) -> int:
    """How many messages of others came behind this person's last one, and were handled before it."""
    order = _handled(stack)
    last = max(number for number, who in order if who == person)
    place = [number for number, _who in order].index(last)
    return sum(number > last for number, _who in order[:place])
