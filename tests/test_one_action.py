"""Every turn of Rasa ends in exactly one custom action of ours."""

import re

from tests.stack import Stack


def calls(stack: Stack) -> int:
    """How often the action server has been called so far, by its own log at DEBUG."""
    log = (stack.data / "logs" / "actions.log").read_text("utf-8")
    return len(re.findall(r"mitsprache\.actions called", log))


def test_one_action_a_turn(stack: Stack) -> None:
    """Answer, interruption, misunderstanding, end and what comes after it: one call of an action each."""
    resident = stack.at_need()
    messages = (
        "hilfe",
        "zurück",
        "qwertz",
        "erfenbach",
        "nochmal bitte",
        "Mehr Bäume",
        "nein",
        "hilfe",
        "Noch ein Satz",
    )
    for text in (*messages, "stopp", "weiter"):
        before = calls(stack)
        resident.says(text)
        assert calls(stack) == before + 1, text
