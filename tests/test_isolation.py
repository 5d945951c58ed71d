"""The real deployment without a Docker: from what the images hold, each part in a container that the kernel makes."""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from deploy import local, train
from tests import images, redis
from tests.containers import Container, Image
from tests.networks import Networks, passage
from tests.packages import program
from tests.postgres import Postgres
from tests.stack import free_ports
from tests.tester import Resident
from tests.waiting import until

ROOT = local.ROOT
FILE = images.compose({"SITE": "mitreden.example.org", "OWNER": "1000:1000"})
OURS = {"actions": "", "rasa": "rasa_project", "bot": "", "worker": "", "migrate": ""}
"""Our services in the order of their start, and where the environment of each one is."""
ELSEWHERE = "192.0.2.1"
"""An address that nobody has; nothing is sent there, since there is no way."""


@pytest.fixture(scope="module")
def networks() -> Iterator[Networks]:
    """Compose's networks."""
    if os.environ.get("NO_NETWORKS"):
        pytest.skip("left out: NO_NETWORKS")
    if os.geteuid():
        pytest.fail("Networks can be made by root alone: test as root, or leave it out knowingly: NO_NETWORKS=1.")
    made = Networks(FILE)
    try:
        made.make()
        yield made
    finally:
        made.unmake()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, server: Postgres) -> Path:
    """The secrets, for a database of this test, and a place for the data: both the containers' account's own."""
    made = tmp_path_factory.mktemp("containers")
    for name in ("data", "secrets"):
        (made / name).mkdir()
    database = urlsplit(server.database())._replace(netloc="postgres@postgres:5432").geturl()
    for name in FILE["secrets"]:
        (made / "secrets" / name).touch(0o600)
        (made / "secrets" / name).write_text(f"{database if name == 'database_url' else name.ljust(64, 'x')}\n")
    for one in (made / "data", *(made / "secrets").iterdir()):
        os.chown(one, *map(int, FILE["services"]["bot"]["user"].split(":")))
    return made


@pytest.fixture(scope="module")
def built(folder: Path) -> dict[str, Image]:
    """Both images, by the folder of their environment."""
    services = Image(ROOT / "deploy" / "services.Dockerfile", folder / "image", "")
    rasa = Image(ROOT / "deploy" / "rasa.Dockerfile", folder / "image-rasa", "rasa_project")
    compile = [str(ROOT / ".venv" / "bin" / "python"), "-m", "translations.catalogs", "compile"]
    subprocess.run(compile, cwd=services.app, check=True)
    (rasa.app / "rasa_project" / "models").mkdir()
    model = train.ensure()
    for file in (model, train.checksum(model)):
        shutil.copy2(file, rasa.app / "rasa_project" / "models")
    return {"": services, "rasa_project": rasa}


@pytest.fixture(scope="module")
def started(
    networks: Networks, folder: Path, built: dict[str, Image], server: Postgres
) -> Iterator[dict[str, Container]]:
    """All of our containers. PostgreSQL and Redis are servers of this machine, called where theirs would be."""
    services = FILE["services"]
    made = {name: Container(name, services[name], built[place], networks, folder) for name, place in OURS.items()}
    port = urlsplit(server.database()).port
    counts = free_ports(1)[0]
    with ExitStack() as running:
        running.enter_context(redis.running(Path(program("redis")), counts))
        for name, there in (("postgres", port), ("redis", counts)):
            entry = networks.listen(name, images.PORTS[name])
            running.enter_context(passage(entry, lambda at=there: socket.create_connection(("127.0.0.1", at))))  # type: ignore[misc]
        made.pop("migrate").run()
        for container in made.values():
            container.start()
            running.callback(container.stop)
        for container in made.values():
            until(container.healthy, 180, lambda: time.sleep(0.5))
        yield made


@pytest.fixture
def resident(networks: Networks, started: dict[str, Container]) -> Iterator[Resident]:
    """Somebody whose page reaches bot by the proxy's network."""
    entry = socket.create_server(("127.0.0.1", free_ports(1)[0]))
    with passage(entry, lambda: networks.call("proxy", "bot", images.PORTS["bot"])):
        yield Resident(f"http://127.0.0.1:{entry.getsockname()[1]}", ("de",)).begins()


def test_a_talk_goes_on(resident: Resident) -> None:
    """From what the Dockerfiles copy, in the environment and the networks that Compose gives, all starts and works."""
    resident.presses("Deutsch")
    resident.expects_reply("Sind Sie 16")


def test_who_reaches_whom(networks: Networks, started: dict[str, Container]) -> None:
    """C6: beside PostgreSQL only bot and the action server have a line to Rasa, and only Rasa one to that server."""
    callers = {"rasa": {"bot", "actions", "postgres"}, "actions": {"rasa", "postgres"}}
    for name, expected in callers.items():
        others = [other for other in networks.spaces if other != name]
        assert {other for other in others if networks.reaches(other, name, images.PORTS[name])} == expected


def test_no_way_out(networks: Networks, started: dict[str, Container]) -> None:
    """C23: Rasa and the action server know no way to an address elsewhere; bot has one, and the same look sees it."""
    assert networks.route("bot")
    call = f"import socket; socket.create_connection(({ELSEWHERE!r}, 443), 2)"
    for name in ("rasa", "actions"):
        assert networks.route(name) == ""
        assert "Network is unreachable" in started[name].does("python", "-c", call).stderr


@pytest.mark.parametrize("name", ["rasa", "actions", "bot", "worker"])
def test_nothing_can_be_written(started: dict[str, Container], name: str) -> None:
    """C23: outside of its work folders a process can write nothing, wherever it tries."""
    places = ["/", "/app", "/app/rasa_project/models", "/etc", "/usr", "/run/secrets", "/dev/shm", "/tmp", "/data"]
    attempt = (
        "import json, pathlib, sys; found = {}\n"
        "for place in sys.argv[1:]:\n"
        "    try: pathlib.Path(place, 'attempt').write_text('x'); found[place] = ''\n"
        "    except OSError as why: found[place] = why.strerror\n"
        "print(json.dumps(found))"
    )
    found = json.loads(started[name].does("python", "-c", attempt, *places).stdout)
    work = {"/tmp", "/dev/shm", *(["/data"] if name != "rasa" else [])}
    assert {place for place, why in found.items() if not why} == work
    assert {found[place] for place in ("/", "/app", "/etc", "/usr")} == {"Read-only file system"}


@pytest.mark.parametrize("name", ["rasa", "actions", "bot", "worker"])
def test_a_process_has_no_power(started: dict[str, Container], name: str) -> None:
    """C23: a process isn't root, has no capability, and no program that it starts can give it one."""
    lines = Path(f"/proc/{started[name].pid}/status").read_text().splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert set(status["Uid"].split()) == set(status["Gid"].split()) == {"1000"}
    assert {status[kind] for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"
