"""Setting up and keeping up: the supervisor, the training, the locks, the make targets."""

import errno
import itertools
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deploy import local, train
from deploy.supervisor import CannotStart, Keeper, Service, Supervisor
from dialogue.errors import Misconfigured
from store import config
from tests.stack import free_ports
from tests.waiting import happens

ROOT = Path(__file__).resolve().parent.parent
LOCKS = [ROOT / folder / "requirements.lock" for folder in (".", "rasa_project", "deploy", "bench/bare_rasa")]

# Runs `deploy.local` with a stand-in for its processes, as `make run` would.
STAND_IN = """
import sys
from pathlib import Path
from deploy import local
from tests.test_setup import server
local.services = lambda given, model: [server("bot", given.bot_port)]
local.prepare = lambda given: Path()
local.main()
"""


def server(name: str, port: int, before: str = "") -> Service:
    """A tiny web server, started by a shell that does something before."""
    serve = f"exec {sys.executable} -m http.server {port} --bind 127.0.0.1"
    return Service(
        name,
        ("sh", "-c", before + serve),
        ROOT / "deploy",
        port,
        "BOT_PORT",
        f"http://127.0.0.1:{port}/",
        {},
        os.environ,
    )


class Kept:
    """Supervisors of a test, stopped at its end, and what they said."""

    def __init__(self, data: Path) -> None:
        self.data, self.said, self._all = data, list[str](), list[Supervisor]()

    def supervisor(self, *services: Service) -> Supervisor:
        self._all.append(Supervisor(services, self.data, self.said.append))
        return self._all[-1]

    def says(self, pattern: str) -> bool:
        return any(re.fullmatch(pattern, line) for line in self.said)

    def stop(self) -> None:
        for supervisor in self._all:
            supervisor.stop()


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    kept = Kept(tmp_path)
    yield kept
    kept.stop()


def test_a_level_of_the_logs_is_one_that_there_is(tmp_path: Path) -> None:
    """LOG_LEVEL is read in capitals or not; a word that is no level is refused, and the setting named."""
    (tmp_path / "secret").touch(0o600)
    (tmp_path / "secret").write_text("5" * 64)
    given = {"DATA_DIR": str(tmp_path)}
    assert config.load({**given, "LOG_LEVEL": "debug"}).log_level == "DEBUG"
    assert config.load(given).log_level == "INFO"
    with pytest.raises(Misconfigured, match="setting_invalid"):
        config.load({**given, "LOG_LEVEL": "loud"})


def test_a_full_disk_does_not_end_the_watch(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """A18: whose number can't be written down is watched and started again all the same."""

    def full(_keeper: Keeper) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Keeper, "_write_pid", full)
    supervisor = kept.supervisor(server("bot", free_ports(1)[0]))
    supervisor.start()
    supervisor.wait_healthy(20)
    for _ in range(2):
        killed = supervisor.pid_of("bot")
        os.kill(killed, signal.SIGKILL)
        assert happens(lambda killed=killed: supervisor.pid_of("bot") != killed, 10)  # type: ignore[misc]
        supervisor.wait_healthy(20)


def test_a_killed_process_is_named_and_restarted(kept: Kept) -> None:
    """Kill -9 is seen, the process is named with its signal and healthy again under a new id."""
    supervisor = kept.supervisor(server("bot", free_ports(1)[0]), server("actions", free_ports(1)[0]))
    supervisor.start()
    supervisor.wait_healthy(20)
    killed, other = supervisor.pid_of("bot"), supervisor.pid_of("actions")
    os.kill(killed, signal.SIGKILL)
    assert happens(lambda: kept.says(r"bot +crashed \(signal SIGKILL\), starts again in 0\.2 s"), 10)
    assert happens(lambda: supervisor.pid_of("bot") != killed, 10)
    supervisor.wait_healthy(20)
    assert int((kept.data / "pids" / "bot.pid").read_text()) == supervisor.pid_of("bot")
    assert supervisor.pid_of("actions") == other


def test_a_taken_port_gives_one_sentence(kept: Kept) -> None:
    """A port in use is named, with the setting that chooses another one, and nothing is started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart, match=rf"^Port {port} for bot .* choose another with BOT_PORT=…$"):
            kept.supervisor(server("bot", port)).start()
    assert not kept.said


def test_one_port_for_two_processes_is_refused(kept: Kept) -> None:
    """Two processes that were given the same port don't fight for it: nothing is started."""
    port = free_ports(1)[0]
    with pytest.raises(CannotStart, match=f"Port {port} for actions"):
        kept.supervisor(server("bot", port), server("actions", port)).start()


def test_stop_leaves_no_process(kept: Kept) -> None:
    """After stop, neither a process nor what it started itself is left, nor its pid file."""
    supervisor = kept.supervisor(server("bot", free_ports(1)[0], before="sleep 1000 & "))
    supervisor.start()
    supervisor.wait_healthy(20)
    family = [psutil.Process(supervisor.pid_of("bot"))]
    family += family[0].children(recursive=True)
    assert len(family) == 2
    supervisor.stop()
    assert happens(lambda: not any(process.is_running() for process in family), 10)
    assert not list((kept.data / "pids").iterdir())


def test_a_process_that_does_not_listen_is_killed(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that ignores the request to end is killed when its time is over."""
    monkeypatch.setattr("deploy.supervisor.TERMINATE_WITHIN", 0.3)
    supervisor = kept.supervisor(server("bot", free_ports(1)[0], before="trap '' TERM; "))
    supervisor.start()
    supervisor.wait_healthy(20)
    process = psutil.Process(supervisor.pid_of("bot"))
    supervisor.stop()
    assert not process.is_running()


def test_a_process_that_cannot_start_shows_its_log(kept: Kept) -> None:
    """What ends before it was ever healthy is named, and the end of its log is shown."""
    supervisor = kept.supervisor(server("bot", free_ports(1)[0], before="echo no such city; exit 3; "))
    supervisor.start()
    with pytest.raises(CannotStart, match=r"bot does not become healthy\. The end of .*bot\.log:\n +no such city"):
        supervisor.wait_healthy(20)
    assert kept.says(r"bot +crashed \(exit code 3\), starts again in 0\.2 s")
    assert kept.says(r"bot +crashed \(exit code 3\), starts again in 0\.4 s")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 0), (signal.SIGKILL, -9)])
def test_the_processes_end_with_their_supervisor(number: signal.Signals, code: int, tmp_path: Path) -> None:
    """Ctrl-C and SIGTERM stop everything cleanly; even a killed supervisor leaves no process behind."""
    environ = {**os.environ, "DATA_DIR": str(tmp_path), "BOT_PORT": str(free_ports(1)[0])}
    command = [sys.executable, "-c", STAND_IN]
    with subprocess.Popen(command, env=environ, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = "".join(itertools.takewhile(lambda line: "Ctrl-C" not in line, process.stdout))
        child = psutil.Process(int((tmp_path / "pids" / "bot.pid").read_text()))
        process.send_signal(number)
        said += process.stdout.read()
    assert process.returncode == code
    assert happens(lambda: not child.is_running(), 10)
    assert "Mitsprache is running" in said
    assert "Traceback" not in said


def test_settings_have_defaults_and_are_passed_on(tmp_path: Path) -> None:
    """Each process gets absolute places, the ports, and tokens that are new at every start."""
    given = {"DATA_DIR": str(tmp_path), "BOT_PORT": "8111", "RASA_TOKEN": "", "PYTHONPATH": "/elsewhere"}
    first, second = local.settings(given), local.settings(given)
    assert first.environ["DATABASE_URL"] == f"sqlite:///{tmp_path}/mitsprache.db"
    assert first.environ["ACTIONS_URL"] == "http://127.0.0.1:5055"
    assert (first.bot_port, first.rasa_port) == (8111, 5005)
    assert len(first.environ["RASA_TOKEN"]) == 64
    assert first.environ["RASA_TOKEN"] != second.environ["RASA_TOKEN"]
    assert "PYTHONPATH" not in first.environ


def test_a_port_that_is_none_gives_one_sentence() -> None:
    """A setting that is no port number is named with its value."""
    with pytest.raises(CannotStart, match=r"^RASA_PORT has to be a port number, from 1 to 65535; it is 'many'\.$"):
        local.settings({"RASA_PORT": "many"})


def test_a_missing_interpreter_gives_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an environment, the missing interpreter and the target that builds it are named."""
    monkeypatch.setattr(local, "RASA_PYTHON", tmp_path / "python")
    with pytest.raises(CannotStart, match=r"^The interpreter .*/python is missing: `make setup` builds"):
        local.prepare(local.settings({"DATA_DIR": str(tmp_path)}))


def test_the_secret_is_made_once_and_for_its_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The secret is the same at the second start, and nobody else can read it."""
    monkeypatch.setattr(local, "_migrate", lambda given: None)
    monkeypatch.setattr(train, "ensure", lambda *given: Path())
    monkeypatch.setattr(local, "RASA_PYTHON", Path(sys.executable))
    given = local.settings({"DATA_DIR": str(tmp_path)})
    local.prepare(given)
    secret = (tmp_path / "secret").read_text()
    local.prepare(given)
    assert (tmp_path / "secret").read_text() == secret
    assert len(bytes.fromhex(secret)) == 32
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An assistant whose "rasa train" notes its call and writes a model."""
    project = tmp_path / "rasa_project"
    python = project / train.PYTHON
    for folder in (project / "data" / "nlu", python.parent):
        folder.mkdir(parents=True)
    for name in (*train.SOURCES, "data/nlu/de.yml"):
        (project / name).write_text(f"{name}\n")
    python.write_text(
        f'#!/bin/sh\n[ "$1" = -I ] && exec {sys.executable} "$@"\n'
        'echo x >>calls\nmkdir -p "${11}" && echo model >"${11}/${13}.tar.gz"\n'
    )
    python.chmod(0o755)
    return project


def test_only_changed_training_data_are_trained(project: Path, tmp_path: Path) -> None:
    """A second call trains nothing; changed data do, and the older model goes."""
    first = train.ensure(tmp_path / "log", project=project)
    assert train.ensure(tmp_path / "log", project=project) == first
    assert (project / "calls").read_text() == "x\n"
    (project / "data" / "nlu" / "de.yml").write_text("changed\n")
    second = train.ensure(tmp_path / "log", project=project)
    assert second != first
    assert [path.name for path in (project / "models").glob("*.gz")] == [second.name]


def test_the_fingerprint_follows_the_content(project: Path) -> None:
    """Every source counts, and so does a file's name; dates and foreign files don't."""
    seen = [train.fingerprint(project)]
    os.utime(project / "domain.yml", (0, 0))
    (project / "channel.py").write_text("not trained\n")
    assert train.fingerprint(project) == seen[0]
    for name in (*train.SOURCES, "data/nlu/de.yml"):
        (project / name).write_text("changed\n")
        seen.append(train.fingerprint(project))
    (project / "data" / "nlu" / "de.yml").rename(project / "data" / "nlu" / "ar.yml")
    seen.append(train.fingerprint(project))
    assert len(set(seen)) == len(seen)


def test_a_failed_training_gives_one_sentence(project: Path, tmp_path: Path) -> None:
    """A training that fails is said with its exit code and the end of its log, and leaves no model."""
    (project / train.PYTHON).write_text("#!/bin/sh\necho no such intent\nexit 1\n")
    with pytest.raises(CannotStart, match=r"^The training .* failed \(exit code 1\)\. The end of .*\n +no such intent"):
        train.ensure(tmp_path / "log", project=project)
    assert not train.model_file(project).exists()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.parent.name)
def test_locks_hold_hashed_pins_and_no_addresses(lock: Path) -> None:
    """Every requirement is one exact version with its hashes; no line says from where it comes."""
    text = lock.read_text()
    pins = re.split(r"\n(?=\S)", re.sub(r"(?m)^ *#.*\n", "", text.strip() + "\n").strip())
    hashed = re.compile(r"[\w.\[\],-]+==[^\s;]+( ; [^\n]+?)?( \\\n    --hash=sha256:[0-9a-f]{64})+")
    assert len(pins) > 50
    assert [pin for pin in pins if not hashed.fullmatch(pin)] == []
    assert "://" not in text
    assert "index" not in re.findall(r"(?m)^--(\w+)", text)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.parent.name)
def test_locks_know_every_dependency(lock: Path) -> None:
    """What a pyproject.toml asks for stands in its locks: nobody forgot `make lock`."""
    deployed = lock.parent.name == "deploy"
    project = tomllib.loads(((ROOT if deployed else lock.parent) / "pyproject.toml").read_text())["project"]
    extra = [] if deployed else project.get("optional-dependencies", {}).get("dev", [])
    wanted = {re.split(r"[^\w-]", line)[0].lower() for line in (*project["dependencies"], *extra)}
    assert wanted - set(re.findall(r"(?m)^([\w.-]+)", lock.read_text())) == set()


def test_make_help_lists_every_target() -> None:
    """`make help` names each target of the Makefile."""
    targets = re.findall(r"^([a-z-]+):(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    said = subprocess.check_output(["make", "help"], cwd=ROOT, env=environ, text=True)
    assert re.findall(r"^  make ([\w-]+) ", said, re.MULTILINE) == targets


def test_a_missing_chromium_gives_one_sentence(tmp_path: Path) -> None:
    """Where Chromium is missing and cannot be installed, the package is named."""
    (tmp_path / "dirname").symlink_to("/usr/bin/dirname")
    script = ["/bin/sh", str(ROOT / "deploy" / "package.sh"), "chromium"]
    done = subprocess.run(script, env={"PATH": str(tmp_path)}, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("The tests need the Debian package 'chromium'")
    assert done.stderr.count("\n") == 1
