"""Telegram's updates and our replies when something goes wrong: none lost, none twice, by polling and by webhook."""

import os
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx

from store.tables import addresses, inbox, outbox, participations, people
from tests.databases import everything
from tests.line import SECRET, Line
from tests.logs import SHORTEST
from tests.telegram import TOKEN, Fault
from tests.tester import SAID
from tests.waiting import until


def by_webhook(line: Line) -> bool:
    """Whether updates are brought to the bot, and not fetched by it."""
    return "TELEGRAM_WEBHOOK" in line.stack.settings.environ


def posted(line: Line, update: dict[str, Any], secret: str | None = SECRET) -> int:
    """What the webhook answers to an update that comes with this secret."""
    headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret is not None else {}
    url = f"{line.stack.url}/telegram"
    return httpx.post(url, json=update, headers=headers, trust_env=False, timeout=30).status_code


def test_each_update_acts_once(line: Line) -> None:
    """A2, A3: brought five times in all, under falling numbers after a high one, a message counts once, none is
    missed."""
    chatter = line.at_need()
    first = chatter.writes("Mehr Bäume", update_id=10**9)
    chatter.awaits_reply()
    before = line.stack.count(inbox, inbox.c.person == line.stack.person(chatter))
    for number in (10**9, 300, 20, 5):
        line.server.bring("message", first, number)
        line.brought()
    chatter.writes("4", update_id=6)
    chatter.awaits_reply()
    assert line.stack.count(inbox, inbox.c.person == line.stack.person(chatter)) == before + 1
    assert [row[3] for row in line.stack.answers_of(chatter)] == ["betzenberg", "housing", "Mehr Bäume", "4"]


def test_eight_deliveries_at_once_act_once(line: Line) -> None:
    """A2: one and the same update, brought eight times at once, is one message and gets one answer."""
    chatter = line.at_need()
    person, last = line.stack.person(chatter), chatter.last_number()
    before = line.stack.count(inbox, inbox.c.person == person)
    message = chatter.message("Mehr Bäume")
    with ThreadPoolExecutor(8) as pool:
        if by_webhook(line):
            assert set(pool.map(partial(posted, line), [{"update_id": 10**9, "message": message}] * 8)) == {200}
        else:
            list(pool.map(partial(line.server.bring, "message"), [message] * 8))
    line.brought()
    chatter.awaits_reply(before=last)
    assert line.stack.count(inbox, inbox.c.person == person) == before + 1
    assert line.stack.needs_of(chatter) == [(0, "answered", "Mehr Bäume", 1)]
    assert line.stack.replies_to(person)[last:].count("Danke, Ihre Antwort ist gespeichert.") == 1


def test_no_offset_outlives_a_restart(line: Line) -> None:
    """A4: after a high number and a restart, a message with a low one is answered, and no old offset is asked with."""
    chatter = line.at_need()
    chatter.writes("Mehr Bäume", update_id=10**9)
    chatter.awaits_reply()
    line.stack.kill("bot")
    before = chatter.last_number()
    chatter.writes("4", update_id=5)
    chatter.awaits_reply(before=before)
    assert [row[3] for row in line.stack.answers_of(chatter)][2:] == ["Mehr Bäume", "4"]
    assert by_webhook(line) or line.server.offsets[0] is None


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
    line.brought()
    assert line.stack.count(inbox, inbox.c.person == person) == before + 40


def test_a_stop_in_a_burst(line: Line) -> None:
    """A28: told to stop in a burst, the bot is gone within ten seconds; no message is lost, no reply comes twice."""
    chatter = line.at_need()
    person, before = line.stack.person(chatter), len(line.server.sent(chatter.chat))
    line.server.slow = 0.3
    for number in range(12):
        chatter.writes(f"Gedanke Nummer {number + 100}")
    until(lambda: len(line.server.sent(chatter.chat)) > before)
    bot, asked = line.stack.supervisor.pid_of("bot"), time.monotonic()
    os.kill(bot, signal.SIGTERM)
    until(lambda: line.stack.supervisor.pid_of("bot") != bot)
    assert time.monotonic() - asked < 10
    line.server.slow = 0.0
    line.stack.settle()
    line.brought()
    until(lambda: line.stack.count(inbox, inbox.c.person == person, inbox.c.state == "waiting") == 0)
    until(lambda: len(set(chatter.numbers())) == 1)
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
    until(lambda: not fault.times)
    chatter.writes("ja")
    person = line.stack.person(chatter)
    until(lambda: line.stack.count(inbox, inbox.c.person == person, inbox.c.state == "waiting") == 0)
    chatter.awaits_reply(before=before)
    until(lambda: len(set(chatter.numbers())) == 1)
    assert line.stack.count(participations, participations.c.person == person) == 0
    chatter.catches_up()
    chatter.presses("Ja, ich mache mit")
    assert line.stack.count(participations, participations.c.person == person) == 1


def test_old_buttons_work_after_a_restart(line: Line) -> None:
    """B3: a button of before a restart still corrects its answer."""
    chatter = line.at_need()
    old = chatter.button("Erfenbach")
    line.stack.kill("bot")
    before = chatter.last_number()
    chatter.press(old)
    chatter.awaits_reply(before=before)
    assert line.stack.answers_of(chatter)[0][3] == "erfenbach"


def test_a_busy_chat_holds_nobody_up(line: Line) -> None:
    """A14: told to wait for one chat, the bot waits there; another chat gets its reply meanwhile."""
    one, other = line.at_need(), line.at_need()
    fault = Fault("sendMessage", one.chat, times=1, status=429, retry_after=8)
    line.server.faults.append(fault)
    before = one.last_number()
    one.writes("Mehr Bäume")
    until(lambda: not fault.times)
    over, shown = time.monotonic() + fault.retry_after, len(line.server.sent(one.chat))
    other.says("Mehr Licht")
    assert time.monotonic() < over, "the other one had to wait, too"
    assert len(line.server.sent(one.chat)) == shown
    one.awaits_reply(before=before)
    one.expects_reply("Wie wichtig ist das")


def test_after_an_outage_all_is_brought_in_order(line: Line) -> None:
    """A13, A15: while Telegram fails, replies wait; then all come in order, one more at most for each lost answer."""
    chatter = line.at_need()
    line.server.faults.append(Fault("sendMessage", chatter.chat, times=3))
    line.server.faults.append(Fault("sendMessage", chatter.chat, times=2, after=True))
    before, shown = chatter.last_number(), len(chatter.seen)
    chatter.writes("Mehr Bäume")
    chatter.awaits_reply(before=before)
    *copies, question = [message["text"] for message in chatter.seen[shown:]]
    assert copies == ["Danke, Ihre Antwort ist gespeichert."] * 3
    assert question.startswith("Wie wichtig ist das")
    assert line.stack.needs_of(chatter) == [(0, "answered", "Mehr Bäume", 1)]


def test_a_blocked_bot_keeps_the_answers(line: Line) -> None:
    """A30: blocked, the bot stops sending and keeps what was said; whoever writes again is answered again."""
    chatter = line.at_need()
    person = line.stack.person(chatter)
    line.server.faults.append(Fault("sendMessage", chatter.chat, times=1, status=403))
    chatter.writes("Mehr Bäume")
    until(lambda: line.stack.count(addresses, addresses.c.person == person, addresses.c.blocked.is_(True)) == 1)
    assert line.stack.needs_of(chatter) == [(0, "answered", "Mehr Bäume", 1)]
    shown, before = len(line.server.sent(chatter.chat)), chatter.last_number()
    chatter.writes("4")
    chatter.awaits_reply(before=before)
    assert len(line.server.sent(chatter.chat)) >= shown + 3


def test_a_start_drops_nothing(line: Line) -> None:
    """A26: what comes while the bot is away is answered later; it never asks Telegram to throw away what waits."""
    chatter = line.at_need()
    before, bot = chatter.last_number(), line.stack.supervisor.pid_of("bot")
    os.kill(bot, signal.SIGKILL)
    chatter.writes("Mehr Bäume")
    until(lambda: line.stack.supervisor.pid_of("bot") != bot)
    line.stack.settle()
    line.brought()
    chatter.awaits_reply(before=before)
    assert line.stack.needs_of(chatter) == [(0, "answered", "Mehr Bäume", 1)]
    asked = line.server.of("setWebhook" if by_webhook(line) else "deleteWebhook")
    assert len(asked) >= 2
    assert all(str(fields.get("drop_pending_updates", False)).lower() == "false" for fields in asked)
    assert all(offset is None or offset > 0 for offset in line.server.offsets), "a negative one drops what is older"


def test_only_telegram_is_let_in(line: Line) -> None:
    """C1: without the right secret the webhook is closed, and nothing is stored; by polling there is no webhook."""
    before = line.stack.count(inbox)
    message = {"message_id": 1, "date": 1, "chat": {"id": 5, "type": "private"}, "text": "x"}
    for secret in (None, "", "wrong", SECRET[:-1]):
        update = {"update_id": 1, "message": message}
        assert posted(line, update, secret) == (403 if by_webhook(line) else 404)
    assert line.stack.count(inbox) == before


def test_nothing_secret_is_logged(line: Line) -> None:
    """C17, C18: at DEBUG no log holds the token, the secret, a chat's id or a word of anybody; the token is shown to
    nobody."""
    chatter = line.at_need()
    chatter.says("Kanarienvogel im Park")
    logs = "".join(file.read_text("utf-8", "replace") for file in (line.stack.data / "logs").glob("*.log*"))
    for secret in (TOKEN, TOKEN.partition(":")[2], SECRET, chatter.token, "Kanarienvogel"):
        assert secret not in logs
    # The last look at the logs of all tests takes only what is long enough.
    assert {chatter.token, "Kanarienvogel im Park"} <= {said for said in SAID if len(said) >= SHORTEST}
    assert TOKEN not in everything(line.stack.database)
    assert TOKEN not in str([call.fields for call in line.server.calls])


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


def test_what_is_none_of_ours_is_let_go(line: Line) -> None:
    """A24: a channel's post, a change of membership and a press without its message are taken, and nothing is stored
    or given up."""
    user = {"id": 5, "is_bot": False, "first_name": "Wellensittich"}
    channel = {"id": -(10**12) - line.server.number(), "type": "channel", "title": "Wellensittich"}
    bot = {"user": {"id": 7, "is_bot": True, "first_name": "Bot"}, "status": "left"}
    updates = {
        "channel_post": {"message_id": 1, "date": 1, "chat": channel, "text": "Wellensittich"},
        "my_chat_member": {"chat": channel, "from": user, "date": 1, "old_chat_member": bot, "new_chat_member": bot},
        "callback_query": {"id": "9", "from": user, "chat_instance": "1", "data": "1.0.Wellensittich"},
    }
    counted, before = given_up(line), [line.stack.count(table) for table in (people, inbox, addresses, outbox)]
    for number, (kind, content) in enumerate(updates.items()):
        if by_webhook(line):  # the emulator doesn't bring what the bot has not asked for
            assert posted(line, {"update_id": number + 1, kind: content}) == 200
        else:
            line.server.bring(kind, content)
    line.brought()
    assert [line.stack.count(table) for table in (people, inbox, addresses, outbox)] == before
    assert "Wellensittich" not in everything(line.stack.database)
    assert given_up(line) == counted


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
        line.brought()
        until(lambda: len(line.server.of("answerCallbackQuery")) > told)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert line.server.of("answerCallbackQuery")[-1]["text"].startswith("Das waren sehr viele Nachrichten")
    # Half a hundred wait at most, one of which may be in work.
    assert line.stack.count(inbox, inbox.c.person == person) - before in (50, 51)
    waiting = (inbox.c.person == person, inbox.c.state == "waiting")
    until(lambda: line.stack.needs_of(other) == [(0, "answered", "Mehr Bäume", 1)])
    assert line.stack.count(inbox, *waiting) > 0, "the flood went first"
    until(lambda: line.stack.count(inbox, *waiting) == 0 and len(set(flooder.numbers())) == 1, 60)
    said = [message["text"] for message in line.server.sent(flooder.chat)[fetched:]]
    assert sum("nicht angenommen" in text for text in said) == 1
    assert [row[2].split("\n")[:50] for row in line.stack.needs_of(flooder)] == [[f"Flut {n:03}" for n in range(50)]]
