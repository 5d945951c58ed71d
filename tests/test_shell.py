"""`rasa shell`: the interview on a terminal, for whoever works on the assistant."""

import re

import pexpect

from deploy import local
from tests.stack import Stack, free_ports


def test_shell(stack: Stack) -> None:
    """A developer is asked and answers on a terminal; the answer is stored as one of channel «shell»."""
    command = local.rasa_command("shell", local.train.model_file(), free_ports(1)[0])
    terminal = pexpect.spawn(
        command[0],
        list(command[1:]),
        cwd=str(local.train.RASA_PROJECT),
        env={**stack.settings.environ, "LOG_LEVEL": "ERROR", "TERM": "dumb"},
        encoding="utf-8",
        timeout=90,
        dimensions=(50, 200),
    )
    try:
        terminal.expect("Your input")
        terminal.send("hallo\r")
        # Where there are buttons the shell shows a list; Enter takes the first: Deutsch, yes, yes.
        for expected in ("In welcher Sprache", "16 Jahre", "Machen Sie mit", "welchem Stadtteil"):
            terminal.expect(expected)
            terminal.expect("Type out your own message")
            terminal.send("\r")
        terminal.expect("Was brauchen Sie")
    finally:
        terminal.close(force=True)
    assert not re.search("Traceback", terminal.before or "")
