"""A kill -9 at every step of a message's way: one answer, in its place, one acknowledgement, and the next question."""

import pytest

from tests.stack import Stack

IMPORTANCE = "Wie wichtig ist das für Sie?"
STEPS = {
    "0": "in the inbox, not committed",
    "1": "inbox committed, the channel not yet answered",
    "2": "leased and bound",
    "3": "receipt looked for",
    "4a": "Rasa has received it",
    "4b": "the action is done, Rasa's state not yet saved",
    "4c": "Rasa's state saved",
    "4d": "Rasa about to answer",
    "5a": "the action's transaction has begun",
    "5b": "all written, not committed",
    "5c": "committed, Rasa not yet answered",
    "6a": "Rasa has answered",
    "6b": "reply written, not committed",
    "6c": "reply committed, not delivered",
}


WHERE = {"4": "rasa", "5": "actions"}
"""Whose step it is, by its first sign; the others are bot's."""
BESIDES = [("2", "rasa"), ("4b", "bot"), ("4b", "actions"), ("5c", "bot"), ("5c", "rasa"), ("6b", "actions")]
"""Where somebody else dies; `make soak` takes every process at every step."""
CASES = [*((step, WHERE.get(step[0], "bot")) for step in STEPS), *BESIDES]


@pytest.mark.parametrize(("step", "victim"), CASES)
def test_crash(stack: Stack, step: str, victim: str) -> None:
    """A8: the process dies at this step; afterwards there is one answer for the question that was open, one reply."""
    resident = stack.at_need()
    stack.arm(step, victim)
    answer = resident.posts({"text": "Mehr Bänke auf dem Platz"}, id="the-need-of-this-test")
    assert answer.status_code == 200
    while not any(said.startswith(IMPORTANCE) for said in resident.transcript()):
        resident.awaits_reply()
    assert stack.fired(step), "the fault did not strike: the step was not reached"
    stack.settle()
    resident.says("4")
    resident.expects_reply("Haben Sie eine Idee")
    assert stack.answers_of(resident) == [
        ("district", 0, "answered", "betzenberg", 1),
        ("theme", 0, "answered", "housing", 1),
        ("need", 0, "answered", "Mehr Bänke auf dem Platz", 1),
        ("importance", 0, "answered", "4", 1),
    ]
    said = resident.transcript()
    assert said.count("Danke, Ihre Antwort ist gespeichert.") == 1
    assert len([one for one in said if one.startswith(IMPORTANCE)]) == 1
