"""The action of the reference assistant: stores the need, then asks for another one or says thanks."""

import os
import sqlite3
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher


class StoreNeed(Action):
    """One row a need, committed before the reply."""

    def name(self) -> str:
        return "action_store_need"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        values = (tracker.sender_id, *map(tracker.get_slot, ("language", "district", "need")))
        with sqlite3.connect(os.environ["BARE_NEEDS"], timeout=15) as connection:
            connection.execute("create table if not exists needs (sender, language, district, need)")
            connection.execute("insert into needs values (?, ?, ?, ?)", values)
        connection.close()
        if tracker.get_slot("more"):
            return [SlotSet("need", None), SlotSet("more", None), FollowupAction("interview")]
        dispatcher.utter_message(response="utter_thanks")
        return []
