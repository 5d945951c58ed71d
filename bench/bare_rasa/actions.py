"""The action of the reference assistant: stores the need, then asks for another one or goes on to the end."""

import os
from typing import Any

import sqlalchemy as sa
from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

NEED = ("theme", "need", "importance", "idea")
ALL = ("language", "age", "consent", "district", *NEED)

needs = sa.Table("needs", sa.MetaData(), sa.Column("sender", sa.Text), *(sa.Column(name, sa.Text) for name in ALL))
engine = sa.create_engine(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://"))
needs.create(engine, checkfirst=True)


class StoreNeed(Action):
    """One row a need, committed before the reply."""

    def name(self) -> str:
        return "action_store_need"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        given = {name: None if tracker.get_slot(name) is None else str(tracker.get_slot(name)) for name in ALL}
        with engine.begin() as connection:
            connection.execute(needs.insert().values(sender=tracker.sender_id, **given))
        if not tracker.get_slot("more"):
            return [FollowupAction("closing")]
        return [*(SlotSet(name, None) for name in (*NEED, "more")), FollowupAction("interview")]
