"""The real deployment, as far as it can be shown without a Docker: its files, its secrets, what is in its images."""

import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy import local, secret_files
from store import config
from tests import images
from tests.stack import free_ports

ROOT = local.ROOT
GIVEN = {"SITE": "mitreden.example.org", "OWNER": "1000:1000"}
FILE = images.compose(GIVEN)
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
NOBODY = 65534
each = pytest.mark.parametrize("name", SERVICES)


def looks_through(command: list[str], *files: Path) -> bool:
    """Whether a checker finds nothing."""
    checker = str(ROOT / ".venv" / "bin" / command[0])
    return subprocess.run([checker, *command[1:], *map(str, files)], capture_output=True).returncode == 0


@pytest.mark.parametrize(
    ("command", "good", "bad"),
    [
        (
            ["check-jsonschema", "--builtin-schema", "vendor.compose-spec"],
            [images.COMPOSE],
            "services: {bot: {image: x, restrat: always}}",
        ),
        (["hadolint"], sorted((ROOT / "deploy").glob("*.Dockerfile")), "FROM python\nRUN cd /tmp && sudo ls\n"),
    ],
    ids=["compose", "Dockerfiles"],
)
def test_the_files_are_well_formed(command: list[str], good: list[Path], bad: str, tmp_path: Path) -> None:
    """Compose's own schema and a linter of Dockerfiles find nothing; of a wrong file they do."""
    assert looks_through(command, *good)
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(bad)
    assert not looks_through(command, wrong)


def test_the_images_hold_what_was_tested() -> None:
    """The services' image gets the very versions that are tested here, and none of the tools of development."""
    locks = [(ROOT / folder / "requirements.lock").read_text() for folder in ("deploy", ".")]
    deployed, tested = (set(re.findall(r"^([\w.-]+==\S+)", lock, re.MULTILINE)) for lock in locks)
    assert deployed < tested
    assert not [one for one in deployed if one.startswith(("pytest", "mypy", "playwright"))]


@each
def test_a_service_is_hardened(name: str) -> None:
    """C23: each container is read-only, without capabilities or a way to root, bounded, and tells how it is."""
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["pids_limit"]
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}
    assert {"cpus", "memory"} == set(service["deploy"]["resources"]["limits"])
    assert name == "migrate" or service["healthcheck"]["test"]
    # LibreTranslate's image has a user of its own.
    assert name == "libretranslate" or service["user"] == GIVEN["OWNER"]


@each
def test_a_version_is_pinned(name: str) -> None:
    """Each image has a version; ours are built from bases that have one."""
    assert re.search(r":v?\d+\.\d+(\.\d+)?(-|$)|:local$", SERVICES[name]["image"])
    for file in (ROOT / "deploy").glob("*.Dockerfile"):
        assert re.search(r"^ARG PYTHON=\S+:\d+\.\d+\.\d+-", file.read_text(), re.MULTILINE)


def test_only_the_proxy_is_public() -> None:
    """C6, C23: one door leads in; Rasa and the action server have no way out, and only who has to shares a network."""
    assert [name for name, service in SERVICES.items() if service.get("ports")] == ["proxy"]
    inside = {name for name, network in FILE["networks"].items() if (network or {}).get("internal")}
    for name in ("rasa", "actions", "postgres", "redis", "migrate"):
        assert set(SERVICES[name]["networks"]) <= inside

    def neighbours(one: str) -> set[str]:
        mine = set(SERVICES[one]["networks"])
        return {name for name, service in SERVICES.items() if mine & set(service["networks"])} - {one}

    assert neighbours("rasa") == {"bot", "actions", "postgres"}
    assert neighbours("actions") == {"rasa", "postgres"}
    assert neighbours("redis") == {"bot", "worker"}


@each
def test_secrets_come_as_files(name: str) -> None:
    """C25: no secret stands in a container's environment, and each file that is named is given to it, no other."""
    service = SERVICES[name]
    environ = service.get("environment", {})
    assert not {*secret_files.SECRETS} & {*environ} - {"REDIS_URL"}
    assert "@" not in str(environ.get("REDIS_URL"))
    with_telegram = images.compose({**GIVEN, "TELEGRAM": "yes"})["services"][name].get("environment", {})
    named = {value.removeprefix(images.SECRETS) for value in with_telegram.values() if images.SECRETS in str(value)}
    assert named == set(service.get("secrets", []))
    assert not [key for key, value in environ.items() if "telegram" in str(value)], "without Telegram no file is wanted"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that another account may enter, which those of pytest are not."""
    with tempfile.TemporaryDirectory(prefix="deploy-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_secrets_are_made_once(open_folder: Path) -> None:
    """C25: one command makes all secrets that the deployment names, for their owner alone; later it changes none."""
    copy = open_folder / "copy"
    (copy / "deploy").mkdir(parents=True)
    shutil.copy2(ROOT / "deploy" / "secrets.sh", copy / "deploy")
    command = ["sh", "deploy/secrets.sh"]
    how: dict[str, Any] = {"cwd": copy, "env": {"PATH": os.environ["PATH"]}, "capture_output": True, "text": True}
    if os.geteuid() == 0:
        assert "Not as root" in subprocess.run(command, **how).stderr
        shutil.chown(copy, NOBODY)
        how["user"] = NOBODY
    subprocess.run(command, check=True, **how)
    made = {file.name: file.read_text() for file in (copy / "secrets").iterdir()}
    assert set(made) == set(FILE["secrets"])
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in (copy / "secrets").iterdir())
    assert made["postgres_password"].strip() in made["database_url"]
    assert all(len(text.strip()) >= 64 for name, text in made.items() if name != "telegram_token")
    subprocess.run(command, check=True, **how)
    assert {file.name: file.read_text() for file in (copy / "secrets").iterdir()} == made


def test_nobody_there_is_not_healthy() -> None:
    """A container at whose address nobody answers is not healthy; tests/test_isolation.py shows those that are."""
    look = [sys.executable, "deploy/healthy.py", f"http://127.0.0.1:{free_ports(1)[0]}/"]
    assert subprocess.run(look, cwd=ROOT, capture_output=True).returncode == 1


@pytest.mark.parametrize("name", ["bot", "worker"])
def test_limits_can_be_raised(name: str, tmp_path: Path) -> None:
    """Unless the city says otherwise the limits are those of the program; what it says reaches the part."""
    environ, data = SERVICES[name]["environment"], {"DATA_DIR": str(tmp_path)}
    (tmp_path / "secret").write_text("5" * 64)
    (tmp_path / "secret").chmod(0o600)
    own = config.load(data)
    given = config.load(data | {limit: environ[limit] for limit in ("LIMIT_ALL", "LIMIT_NEW")})
    assert (given.limit_all, given.limit_new) == (own.limit_all, own.limit_new)
    raised = images.compose({**GIVEN, "LIMIT_ALL": "5000 per 10 seconds"})["services"][name]["environment"]
    assert raised["LIMIT_ALL"] == "5000 per 10 seconds"
