"""The custom actions, one an act. Each turn of Rasa ends in exactly one of them. Thin: the work is in actions.turn."""

import asyncio
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import calls, metrics, turn
from actions.wiring import wiring
from dialogue import acts, replies
from store import keys, logs
from translations.wording import word

LISTEN = "action_listen"

log = logs.logger("actions")


class _Act(Action):
    """Does the act that its name says, and utters the reply in words, for the shell and for tests."""

    act: str | None = None

    def name(self) -> str:
        return f"action_{self.act}"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[EventType]:
        call = calls.read(self.act, tracker.current_state())
        log.debug("called", act=call.act)
        with metrics.ACTION.time(), metrics.FAILURES.count_exceptions():
            reply = await asyncio.to_thread(turn.perform, wiring(), call)
        says = replies.from_data(reply["says"])
        for worded in word(wiring().words, reply["language"], says):
            buttons = [{"title": label.text, "payload": label.text} for label in worded.labels]
            text = keys.reveal(wiring().config.secret, worded.text)
            dispatcher.utter_message(text=text, buttons=buttons or None)
        return self.events(ended=any(say.end for say in says))

    def events(self, ended: bool) -> list[EventType]:
        """What Rasa's dialogue state learns of it: that it is the person's turn, for which no policy has to be asked.

        Only when they stop, a rule has something more to do.
        """
        return [] if self.act == "stop" else [FollowupAction(LISTEN)]


class AskQuestion(_Act):
    """The form's action: takes the answer that was given and asks the next question, until the interview ends."""

    def name(self) -> str:
        return "action_ask_question"

    def events(self, ended: bool) -> list[EventType]:
        emptied: list[EventType] = [SlotSet("given", None), FollowupAction(LISTEN)]
        return [*emptied, ActiveLoop(None)] if ended else emptied


# One class an act, since the SDK finds actions as classes.
_INTERRUPTIONS = [
    type(f"_{act}", (_Act,), {"act": act, "__module__": __name__})
    for act in acts.ACTS
    if act not in ("answer", "yes", "no")
]
