"""What Rasa's call of an action says: which message, which act, under which lease."""

from dataclasses import dataclass
from typing import Any

from dialogue.errors import Invalid


@dataclass(frozen=True)
class Call:
    """One call of an action. `shell`: no service of ours stands in front, as in `rasa shell`."""

    act: str
    natural: str
    """The key of the message in our inbox; for the shell Rasa's own sender and message id."""
    person: str
    fence: int
    text: str
    meant: str | None
    """The act that an answer may have been meant as."""
    shell: bool


def read(act: str | None, tracker: dict[str, Any]) -> Call:
    """The call as Rasa's tracker describes it. Raises Invalid (call_incomplete)."""
    message = tracker.get("latest_message") or {}
    metadata = message.get("metadata") or {}
    settled = act or (message.get("intent") or {}).get("name") or "not_understood"
    text, meant = message.get("text") or "", message.get("meant")
    if "key" not in metadata:
        events: list[dict[str, Any]] = tracker.get("events") or []
        heard: dict[str, Any] = next((event for event in reversed(events) if event.get("event") == "user"), {})
        natural = f"{tracker['sender_id']}:{heard.get('message_id')}"
        return Call(settled, natural, tracker["sender_id"], 0, text, meant, shell=True)
    try:
        return Call(
            settled, metadata["key"], metadata["conversation"], int(metadata["fence"]), text, meant, shell=False
        )
    except (KeyError, TypeError, ValueError):
        raise Invalid("call_incomplete") from None
