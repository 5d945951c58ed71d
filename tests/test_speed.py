"""What is done faster in Rasa is decided as Rasa decides it; and another Rasa than the one we know is left alone."""

import json
import subprocess
from typing import Any

from deploy import local

ASK = """
import json, sys
from rasa.core.actions.action import RemoteAction
from rasa.shared.core.events import Event
from rasa.shared.utils.common import all_subclasses
import speed

def verdict(answer):
    try:
        return [RemoteAction("action", None)._validate_action_result(answer)]
    except Exception as error:
        return [type(error).__name__, error.message.partition(". ")[0], list(map(str, error.path))]

def resolved(name, *default):
    try:
        return repr(Event.resolve_by_type(name, *default))
    except ValueError as error:
        return str(error)

names = sorted({one.type_name for one in all_subclasses(Event) if one.type_name} | {"topic", "unheard of"})
def seen():
    return [[verdict(one) for one in answers], [resolved(one) for one in names], resolved("unheard of", Event)]

answers = json.loads(sys.argv[1])
before = seen()
print(json.dumps({"replaced": speed.install(), "before": before, "after": seen(), "again": speed.install()}))
"""
VALID: tuple[Any, ...] = (
    {},
    {"events": [], "responses": []},
    {"events": [{"event": "slot", "name": "requested_slot", "value": "question"}], "responses": [{"text": "Danke"}]},
    {"events": [{"event": "active_loop", "name": None}, {"event": "action", "name": "action_listen"}]},
)
INVALID: tuple[Any, ...] = (
    [],
    "Danke",
    None,
    {"events": "slot"},
    {"events": [{"event": "slot"}]},
    {"events": [{"name": "x"}]},
    {"events": [{"event": "slot", "name": 1, "value": "x"}]},
    {"responses": ["Danke"]},
    {"responses": {"text": "Danke"}},
)


def test_it_decides_as_rasa_does() -> None:
    """Each valid answer of an action is taken, each invalid one refused for the same reason, each event found."""
    command = [str(local.RASA_PYTHON), "-c", ASK, json.dumps(VALID + INVALID)]
    done = subprocess.run(command, cwd=local.ROOT / "rasa_project", capture_output=True, text=True, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["replaced"] == ["RemoteAction._validate_action_result", "Event.resolve_by_type"], "Rasa has changed"
    assert told["after"] == told["before"]
    verdicts = told["after"][0]
    assert [verdict == [True] for verdict in verdicts] == [True] * len(VALID) + [False] * len(INVALID)
    assert told["again"] == [], "what is not Rasa's own code is left alone"
