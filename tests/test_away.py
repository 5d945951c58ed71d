"""Rasa without an action server: whoever asks it hears that nothing has happened."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bot.rasa import Rasa, Unreachable
from deploy import local
from deploy.supervisor import Supervisor
from tests.stack import PORTS, free_ports

METADATA = {"key": "k" * 40, "fence": 1, "channel": "web", "conversation": "p" * 40}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[local.Settings]:
    """Rasa as always, and nobody listens where it looks for actions."""
    ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
    settings = local.settings({**ports, "DATA_DIR": str(tmp_path_factory.mktemp("alone"))})
    rasa, *_others = local.services(settings, local.prepare(settings))
    supervisor = Supervisor([rasa], Path(settings.data), lambda _line: None)
    try:
        supervisor.start()
        supervisor.wait_healthy(120)
        yield settings
    finally:
        supervisor.stop()


def test_nothing_has_happened(alone: local.Settings) -> None:
    """A10, A23: without an action server a turn is no try of the message; Rasa says so by 503, not by a success."""

    async def turn() -> None:
        rasa = Rasa(alone.environ["RASA_URL"], alone.environ["RASA_TOKEN"])
        with pytest.raises(Unreachable):
            await rasa.turn("p" * 40, "Mehr Bäume", None, METADATA)
        await rasa.close()

    asyncio.run(turn())
    headers = {"Authorization": f"Bearer {alone.environ['RASA_TOKEN']}"}
    body = {"sender": "p" * 40, "message": "Mehr Bäume", "metadata": METADATA}
    url = f"{alone.environ['RASA_URL']}/webhooks/mitsprache/webhook"
    assert httpx.post(url, json=body, headers=headers, trust_env=False, timeout=30).status_code == 503
