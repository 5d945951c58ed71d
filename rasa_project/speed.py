"""Four places where Rasa 3.6.21 does the same work again and again, done once. Nothing is decided differently.

Of its time for a turn a third goes into checking the schema with which it checks the action server's answer, an eighth
into walking through all classes of events for each event, a tenth into planning the same small graph, and a tenth into
a new connection to the action server. Where Rasa's code is not the one we know, it stays as it is.
"""

import hashlib
import inspect
import json
from graphlib import TopologicalSorter
from typing import Any, Callable, Dict, List, Optional, Set, Text, Tuple, Type

from aiohttp import ClientSession
from jsonschema.exceptions import best_match
from jsonschema.validators import validator_for
from quiet import logger
from rasa.core.actions.action import RemoteAction
from rasa.engine.exceptions import GraphRunError
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.shared.core.events import Event
from rasa.shared.utils.common import all_subclasses
from rasa.utils.endpoints import EndpointConfig

KNOWN = {
    "RemoteAction._validate_action_result": "f8cdb4be6812396167ced74161b2ccd65c5ea676ad86d7d359d8c322d9d8dc42",
    "Event.resolve_by_type": "b5cf570fa7f286c7059ec73d8880528d03a78b28cf4e80285a46079c0fa65968",
    "DaskGraphRunner.run": "45f0f52f574f3aa9546a552bf671183e171092c18b66e97f5771a7fa295de37e",
    "EndpointConfig.session": "e55aa13d9d4fb4bc440ac33b870a97ee162b76dda7ccb6bf68433567475fdffb",
}
"""SHA-256 of the source of what is replaced."""
MOST_DIGESTS = 1000
"""Of valid events; ours are a few."""


def install() -> List[Text]:
    """Replaces what is known, and tells its names."""
    return [name for name, place, new in _places() if _replace(name, place, new)]


def _places() -> List[Tuple[Text, Type[Any], Any]]:
    return [
        ("RemoteAction._validate_action_result", RemoteAction, _checked()),
        ("Event.resolve_by_type", Event, staticmethod(_resolved(Event.resolve_by_type))),
        ("DaskGraphRunner.run", DaskGraphRunner, _run),
        ("EndpointConfig.session", EndpointConfig, _kept(EndpointConfig.session)),
    ]


def _replace(name: Text, place: Type[Any], new: Any) -> bool:
    attribute = name.partition(".")[2]
    if fingerprint(getattr(place, attribute)) != KNOWN[name]:
        logger.warning("Rasa's code is another one", name=name)
        return False
    setattr(place, attribute, new)
    return True


def fingerprint(function: Callable[..., Any]) -> Text:
    """Of the source of a function, by which a change of Rasa's is noticed."""
    return hashlib.sha256(inspect.getsource(function).encode()).hexdigest()


def _checked() -> Callable[[RemoteAction, Dict[Text, Any]], bool]:
    """The check of an action's answer: the same schema, the same error; but the schema itself is checked once.

    So are its events, which are the same few at each turn. Of them a digest is kept: Rasa has no texts in its memory.
    """
    schema = RemoteAction.action_response_format_spec()
    kind = validator_for(schema)
    kind.check_schema(schema)
    validator = kind(schema)
    valid: Set[Text] = set()

    def validate(_self: RemoteAction, result: Dict[Text, Any]) -> bool:
        events = result.get("events") if isinstance(result, dict) else None
        digest = hashlib.sha256(json.dumps(events).encode()).hexdigest() if events else ""
        error = best_match(validator.iter_errors({**result, "events": []} if digest in valid else result))
        if error is None:
            if digest and len(valid) < MOST_DIGESTS:
                valid.add(digest)
            return True
        error.message += ". The action server's answer is not valid."
        raise error

    return validate


def _resolved(original: Callable[..., Optional[Type[Event]]]) -> Callable[..., Optional[Type[Event]]]:
    """The class of an event by its name; names that are not known yet go the long way."""
    known: Dict[Text, Type[Event]] = {}
    for event in all_subclasses(Event):
        known.setdefault(event.type_name, event)

    def resolve(type_name: Text, default: Optional[Type[Event]] = None) -> Optional[Type[Event]]:
        return known.get(type_name) or original(type_name, default)

    return resolve


def _run(
    self: DaskGraphRunner, inputs: Optional[Dict[Text, Any]] = None, targets: Optional[List[Text]] = None
) -> Dict[Text, Any]:
    """The graph, node by node, in an order that is found once: without threads Dask does no more than that."""
    wanted = targets or self._graph_schema.target_names
    plans = self.__dict__.setdefault("_plans", {})
    if tuple(wanted) not in plans:
        planned = self._build_dask_graph(self._graph_schema.minimal_graph_schema(wanted))
        needs = {name: [need for need in node[1:] if need in planned] for name, node in planned.items()}
        plans[tuple(wanted)] = planned, tuple(TopologicalSorter(needs).static_order())
    planned, order = plans[tuple(wanted)]
    graph = dict(planned)
    self._add_inputs_to_graph(inputs, graph)
    found = {name: graph[name] for name in inputs or {}}
    try:
        for name in (name for name in order if name not in found):
            node, *needs = graph[name]
            found[name] = node(*[found.get(need, need) for need in needs])
    except RuntimeError as error:
        raise GraphRunError("Error running runner.") from error
    return dict(found[name] for name in wanted)


class _Kept:
    """A session that stays open when the block ends that uses it."""

    def __init__(self, session: ClientSession) -> None:
        self.session = session

    async def __aenter__(self) -> ClientSession:
        return self.session

    async def __aexit__(self, *_error: Any) -> None:
        return None


def _kept(original: Callable[[EndpointConfig], ClientSession]) -> Callable[[EndpointConfig], _Kept]:
    """One session an endpoint, and with it its connections, as long as the process lives."""

    def session(self: EndpointConfig) -> _Kept:
        kept = self.__dict__.get("_session")
        if kept is None or kept.session.closed:
            kept = self.__dict__["_session"] = _Kept(original(self))
        return kept

    return session
