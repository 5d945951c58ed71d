"""`rasa shell`: the interview on a terminal, for whoever works on the assistant."""

import pexpect
import psutil
import sqlalchemy as sa

from deploy import local
from store.tables import answers, participations
from tests.stack import Stack, free_ports


def test_shell(stack: Stack) -> None:
    """A developer is asked on a terminal; the district is stored, channel «shell»; C6: on this machine alone."""
    port = free_ports(1)[0]
    command = local.rasa_command("shell", local.train.model_file(), port)
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
        listening = {one.laddr for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN}
        assert {address.ip for address in listening if address.port == port} == {"127.0.0.1"}
        terminal.send("hallo\r")
        # Where there are buttons the shell shows a list; Enter takes the first: Deutsch, yes, yes.
        for expected in ("In welcher Sprache", "16 Jahre", "Machen Sie mit", "welchem Stadtteil"):
            terminal.expect(expected)
            terminal.expect("Type out your own message")
            terminal.send("\r")
        terminal.expect("Um welches Thema")
        terminal.expect("Type out your own message")
    finally:
        terminal.close(force=True)
    with stack.database.read() as connection:
        stored = connection.execute(
            sa.select(answers.c.text)
            .join(participations, participations.c.id == answers.c.participation)
            .where(participations.c.channel == "shell")
        )
        assert "innenstadt_ost" in stored.scalars().all()
