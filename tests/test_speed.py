"""What is done faster in Rasa is decided as Rasa decides it; and another Rasa than the one we know is left alone."""

import json
import subprocess
from typing import Any

from deploy import local

ASK = """
import asyncio, json, sys
import lean
from rasa.core.actions.action import RemoteAction
from rasa.engine.graph import GraphSchema, SchemaNode
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.shared.core.events import Event
from rasa.shared.utils.common import all_subclasses
from rasa.utils.endpoints import EndpointConfig
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

def fails(*_inputs):
    raise RuntimeError

def graph(inputs, *targets):
    # `sum` needs `two` and the input, `two` needs `one`; `lost` needs what nobody gives; `bad` fails.
    needs = {"sum": {"a": "two", "b": "given"}, "two": {"a": "one"}, "one": {}, "lost": {"a": "nobody"}, "bad": {}}
    runner = DaskGraphRunner.__new__(DaskGraphRunner)
    nodes = {name: SchemaNode(given, None, "", "", {}) for name, given in needs.items()}
    runner._graph_schema, runner._execution_context = GraphSchema(nodes), None
    runner._instantiated_nodes = {
        name: fails if name == "bad" else lambda *inputs, name=name: (name, [name, *inputs]) for name in needs
    }
    try:
        return [runner.run(inputs, [*targets]) for _ in range(2)]
    except Exception as error:
        return type(error).__name__

async def connects():
    # Whether a second call of an endpoint uses the session of the first one, still open.
    endpoint = EndpointConfig("http://127.0.0.1:1")
    async with endpoint.session() as first:
        pass
    async with endpoint.session() as second:
        kept = first is second and not first.closed
    await second.close()
    return kept

names = sorted({one.type_name for one in all_subclasses(Event) if one.type_name} | {"topic", "unheard of"})
def seen():
    runs = [({"given": 1}, "sum"), ({"given": [2]}, "two", "sum"), (None, "lost"), (None, "bad")]
    runs += [({"one": "two"}, "two"), ({"one": 1}, "two")]
    return [
        [verdict(one) for one in answers + answers],
        [resolved(one) for one in names],
        resolved("unheard of", Event),
        [graph(*one) for one in runs],
    ]

answers = json.loads(sys.argv[1])
before, new = seen(), asyncio.run(connects())
told = {"replaced": speed.install(), "before": before, "after": seen(), "again": speed.install()}
print(json.dumps({**told, "connections": [new, asyncio.run(connects())]}))
"""
PLACES = [
    "RemoteAction._validate_action_result",
    "Event.resolve_by_type",
    "DaskGraphRunner.run",
    "EndpointConfig.session",
]
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
    {
        "events": [{"event": "active_loop", "name": None}, {"event": "action", "name": "action_listen"}],
        "responses": [1],
    },
)


def test_it_decides_as_rasa_does() -> None:
    """Each valid answer of an action is taken, each invalid one refused for the same reason, also when it comes again;
    each event found; a graph gives and refuses the same; and a connection to the action server is kept."""
    command = [str(local.RASA_PYTHON), "-c", ASK, json.dumps(VALID + INVALID)]
    done = subprocess.run(command, cwd=local.ROOT / "rasa_project", capture_output=True, text=True, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["replaced"] == PLACES, "Rasa has changed"
    assert told["after"] == told["before"]
    verdicts, _, _, graphs = told["after"]
    assert graphs[0][0] == {"sum": ["sum", ["two", ["two", ["one", ["one"]]]], ["given", 1]]}
    assert graphs[2:5] == [[{"lost": ["lost", "nobody"]}] * 2, "GraphRunError", "GraphRunError"]
    assert told["connections"] == [False, True]
    assert [verdict == [True] for verdict in verdicts] == 2 * ([True] * len(VALID) + [False] * len(INVALID))
    assert told["again"] == [], "what is not Rasa's own code is left alone"
