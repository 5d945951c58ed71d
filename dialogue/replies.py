"""A reply as plain data, to be kept in a receipt: keys and values, no words. Pure."""

from dataclasses import asdict
from typing import Any

from dialogue.outcome import Choice, Line, Say
from dialogue.rounds import Instance


def to_data(says: tuple[Say, ...]) -> list[dict[str, Any]]:
    """The sentences as JSON data."""
    return [asdict(say) for say in says]


def from_data(data: list[dict[str, Any]]) -> tuple[Say, ...]:
    """The sentences of a receipt."""
    return tuple(_say(**say) for say in data)


def _say(lines: list[dict[str, Any]], choices: list[dict[str, Any]], asked: Any, **rest: Any) -> Say:
    return Say(
        lines=tuple(_line(**line) for line in lines),
        choices=tuple(Choice(**choice) for choice in choices),
        asked=Instance(*asked) if asked else None,
        **rest,
    )


def _line(keys: list[str], languages: list[str], **rest: Any) -> Line:
    return Line(keys=tuple(keys), languages=tuple(languages), **rest)
