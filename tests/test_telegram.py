"""Talks on Telegram, on the real stack, by polling and by webhook: interviews, buttons, menus, what is no text."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy import local
from store.tables import addresses, people
from tests.databases import everything
from tests.line import Line
from tests.scripts import SCRIPTS, play
from tests.telegram import TOKEN, Chatter, Fault, Server
from tests.waiting import until
from translations.catalogs import Words
from translations.languages import languages


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


def test_long_answers_arrive_whole(line: Line) -> None:
    """B1: three needs, each too long for a message of its own, are played back whole in messages that Telegram
    takes, and in the file."""
    chatter = line.at_need()
    needs = [_long(thing) for thing in ("Bäume", "Bänke", "Busse")]
    for need in needs:
        if need != needs[0]:
            chatter.says("ja")
            chatter.presses("Wohnen")
        for text in (need, "4", "überspringen"):
            chatter.says(text)
    assert [row[2] for row in line.stack.needs_of(chatter)] == needs
    played_back = chatter.says("/mydata")
    chatter.says("nein")
    for said in (played_back, chatter.says("lieber nicht")):
        assert all(len(text.encode("utf-16-le")) // 2 <= 4096 for text in said)
        together = "".join("".join(said).split())
        assert all("".join(need.split()) in together for need in needs)
    (file,) = [asset["data"] for asset in line.server.assets.values() if _long("Bäume").encode() in asset["data"]]
    assert all(need.encode() in file for need in needs)


def _long(thing: str) -> str:
    """A need of nearly as many characters as are taken, many of which count twice for Telegram; no sentence twice."""
    letters = [f"{one}{other}" for one in "abcdefghij" for other in "klmnopqrst"]
    return " ".join(f"Mehr {thing} {pair} 🌳🌳🌳🌳🌳 für alle hier im Ort!" for pair in letters)[:3900].strip()


def test_a_press_is_answered_and_shown(line: Line) -> None:
    """B5: Telegram hears of every press, and the message shows what was chosen."""
    chatter = line.at_need()
    answered = len(line.server.of("answerCallbackQuery"))
    chatter.says("zurück")
    chatter.presses("Gesundheit")
    until(lambda: len(line.server.of("answerCallbackQuery")) == answered + 1)
    until(lambda: _marks(line.server, chatter.chat, "✓ Gesundheit"))


def test_foreign_buttons_are_refused(line: Line) -> None:
    """B4: a button of another chat, or of nobody, does nothing; whoever pressed it is told."""
    one, other = line.at_need(), line.at_need()
    for data in (one.button("Deutsch"), "1.0.abc", "x" * 64, "/delete_my_data"):
        told = len(line.server.of("answerCallbackQuery"))
        other.press(data)
        until(lambda told=told: len(line.server.of("answerCallbackQuery")) > told)  # type: ignore[misc]
        assert line.server.of("answerCallbackQuery")[-1].get("text")
    assert [row[3] for row in line.stack.answers_of(other)] == ["betzenberg", "housing"]


FILE = {"file_id": "a-file-of-theirs", "file_unique_id": "the-same-file"}
STILL = {"is_animated": False, "is_video": False}
POLL = dict.fromkeys(("is_closed", "is_anonymous", "allows_multiple_answers", "allows_revoting", "members_only"), False)
NO_TEXT = {
    "voice": {"voice": {**FILE, "duration": 3}, "caption": "Meine Meinung dazu"},
    "photo": {"photo": [{**FILE, "width": 1, "height": 1}], "caption": "Hier fehlt Licht"},
    "location": {"location": {"latitude": 49.443712, "longitude": 7.768821}},
    "contact": {"contact": {"phone_number": "0152 28817386", "first_name": "Somebody"}},
    "dice": {"dice": {"emoji": "🎲", "value": 1}},
    "sticker": {"sticker": {**FILE, "width": 1, "height": 1, "type": "regular", **STILL}},
    "video note": {"video_note": {**FILE, "length": 1, "duration": 1}},
    "document": {"document": {**FILE, "file_name": "Brief.pdf"}, "caption": "So war die Antwort"},
    "poll": {
        "poll": {"id": "1", "question": "Mehr Bänke?", "options": [], "type": "regular", "total_voter_count": 0, **POLL}
    },
    "forwarded": {
        "text": "Das schrieb jemand anders",
        "forward_origin": {"type": "hidden_user", "date": 1, "sender_user_name": "Somebody"},
    },
}
THEIRS = (
    *("Meine Meinung dazu", "Hier fehlt Licht", "So war die Antwort", "Brief.pdf", "a-file-of-theirs", "the-same-file"),
    *("28817386", "Somebody", "49.4437", "7.7688", "Mehr Bänke?", "Das schrieb jemand anders"),
)


def test_what_is_no_text_is_told_so(line: Line) -> None:
    """B10: what is no written word of this person gets a clear sentence, once, and nothing of it is stored."""
    chatter = line.at_need()
    given = line.stack.answers_of(chatter)
    for kind, sent in NO_TEXT.items():
        what, before = dict(sent), chatter.last_number()
        message = chatter.writes(what.pop("text", None), **what)  # type: ignore[arg-type]
        assert "Das kann ich leider nicht lesen" in chatter.awaits_reply(before=before)[0], kind
        line.server.bring("message", message)
        line.brought()
        assert chatter.last_number() == before + 1, kind
    assert line.stack.answers_of(chatter) == given
    stored = everything(line.stack.database)
    assert [words for words in THEIRS if words in stored] == []


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
    line.brought()
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
    until(lambda: len(line.server.sent(chat)) == 1)
    assert line.server.sent(chat - 1) == []
    assert line.stack.count(people) == before + 1


def test_a_group_with_topics_is_told_in_one(line: Line) -> None:
    """B8: the hint stands in the topic in which somebody wrote; the other topics of the group get none."""
    chat = -(10**12) - line.server.number()
    user = {"id": 5, "is_bot": False, "first_name": "Somebody"}
    group = {"chat": {"id": chat, "type": "supergroup", "title": "Nachbarn", "is_forum": True}, "date": 1, "from": user}
    for topic in (70, 71):
        message = {"message_id": topic, "text": "Mehr Bäume", "is_topic_message": True, "message_thread_id": topic}
        line.server.bring("message", {**message, **group})
    line.brought()
    until(lambda: line.server.of("sendMessage", chat))
    line.at_need()
    assert [fields["message_thread_id"] for fields in line.server.of("sendMessage", chat)] == ["70"]


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
    until(lambda: line.stack.needs_of(chatter) == [(0, "answered", "Wir brauchen\neinen Spielplatz", 2)])
    until(lambda: len(set(chatter.numbers())) == 1)
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
    until(lambda: "Was mit meinen Daten" in str(_menus(line.server, chatter.chat)[-1:]))


def test_who_deletes_is_not_found_again(line: Line) -> None:
    """D1, D5: with the last notice the chat's id is gone from the database, and no answer is left."""
    chatter = line.at_need()
    chatter.says("/delete")
    chatter.presses("Ja, alles löschen")
    person = line.stack.person(chatter)
    until(lambda: line.stack.count(addresses, addresses.c.person == person) == 0)
    assert line.stack.answers_of(chatter) == []
    assert chatter.token not in everything(line.stack.database)


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


def test_an_album_is_told_once(line: Line) -> None:
    """B10: of an album of pictures, each of which comes by itself, the person hears once that it can't be read."""
    chatter = line.at_need()
    before = chatter.last_number()
    for _ in range(3):
        chatter.writes(None, photo=[{**FILE, "width": 1, "height": 1}], media_group_id="album")
    line.brought()
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
