"""Every turn of Rasa ends in exactly one custom action of ours."""

import re

from tests.stack import Stack

MESSAGES = (
    *("hilfe", "wer bist du", "warum fragst du das", "datenschutz", "ergebnisse", "mit einem menschen sprechen"),
    *("danke", "hallo", "du bist dumm", "zurück", "wohnen", "nochmal bitte", "Mehr Bäume", "wichtig", "überspringen"),
    *("auf englisch", "auf deutsch", "sprache wechseln", "deutsch", "meine daten", "antwort ändern", "stadtteil"),
    *("erfenbach", "andere person", "nein", "mein mann schlägt mich", "pause", "weiter", "nein", "nein", "ja"),
    *("hilfe", "Noch ein Satz", "daten löschen", "nein", "stopp", "weiter", "daten löschen", "ja", "hallo"),
)
"""Every act, within the interview and after it."""


def calls(stack: Stack) -> int:
    """How often the action server has been called so far, by its own log at DEBUG."""
    log = (stack.data / "logs" / "actions.log").read_text("utf-8")
    return len(re.findall(r"mitsprache\.actions event=called", log))


def test_one_action_a_turn(stack: Stack) -> None:
    """Answer, interruption, misunderstanding, end and what comes after it: one call of an action each."""
    resident = stack.at_need()
    for text in MESSAGES:
        before = calls(stack)
        resident.says(text)
        assert calls(stack) == before + 1, text
    resident.expects_reply("In welcher Sprache")
