"""Interviews as scripts: what a person says and presses, what they read, what is stored. For any channel."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stack import Stack
from tests.tester import Resident

SCRIPTS = sorted((Path(__file__).parent / "conversations").glob("*/interview.txt"))
CODES = {"code": r"\d{4}( \d{4}){4}", "receipt": r"\w{4}(-\w{4}){2}"}


def play(stack: Stack, script: Path, begin: Callable[..., Resident]) -> Resident:
    """Holds the conversation of the script with a resident whom `begin` makes, given language tags."""
    first, *lines = script.read_text("utf-8").splitlines()
    resident, reply = begin(*first.removeprefix("begin ").split()), list[str]()
    for line in lines:
        sign, _, text = line.partition(" ")
        match sign:
            case "begin":
                resident = begin(*text.split())
            case ">":
                reply = resident.says(text)
            case "#":
                reply = resident.presses(text)
            case "@":
                reply = resident.switches_to(text)
            case "<":
                resident.expects_reply(text)
            case "~":
                assert any(text in said for said in reply), f"«{text}» not in {reply}"
            case "code" | "receipt":
                assert any(re.search(CODES[sign], said) for said in reply), reply
            case "=":
                question, instance, *expected = text.split(" ", 3)
                found = {(row[0], row[1]): row[2:4] for row in stack.answers_of(resident)}
                stored = found.get((question, int(instance)), ())
                assert [part for part in stored if part is not None] == expected
            case "0":
                assert stack.answers_of(resident) == []
            case "" | "--":
                continue
            case _:
                pytest.fail(f"unknown sign in {script}: {line}")
    return resident
