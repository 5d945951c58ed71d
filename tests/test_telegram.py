"""The Telegram channel on the real stack, by polling and by webhook: the same interviews, none lost, none twice."""

import asyncio
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from telegram import Bot

from bot.backlog import Backlog
from bot.sender import split, units
from bot.telegram import client
from deploy import local
from store import addresses as addresses_of
from store import clock, config, retention
from store.tables import addresses, inbox, participations, people
from tests.databases import everything
from tests.scripts import SCRIPTS, play
from tests.stack import Stack, free_ports
from tests.talk import City
from tests.telegram import TOKEN, Chatter, Fault, Server
from translations.catalogs import Words
from translations.languages import languages

FAR = date(2099, 1, 1)
SECRET = "a-secret-that-must-not-be-seen"


@dataclass
class Line:
    """A stack that is reached through Telegram."""

    stack: Stack
    server: Server

    def chatter(self, *languages: str) -> Chatter:
        """Somebody who has just pressed «Start»."""
        return Chatter(self.stack, self.server, *languages).begins()

    def at_need(self) -> Chatter:
        """Somebody who is asked for the need, in German."""
        chatter = self.chatter("de")
        for label in ("Deutsch", "Ja, ich bin 16", "Ja, ich mache mit", "Betzenberg", "Wohnen"):
            chatter.presses(label)
        chatter.expects_reply("Was brauchen Sie")
        return chatter


@pytest.fixture(scope="module", params=["polling", "webhook"])
def line(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """A stack behind an emulated Telegram, which fetches updates or is brought them."""
    port, bot = free_ports(2)
    environ = {
        "WEBSITE": "https://example.org/chat",
        "TELEGRAM_TOKEN": TOKEN,
        "TELEGRAM_API": f"http://127.0.0.1:{port}",
        "BOT_PORT": str(bot),
    }
    if request.param == "webhook":
        environ |= {"TELEGRAM_WEBHOOK": f"http://127.0.0.1:{bot}/telegram", "TELEGRAM_SECRET": SECRET}
    with Server(port).running() as server, Stack(tmp_path_factory.mktemp("line"), **environ).running() as stack:
        yield Line(stack, server)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.parent.name)
def test_interview(line: Line, script: Path) -> None:
    """B14: the interviews of the web channel, each act and question, hold on Telegram word for word."""
    play(line.stack, script, line.chatter)


@pytest.mark.parametrize("language", languages())
def test_who_else_reads_is_said_first(line: Line, language: str) -> None:
    """D17: in each language the notice about Telegram, with the website's address, stands before the consent."""
    chatter, words = line.chatter(language), Words("kaiserslautern")
    chatter.says(languages()[language].autonym)
    notice, consent = chatter.says(words.raw(language, "age.yes"))
    assert line.stack.settings.environ["WEBSITE"] in notice
    assert consent.startswith(words.raw(language, "consent")[:20])


def test_what_is_shown_is_safe(line: Line) -> None:
    """B1, B2, B6: no message of all these talks is too long or formatted, no button's id longer than 64 bytes."""
    line.at_need()
    for call in line.server.calls:
        assert "parse_mode" not in call.fields
        assert len(call.fields.get("text", "").encode("utf-16-le")) // 2 <= 4096
    ids = list(_button_ids(line.server))
    assert ids
    assert all(len(id.encode()) <= 64 and id.isascii() for id in ids)


def test_each_update_acts_once(line: Line) -> None:
    """A2, A3, A4: brought twice, under falling numbers after a high one, each message counts once, none is missed."""
    chatter = line.at_need()
    first = chatter.writes("Mehr Bäume", update_id=10**9)
    chatter.awaits_reply()
    before = line.stack.count(inbox, inbox.c.person == line.stack.person(chatter))
    line.server.bring("message", first, 5)
    chatter.writes("4", update_id=6)
    chatter.awaits_reply()
    assert line.stack.count(inbox, inbox.c.person == line.stack.person(chatter)) == before + 1
    assert [row[3] for row in line.stack.answers_of(chatter)] == ["betzenberg", "housing", "Mehr Bäume", "4"]


def test_stored_before_telegram_hears_it(line: Line) -> None:
    """A1: over two kills in a burst of forty messages each one is stored, and counts once."""
    chatter = line.at_need()
    person = line.stack.person(chatter)
    before = line.stack.count(inbox, inbox.c.person == person)
    for number in range(40):
        if number in (15, 30):
            line.stack.settle()
            line.stack.arm("0" if number == 15 else "1", "bot")
        chatter.writes(f"Gedanke Nummer {number + 100}")
    line.stack.settle()
    _brought(line)
    assert line.stack.count(inbox, inbox.c.person == person) == before + 40


def test_a_stop_in_a_burst(line: Line) -> None:
    """A28: told to stop in a burst, the bot is gone within ten seconds; no message is lost, no reply comes twice."""
    chatter = line.at_need()
    person, before = line.stack.person(chatter), len(line.server.sent(chatter.chat))
    line.server.slow = 0.3
    for number in range(12):
        chatter.writes(f"Gedanke Nummer {number + 100}")
    _until(lambda: len(line.server.sent(chatter.chat)) > before)
    bot, asked = line.stack.supervisor.pid_of("bot"), time.monotonic()
    os.kill(bot, signal.SIGTERM)
    _until(lambda: line.stack.supervisor.pid_of("bot") != bot)
    assert time.monotonic() - asked < 10
    line.server.slow = 0.0
    line.stack.settle()
    _brought(line)
    _until(lambda: line.stack.count(inbox, inbox.c.person == person, inbox.c.state == "waiting") == 0)
    _until(lambda: len(set(chatter.numbers())) == 1)
    assert all(f"Nummer {number + 100}" in line.stack.needs_of(chatter)[0][2] for number in range(12))
    assert [message["text"] for message in line.server.sent(chatter.chat)] == line.stack.replies_to(person)


def test_nobody_agrees_to_what_is_still_on_its_way(line: Line) -> None:
    """D3: a «ja» that is written while the consent is held back by Telegram agrees to nothing."""
    chatter = line.chatter("de")
    chatter.presses("Deutsch")
    fault = Fault("sendMessage", chatter.chat, times=1, status=429, retry_after=4)
    line.server.faults.append(fault)
    before = chatter.last_number()
    chatter.press(chatter.button("Ja, ich bin 16"))
    _until(lambda: not fault.times)
    chatter.writes("ja")
    person = line.stack.person(chatter)
    _until(lambda: line.stack.count(inbox, inbox.c.person == person, inbox.c.state == "waiting") == 0)
    chatter.awaits_reply(before=before)
    _until(lambda: len(set(chatter.numbers())) == 1)
    assert line.stack.count(participations, participations.c.person == person) == 0
    chatter.catches_up()
    chatter.presses("Ja, ich mache mit")
    assert line.stack.count(participations, participations.c.person == person) == 1


def test_a_press_is_answered_and_shown(line: Line) -> None:
    """B5: Telegram hears of every press, and the message shows what was chosen."""
    chatter = line.at_need()
    answered = len(line.server.of("answerCallbackQuery"))
    chatter.says("zurück")
    chatter.presses("Gesundheit")
    _until(lambda: len(line.server.of("answerCallbackQuery")) == answered + 1)
    _until(lambda: _marks(line.server, chatter.chat, "✓ Gesundheit"))


def test_old_buttons_work_after_a_restart(line: Line) -> None:
    """B3: a button of before a restart still corrects its answer."""
    chatter = line.at_need()
    old = chatter.button("Erfenbach")
    line.stack.kill("bot")
    before = chatter.last_number()
    chatter.press(old)
    chatter.awaits_reply(before=before)
    assert line.stack.answers_of(chatter)[0][3] == "erfenbach"


def test_foreign_buttons_are_refused(line: Line) -> None:
    """B4: a button of another chat, or of nobody, does nothing; whoever pressed it is told."""
    one, other = line.at_need(), line.at_need()
    for data in (one.button("Deutsch"), "1.0.abc", "x" * 64, "/delete_my_data"):
        told = len(line.server.of("answerCallbackQuery"))
        other.press(data)
        _until(lambda told=told: len(line.server.of("answerCallbackQuery")) > told)  # type: ignore[misc]
        assert line.server.of("answerCallbackQuery")[-1].get("text")
    assert [row[3] for row in line.stack.answers_of(other)] == ["betzenberg", "housing"]


FILE = {"file_id": "f", "file_unique_id": "u"}
STILL = {"is_animated": False, "is_video": False}
POLL = dict.fromkeys(("is_closed", "is_anonymous", "allows_multiple_answers", "allows_revoting", "members_only"), False)
NO_TEXT = {
    "voice": {"voice": {**FILE, "duration": 3}},
    "photo": {"photo": [{**FILE, "width": 1, "height": 1}], "caption": "Hier fehlt Licht"},
    "location": {"location": {"latitude": 49.4, "longitude": 7.7}},
    "contact": {"contact": {"phone_number": "0152 28817386", "first_name": "Somebody"}},
    "dice": {"dice": {"emoji": "🎲", "value": 1}},
    "sticker": {"sticker": {**FILE, "width": 1, "height": 1, "type": "regular", **STILL}},
    "video note": {"video_note": {**FILE, "length": 1, "duration": 1}},
    "document": {"document": {**FILE, "file_name": "Brief.pdf"}},
    "poll": {
        "poll": {"id": "1", "question": "Mehr Bänke?", "options": [], "type": "regular", "total_voter_count": 0, **POLL}
    },
    "forwarded": {
        "text": "Das schrieb jemand anders",
        "forward_origin": {"type": "hidden_user", "date": 1, "sender_user_name": "Somebody"},
    },
}


def test_what_is_no_text_is_told_so(line: Line) -> None:
    """B10: what is no written word of this person gets a clear sentence, once, and nothing of it is stored."""
    chatter = line.at_need()
    given = line.stack.answers_of(chatter)
    for kind, sent in NO_TEXT.items():
        what, before = dict(sent), chatter.last_number()
        message = chatter.writes(what.pop("text", None), **what)  # type: ignore[arg-type]
        assert "Das kann ich leider nicht lesen" in chatter.awaits_reply(before=before)[0], kind
        line.server.bring("message", message)
        _brought(line)
        assert chatter.last_number() == before + 1, kind
    assert line.stack.answers_of(chatter) == given


def test_what_nobody_said_gets_no_reply(line: Line) -> None:
    """B10: a place that moves on is told once that it can't be read; a pin and a timer are no words of anybody."""
    chatter = line.at_need()
    before = chatter.last_number()
    place = chatter.writes(None, location={"latitude": 49.4, "longitude": 7.7, "live_period": 600})
    chatter.awaits_reply(before=before)
    for number in range(3):
        line.server.bring("edited_message", {**place, "edit_date": 1_800_000_001 + number})
    chatter.writes(None, pinned_message=place)
    chatter.writes(None, message_auto_delete_timer_changed={"message_auto_delete_time": 86400})
    _brought(line)
    assert chatter.last_number() == before + 1


def test_groups_are_told_once(line: Line) -> None:
    """B8, A24: a group gets one hint where to write; nothing is stored; channels and other events get nothing."""
    chat = -(10**12) - line.server.number()
    user = {"id": 5, "is_bot": False, "first_name": "Somebody"}
    group = {"chat": {"id": chat, "type": "supergroup", "title": "Nachbarn"}, "date": 1, "from": user}
    before = line.stack.count(people)
    for number in range(3):
        line.server.bring("message", {"message_id": number + 1, "text": "Mehr Bäume", **group})
    channel = {"chat": {"id": chat - 1, "type": "channel", "title": "Nachrichten"}, "date": 1, "message_id": 1}
    line.server.bring("channel_post", {**channel, "text": "x"})
    line.server.bring("my_chat_member", {"chat": group["chat"], "from": user, "date": 1})
    line.server.bring("message", {"message_id": 4, "migrate_to_chat_id": chat - 2, **group})
    line.server.bring("callback_query", {"id": "9", "from": user, "chat_instance": "1", "data": "1.0.x"})
    line.at_need()
    _until(lambda: len(line.server.sent(chat)) == 1)
    assert line.server.sent(chat - 1) == []
    assert line.stack.count(people) == before + 1


def test_an_edited_message_is_a_revision(line: Line) -> None:
    """B9: whoever writes a message anew revises the answer that it was; one that is not found is said to be unknown."""
    chatter = line.at_need()
    first = chatter.writes("Mehr Bäume")
    chatter.awaits_reply()
    chatter.edits(first, "Mehr Bäume und Bänke")
    assert line.stack.needs_of(chatter) == [(0, "answered", "Mehr Bäume und Bänke", 2)]
    assert "nicht zuordnen" in chatter.edits({**first, "message_id": 999_999}, "Etwas anderes")[0]
    assert line.stack.needs_of(chatter) == [(0, "answered", "Mehr Bäume und Bänke", 2)]


def test_an_edit_reaches_nobody_elses_answer(line: Line) -> None:
    """D5: on a shared phone an edit of what the first person wrote changes nothing that the second one has said."""
    chatter = line.at_need()
    first = chatter.writes("Etwas sehr Persönliches")
    chatter.awaits_reply()
    chatter.says("andere Person")
    chatter.says("ja")
    for label in ("Deutsch", "Ja, ich bin 16", "Ja, ich mache mit", "Betzenberg", "Wohnen"):
        chatter.presses(label)
    chatter.says("Mehr Spielplätze")
    assert "nicht zuordnen" in chatter.edits(first, "Etwas anderes Persönliches")[0]
    assert line.stack.needs_of(chatter) == [(0, "answered", "Mehr Spielplätze", 1)]


def test_an_edit_of_several_bubbles_loses_none(line: Line) -> None:
    """B9: one of several bubbles, written anew, replaces none of the others: the person hears how to change it."""
    chatter = line.at_need()
    first = chatter.writes("Wir brauchen")
    chatter.writes("einen Spielplatz")
    _until(lambda: line.stack.needs_of(chatter) == [(0, "answered", "Wir brauchen\neinen Spielplatz", 2)])
    _until(lambda: len(set(chatter.numbers())) == 1)
    chatter.catches_up()
    assert any("nicht zuordnen" in text for text in chatter.edits(first, "Wir wünschen uns"))
    assert line.stack.needs_of(chatter) == [(0, "answered", "Wir brauchen\neinen Spielplatz", 2)]


def test_danger_under_a_picture(line: Line) -> None:
    """Who writes of danger under a picture gets the numbers to ring, before hearing that pictures can't be read."""
    chatter = line.at_need()
    before = chatter.last_number()
    chatter.writes(None, photo=[{**FILE, "width": 1, "height": 1}], caption="mein Mann schlägt mich")
    numbers, told = chatter.awaits_reply(before=before)
    assert "110" in numbers
    assert "Das kann ich leider nicht lesen" in told


def test_commands(line: Line) -> None:
    """B13: the commands of the menu do what they say; the menu is in the language that was chosen, for this chat."""
    chatter = line.at_need()
    for command, said in (
        *(("/help", "Das können Sie immer schreiben"), ("/privacy", "Ich speichere"), ("/mydata", "Betzenberg")),
        *(("/stop", "Auf einem anderen Gerät"), ("/language", "Sprache"), ("/delete", "löschen")),
    ):
        reply = chatter.says(command)
        assert any(said in text for text in reply), (command, reply)
    assert "Was mit meinen Daten geschieht" in _menus(line.server, chatter.chat)[-1]["commands"]
    assert line.server.of("sendDocument", chatter.chat)


@pytest.mark.parametrize(("payload", "hello"), [(" ar", "برنامج"), (" xx", "Guten Tag"), (" " + "z" * 64, "Guten Tag")])
def test_deep_links(line: Line, payload: str, hello: str) -> None:
    """B7, B11: a link may name a language; any other payload is a normal start; what is chosen then counts."""
    chatter = Chatter(line.stack, line.server, "de")
    assert hello in chatter.says(f"/start{payload}")[0]
    chatter.presses("English")
    chatter.expects_reply("Are you 16")


def test_the_choice_counts(line: Line) -> None:
    """B11, B13: whose phone speaks Arabic and who chooses German is spoken to in German, and finds German commands."""
    chatter = line.chatter("ar")
    line.server.faults.append(Fault("setMyCommands", chatter.chat, times=1))
    chatter.presses("Deutsch")
    chatter.expects_reply("Sind Sie 16")
    chatter.presses("Ja, ich bin 16")
    chatter.expects_reply("Machen Sie mit?")
    _until(lambda: "Was mit meinen Daten" in str(_menus(line.server, chatter.chat)[-1:]))


def test_a_busy_chat_holds_nobody_up(line: Line) -> None:
    """A14: told to wait for one chat, the bot waits there; another chat gets its reply meanwhile."""
    one, other = line.at_need(), line.at_need()
    fault = Fault("sendMessage", one.chat, times=1, status=429, retry_after=6)
    line.server.faults.append(fault)
    before = one.last_number()
    one.writes("Mehr Bäume")
    _until(lambda: not fault.times)
    shown = len(line.server.sent(one.chat))
    other.says("Mehr Licht")
    assert len(line.server.sent(one.chat)) == shown
    one.awaits_reply(before=before)
    one.expects_reply("Wie wichtig ist das")


def test_after_an_outage_all_is_brought_in_order(line: Line) -> None:
    """A13, A15: while Telegram fails, replies wait; then all come in order, one more at most for a lost answer."""
    chatter = line.at_need()
    line.server.faults.append(Fault("sendMessage", chatter.chat, times=3))
    line.server.faults.append(Fault("sendMessage", chatter.chat, times=1, after=True))
    before = chatter.last_number()
    chatter.writes("Mehr Bäume")
    chatter.awaits_reply(before=before)
    texts = [message["text"] for message in chatter.seen[-3:]]
    assert texts[0] == texts[1] == "Danke, Ihre Antwort ist gespeichert."
    assert texts[2].startswith("Wie wichtig ist das")
    assert line.stack.needs_of(chatter) == [(0, "answered", "Mehr Bäume", 1)]


def test_a_blocked_bot_keeps_the_answers(line: Line) -> None:
    """A30: blocked, the bot stops sending and keeps what was said; whoever writes again is answered again."""
    chatter = line.at_need()
    person = line.stack.person(chatter)
    line.server.faults.append(Fault("sendMessage", chatter.chat, times=1, status=403))
    chatter.writes("Mehr Bäume")
    _until(lambda: line.stack.count(addresses, addresses.c.person == person, addresses.c.blocked.is_(True)) == 1)
    assert line.stack.needs_of(chatter) == [(0, "answered", "Mehr Bäume", 1)]
    shown, before = len(line.server.sent(chatter.chat)), chatter.last_number()
    chatter.writes("4")
    chatter.awaits_reply(before=before)
    assert len(line.server.sent(chatter.chat)) >= shown + 3


def test_who_deletes_is_not_found_again(line: Line) -> None:
    """D1, D5: with the last notice the chat's id is gone from the database, and no answer is left."""
    chatter = line.at_need()
    chatter.says("/delete")
    chatter.presses("Ja, alles löschen")
    person = line.stack.person(chatter)
    _until(lambda: line.stack.count(addresses, addresses.c.person == person) == 0)
    assert line.stack.answers_of(chatter) == []
    assert chatter.token not in everything(line.stack.database)


def test_only_telegram_is_let_in(line: Line) -> None:
    """C1: without the right secret the webhook is closed, and nothing is stored; by polling there is no webhook."""
    before = line.stack.count(inbox)
    message = {"message_id": 1, "date": 1, "chat": {"id": 5, "type": "private"}, "text": "x"}
    for secret in (None, "", "wrong", SECRET[:-1]):
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret is not None else {}
        update = {"update_id": 1, "message": message}
        answer = httpx.post(f"{line.stack.url}/telegram", json=update, headers=headers, trust_env=False)
        assert answer.status_code == (403 if "TELEGRAM_WEBHOOK" in line.stack.settings.environ else 404)
    assert line.stack.count(inbox) == before


def test_nothing_secret_is_logged(line: Line) -> None:
    """C17, C18: at DEBUG no log holds the token, the secret, a chat's id or a word of anybody."""
    chatter = line.at_need()
    chatter.says("Kanarienvogel im Park")
    logs = "".join(file.read_text("utf-8", "replace") for file in (line.stack.data / "logs").glob("*.log*"))
    for secret in (TOKEN, TOKEN.partition(":")[2], SECRET, chatter.token, "Kanarienvogel"):
        assert secret not in logs
    assert TOKEN not in everything(line.stack.database)


def given_up(line: Line) -> float:
    """How many updates the bot says to have given up."""
    metrics = httpx.get(f"http://127.0.0.1:{line.stack.settings.environ['METRICS_PORT']}/metrics", trust_env=False)
    (found,) = re.findall(r"^mitsprache_updates_given_up_total (.+)$", metrics.text, re.MULTILINE)
    return float(found)


def test_a_failing_update_keeps_nobody_away(line: Line) -> None:
    """A23: an update that can't be handled is given up and counted, and its person told; the ones behind it are
    answered."""
    chatter, counted = line.at_need(), given_up(line)
    before = chatter.last_number()
    chatter.writes(None, poll={"id": "1", "question": "in a form that is not known yet"})
    assert "Bitte schreiben Sie sie noch einmal" in chatter.awaits_reply(before=before)[0]
    line.server.bring("message", {"message_id": 1, "text": "without a chat"})
    chatter.says("Mehr Bäume")
    assert line.stack.needs_of(chatter) == [(0, "answered", "Mehr Bäume", 1)]
    assert given_up(line) == counted + 2


def test_lines_keep_their_direction(line: Line) -> None:
    """B12: in a line from right to left what a person wrote stands isolated, without controls of its own."""
    chatter = line.chatter("ar")
    for label in ("العربية", "نعم", "نعم", "Betzenberg", "السكن"):
        chatter.presses(label)
    chatter.says("Fritz-Walter-Straße \u202e(laut)\u2066")
    chatter.says("/mydata")
    shown = [message["text"] for message in line.server.sent(chatter.chat) if "(laut)" in message.get("text", "")]
    assert shown
    assert all("\u2068Fritz-Walter-Straße (laut)\u2069" in text for text in shown)
    assert any("\u2068Betzenberg\u2069" in text for text in shown)


def test_a_flood_is_told_once_and_holds_nobody_up(line: Line) -> None:
    """C19: what a chat sends beyond all measure is not kept, which it hears once; another chat is served meanwhile."""
    flooder, other = line.at_need(), line.at_need()
    person, fetched = line.stack.person(flooder), len(line.server.sent(flooder.chat))
    before = line.stack.count(inbox, inbox.c.person == person)
    pid = line.stack.supervisor.pid_of("rasa")
    os.kill(pid, signal.SIGSTOP)  # nothing is answered meanwhile, so that all of it has to wait
    try:
        for number in range(130):
            flooder.writes(f"Flut {number:03}")
        other.writes("Mehr Bäume")
        told = len(line.server.of("answerCallbackQuery"))
        flooder.press(flooder.button("Deutsch"))
        _brought(line)
        _until(lambda: len(line.server.of("answerCallbackQuery")) > told)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert line.server.of("answerCallbackQuery")[-1]["text"].startswith("Das waren sehr viele Nachrichten")
    # Half a hundred wait at most, one of which may be in work.
    assert line.stack.count(inbox, inbox.c.person == person) - before in (50, 51)
    waiting = (inbox.c.person == person, inbox.c.state == "waiting")
    _until(lambda: line.stack.needs_of(other) == [(0, "answered", "Mehr Bäume", 1)])
    assert line.stack.count(inbox, *waiting) > 0, "the flood went first"
    _until(lambda: line.stack.count(inbox, *waiting) == 0 and len(set(flooder.numbers())) == 1, 60)
    said = [message["text"] for message in line.server.sent(flooder.chat)[fetched:]]
    assert sum("nicht angenommen" in text for text in said) == 1
    assert [row[2].split("\n")[:50] for row in line.stack.needs_of(flooder)] == [[f"Flut {n:03}" for n in range(50)]]


def test_an_album_is_told_once(line: Line) -> None:
    """B10: of an album of pictures, each of which comes by itself, the person hears once that it can't be read."""
    chatter = line.at_need()
    before = chatter.last_number()
    for _ in range(3):
        chatter.writes(None, photo=[{**FILE, "width": 1, "height": 1}], media_group_id="album")
    _brought(line)
    assert chatter.last_number() == before + 1


def test_the_profile_speaks_all_languages(line: Line) -> None:
    """B13: one command sets name, descriptions and commands in each language and a default, as often as one likes."""
    environ, command = dict(line.stack.settings.environ), [str(local.PYTHON), "-m", "bot", "profile"]
    for _ in range(2):
        done = subprocess.run(command, cwd=local.ROOT, env=environ, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    names = line.server.of("setMyName")[-len(languages()) - 1 :]
    assert [fields.get("language_code") for fields in names] == [None, *languages()]
    assert all(len(fields["name"]) <= 64 for fields in names)
    assert all(len(fields["description"]) <= 512 for fields in line.server.of("setMyDescription"))
    assert all(len(fields["short_description"]) <= 120 for fields in line.server.of("setMyShortDescription"))
    assert TOKEN not in done.stdout + done.stderr


def test_no_webhook_without_a_secret(tmp_path: Path) -> None:
    """C1: a webhook that anybody could call is not opened: the setting that is missing is named."""
    environ = {**os.environ, **_environ(tmp_path), "TELEGRAM_WEBHOOK": "https://example.org/telegram"}
    command = [str(local.PYTHON), "-m", "bot"]
    done = subprocess.run(command, cwd=local.ROOT, env=environ, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "TELEGRAM_SECRET" in done.stderr


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


def _button_ids(server: Server) -> Iterator[str]:
    for fields in server.of("sendMessage"):
        if "reply_markup" in fields:
            for row in json.loads(fields["reply_markup"])["inline_keyboard"]:
                yield from (button["callback_data"] for button in row)


def _menus(server: Server, chat: int) -> list[dict[str, Any]]:
    """The commands that the chat was given, in order."""
    return [menu for menu in server.of("setMyCommands") if str(chat) in menu.get("scope", "")]


def _marks(server: Server, chat: int, label: str) -> bool:
    """Whether a message of the chat has this label on a button now."""
    return any(
        button["text"].startswith(label)
        for fields in server.of("editMessageReplyMarkup", chat)
        for row in json.loads(fields["reply_markup"])["inline_keyboard"]
        for button in row
    )


def _until(what: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.05)


def _brought(line: Line) -> None:
    """Telegram has brought all that it had."""

    def all_there() -> bool:
        line.server.deliver()
        return line.server.pending() == 0

    _until(all_there, 60)
