"""Rasa's memory of a conversation: active loop and slots, no text, constant size. Disposable.

The interview itself lies in the answers of our own store. A missing state is rebuilt by the next answer; a database
that is away must not fail a turn, nor make Rasa keep trackers with texts in its own memory instead.
"""

import json
from typing import Any, Dict, Iterable, Optional, Text

import faults
import sqlalchemy as sa
from quiet import logger
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME, REQUESTED_SLOT
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, SessionStarted, SlotSet
from rasa.shared.core.trackers import DialogueStateTracker

FIND = sa.text("SELECT state FROM dialogue_states WHERE person = :person")
# In one statement: of two processes that are first at once, neither makes the server name the person in its log.
KEEP = sa.text(
    "INSERT INTO dialogue_states (person, state) VALUES (:person, :state)"
    " ON CONFLICT (person) DO UPDATE SET state = excluded.state"
)

KEPT = "kept"
"""The tracker's attribute that holds the state as it was read."""


class DialogueStates(TrackerStore):
    """Keeps (active loop, filled slots) in our database, one row a conversation."""

    def __init__(
        self, host: Text, domain: Optional[Domain] = None, event_broker: Optional[EventBroker] = None, **kwargs: Any
    ) -> None:
        super().__init__(domain, event_broker)
        url = sa.engine.make_url(host.replace("postgresql+psycopg:", "postgresql:"))
        # It is asked in Rasa's only thread: a server that hangs must not make Rasa seem dead. Nor has anybody to wait
        # for the disk: what a crash of the server takes is rebuilt.
        patience = {"connect_timeout": 2, "options": "-c statement_timeout=2000 -c synchronous_commit=off"}
        given = {"connect_args": patience} if url.get_backend_name() == "postgresql" else {}
        # A statement is a transaction.
        self._engine = sa.create_engine(url, hide_parameters=True, isolation_level="AUTOCOMMIT", **given)
        if self._engine.dialect.name == "sqlite":
            sa.event.listen(self._engine, "connect", _patient)

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Keeps the state of the tracker, if it is another one than before."""
        faults.reach("4b")
        # Other slots hold what came with a message; none of that may stay.
        requested = tracker.get_slot(REQUESTED_SLOT)
        slots = {REQUESTED_SLOT: requested} if requested else {}
        state = json.dumps({"loop": tracker.active_loop_name, "slots": slots})
        if state != getattr(tracker, KEPT, None):
            try:
                self._execute(KEEP, {"person": tracker.sender_id, "state": state})
            except sa.exc.SQLAlchemyError as error:
                logger.warning("dialogue state not saved", error=type(error).__name__)
        faults.reach("4c")

    async def retrieve(self, sender_id: Text) -> Optional[DialogueStateTracker]:
        """A tracker as if the conversation had just come to where it is; None if nothing is kept."""
        try:
            found = self._execute(FIND, {"person": sender_id})
        except sa.exc.SQLAlchemyError as error:
            logger.warning("dialogue state not read", error=type(error).__name__)
            return None
        if found is None:
            return None
        state = json.loads(found)
        tracker = self.init_tracker(sender_id)
        setattr(tracker, KEPT, found)
        events = [ActionExecuted(ACTION_SESSION_START_NAME), SessionStarted()]
        events += [SlotSet(name, value) for name, value in state["slots"].items()]
        if state["loop"]:
            events.append(ActiveLoop(state["loop"]))
        for event in [*events, ActionExecuted(ACTION_LISTEN_NAME)]:
            tracker.update(event, self.domain)
        return tracker

    def _execute(self, statement: Any, values: Dict[Text, Any]) -> Any:
        """The one value that the statement gives, if it gives any."""
        try:
            return self._once(statement, values)
        except sa.exc.DBAPIError as error:
            if not error.connection_invalidated:
                raise
        # The server was started anew: the connection was dead, and all others that were kept are gone with it.
        return self._once(statement, values)

    def _once(self, statement: Any, values: Dict[Text, Any]) -> Any:
        with self._engine.connect() as connection:
            result = connection.execute(statement, values)
            return result.scalar() if result.returns_rows else None

    async def keys(self) -> Iterable[Text]:
        """Nobody may list the conversations through Rasa."""
        return []


def _patient(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA busy_timeout = 5000")
    connection.execute("PRAGMA synchronous = NORMAL")
