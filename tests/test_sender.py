"""The Telegram channel without a talk: settings that it refuses, long texts, the alarm, how long a chat is known."""

import asyncio
import hmac
import os
import subprocess
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from starlette.applications import Starlette
from telegram import Bot

from bot.backlog import Backlog
from bot.sender import split, units
from bot.telegram import Telegram, client
from deploy import local
from store import addresses as addresses_of
from store import clock, config, retention
from tests.databases import everything
from tests.line import SECRET
from tests.stack import free_ports
from tests.talk import City
from tests.telegram import TOKEN, Fault, Server

FAR = date(2099, 1, 1)


def test_no_webhook_without_a_secret(tmp_path: Path) -> None:
    """C1: a webhook that anybody could call is not opened: the setting that is missing is named."""
    environ = {**os.environ, **_environ(tmp_path), "TELEGRAM_WEBHOOK": "https://example.org/telegram"}
    command = [str(local.PYTHON), "-m", "bot"]
    done = subprocess.run(command, cwd=local.ROOT, env=environ, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "TELEGRAM_SECRET" in done.stderr


def test_the_secret_is_compared_in_constant_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """C1: whatever secret comes to the webhook, it is `hmac.compare_digest` that compares it, whole, with ours."""
    environ = {"TELEGRAM_WEBHOOK": "https://example.org/telegram", "TELEGRAM_SECRET": SECRET}
    settings = config.load({**_environ(tmp_path), **environ})
    # Whoever is let in here has nothing to say, so that nothing behind the door is needed.
    channel = Telegram(SimpleNamespace(config=settings), None, None, None)  # type: ignore[arg-type]
    compare, compared = hmac.compare_digest, []
    monkeypatch.setattr(hmac, "compare_digest", lambda *both: compared.append(both) or compare(*both))
    for secret, status in ((SECRET, 400), ("", 403), ("x", 403), (SECRET[:-1], 403), (SECRET + "x", 403)):
        assert asyncio.run(_knock(channel, secret)) == status
        assert compared.pop() == (secret.encode(), SECRET.encode())
    assert compared == []


async def _knock(channel: Telegram, secret: str) -> int:
    app, headers = Starlette(routes=channel.routes()), {"X-Telegram-Bot-Api-Secret-Token": secret}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bot") as client:
        return (await client.post("/telegram", content=b"no update", headers=headers)).status_code


def test_a_backlog_raises_an_alarm(tmp_path: Path) -> None:
    """A25: what Telegram has held back from us for more than an hour raises an alarm, until it is fetched."""
    with Server(free_ports(1)[0]).running() as server:
        settings = config.load({**_environ(tmp_path), "TELEGRAM_API": server.url})
        asyncio.run(_watch(server, client(settings)))


async def _watch(server: Server, bot: Bot) -> None:
    backlog, begin = Backlog(bot), clock.now()
    assert not await backlog.look(begin)
    server.bring("message", {"message_id": 1, "date": 1, "chat": {"id": 5, "type": "private"}, "text": "x"})
    assert not await backlog.look(begin + timedelta(minutes=5))
    assert not await backlog.look(begin + timedelta(minutes=64))
    assert await backlog.look(begin + timedelta(minutes=66))
    assert REGISTRY.get_sample_value("mitsprache_telegram_backlog_seconds") == 61 * 60
    server.faults.append(Fault("getWebhookInfo", None, times=1))
    assert await backlog.look(begin + timedelta(minutes=71)), "a Telegram that can't be asked is no good news"
    (update,) = await bot.get_updates()
    await bot.get_updates(offset=update.update_id + 1, timeout=0)
    assert not await backlog.look(begin + timedelta(minutes=76))
    assert REGISTRY.get_sample_value("mitsprache_telegram_backlog_seconds") == 0


def test_nothing_that_waits_is_dropped() -> None:
    """A26: nowhere is Telegram told to throw away what it still has for us."""
    files = [file.read_text("utf-8") for file in (local.ROOT / "bot").glob("*.py")]
    assert not any("drop_pending" in text for text in files)


@given(st.lists(st.text(alphabet="ab .!?\n🌳ش", max_size=60), max_size=12).map("".join))
@settings(max_examples=200, deadline=None)
def test_long_texts_are_parted(text: str) -> None:
    """B1: every part fits, and together they say the same, blanks at the seams aside."""
    parts = split(text, longest=20)
    assert all(0 < units(part) <= 20 for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_sentences_stay_whole() -> None:
    """B1: a text that is too long is parted between sentences."""
    assert split("Eins zwei. Drei vier! Fünf?", longest=12) == ["Eins zwei.", "Drei vier!", "Fünf?"]


def test_an_address_is_kept_for_two_days(city: City) -> None:
    """D1: 48 hours after the last word the chat's id is gone, and somebody who writes again has one again."""
    talk = city.talk()
    now = clock.now()
    with city.database.write() as connection:
        addresses_of.note(connection, talk.person, "1234567890", now)
    assert retention.tidy(city.database, now + timedelta(hours=47), FAR)["addresses"] == 0
    assert "1234567890" in everything(city.database)
    assert retention.tidy(city.database, now + timedelta(hours=49), FAR)["addresses"] == 1
    assert "1234567890" not in everything(city.database)


def _environ(folder: Path) -> dict[str, str]:
    """What a bot on Telegram must know to start."""
    secret = folder / "secret"
    secret.write_text("5" * 64)
    secret.chmod(0o600)
    return {"DATA_DIR": str(folder), "RASA_TOKEN": "x", "TELEGRAM_TOKEN": TOKEN}
