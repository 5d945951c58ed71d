"""A reply as plain data, to be kept in a receipt: keys and values, no words. Pure."""

from dataclasses import asdict
from typing import Any

from dialogue.outcome import Choice, Say
from dialogue.rounds import Instance


def to_data(says: tuple[Say, ...]) -> list[dict[str, Any]]:
    """The sentences as JSON data."""
    return [
        {
            "key": say.key,
            "values": dict(say.values),
            "choices": [asdict(choice) for choice in say.choices],
            "asked": list(say.asked) if say.asked else None,
            "end": say.end,
        }
        for say in says
    ]


def from_data(data: list[dict[str, Any]]) -> tuple[Say, ...]:
    """The sentences of a receipt."""
    return tuple(
        Say(
            say["key"],
            say["values"],
            tuple(Choice(**choice) for choice in say["choices"]),
            Instance(*say["asked"]) if say["asked"] else None,
            say["end"],
        )
        for say in data
    )
