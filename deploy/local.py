"""Runs all of Mitsprache on this machine: `python -m deploy.local` (`make run`), or Rasa's shell."""

import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy import secret_files, train
from deploy.supervisor import CannotStart, Service, Supervisor, check_ports, last_lines, tell

ROOT = train.ROOT
PYTHON = ROOT / train.PYTHON
RASA_PYTHON = train.RASA_PROJECT / train.PYTHON
# These would reach into our processes from the shell that starts them; without bytecode Rasa starts slowly.
NOT_INHERITED = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
ADDRESSES = """
  Mitsprache is running.

    for residents   http://{BOT_HOST}:{BOT_PORT}/
    its data        {DATA_DIR}
    its logs        {DATA_DIR}/logs
    to stop it      Ctrl-C
"""


@dataclass(frozen=True)
class Settings:
    """Where things are and on which ports; `environ` is what every process gets to see."""

    data: Path
    host: str
    bot_port: int
    rasa_port: int
    actions_port: int
    environ: Mapping[str, str]


def settings(given: Mapping[str, str] | None = None) -> Settings:
    """The settings out of an environment (by default this process's own); what isn't set gets its default.

    Raises CannotStart for a port that is none, or a secret's file that can't be used.
    """
    try:
        whole = secret_files.unfold(os.environ if given is None else given)
    except secret_files.Unusable as why:
        raise CannotStart(str(why)) from None
    env = {name: value for name, value in whole.items() if value and name not in NOT_INHERITED}
    data = Path(env.get("DATA_DIR", ROOT / "var")).resolve()
    host, bot = env.get("BOT_HOST", "127.0.0.1"), _port(env, "BOT_PORT", 8080)
    rasa, actions = _port(env, "RASA_PORT", 5005), _port(env, "ACTIONS_PORT", 5055)
    children = {
        "SECRET_FILE": str(data / "secret"),
        "RASA_TOKEN": secrets.token_hex(32),
        "ACTIONS_TOKEN": secrets.token_hex(32),
        **env,
        "DATA_DIR": str(data),
        "DATABASE_URL": _absolute(env.get("DATABASE_URL", f"sqlite:///{data / 'mitsprache.db'}")),
        "BOT_HOST": host,
        "BOT_PORT": str(bot),
        "RASA_PORT": str(rasa),
        "RASA_URL": f"http://127.0.0.1:{rasa}",
        "ACTIONS_PORT": str(actions),
        "ACTIONS_URL": f"http://127.0.0.1:{actions}",
        "NO_PROXY": ",".join(filter(None, (env.get("NO_PROXY"), "127.0.0.1,localhost"))),
        "PYTHONUNBUFFERED": "1",
    }
    return Settings(data, host, bot, rasa, actions, children)


def services(given: Settings, model: Path) -> list[Service]:
    """The processes of Mitsprache."""
    env = given.environ
    rasa = Service(
        name="rasa",
        command=rasa_command("run", model, given.rasa_port, "--credentials", "credentials.yml"),
        cwd=train.RASA_PROJECT,
        port=given.rasa_port,
        port_setting="RASA_PORT",
        health=f"{env['RASA_URL']}/webhooks/mitsprache/readyz",
        headers={"Authorization": f"Bearer {env['RASA_TOKEN']}"},
        environ=env,
    )
    actions = Service(
        name="actions",
        command=(str(PYTHON), "-m", "actions"),
        cwd=ROOT,
        port=given.actions_port,
        port_setting="ACTIONS_PORT",
        health=f"{env['ACTIONS_URL']}/healthz",
        environ=env,
    )
    bot = Service(
        name="bot",
        command=(str(PYTHON), "-m", "bot"),
        cwd=ROOT,
        host=given.host,
        port=given.bot_port,
        port_setting="BOT_PORT",
        health=f"http://{given.host}:{given.bot_port}/healthz",
        environ=env,
    )
    return [rasa, actions, bot]


def rasa_command(verb: str, model: Path, port: int, *more: str) -> tuple[str, ...]:
    """`rasa run` or `rasa shell`, to be started in its project's folder."""
    options = ("--model", str(model), "--endpoints", "endpoints.yml", "-p", str(port), *more)
    return (train.RASA, verb, *options, "-i", "127.0.0.1")


def prepare(given: Settings) -> Path:
    """Sees to the secret, the database and the model; gives the model."""
    for python in (PYTHON, RASA_PYTHON):
        if not python.exists():
            raise CannotStart(f"The interpreter {python} is missing: `make setup` builds its environment.")
    given.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    if given.environ["SECRET_FILE"] == str(given.data / "secret"):
        _create_secret(given.data / "secret")
    _migrate(given)
    return train.ensure(given.data / "logs" / "train.log", given.environ)


def run(given: Settings) -> None:
    """Starts everything, says where, and stays until it is interrupted."""
    planned = services(given, train.model_file())
    check_ports(planned)  # before a training that takes minutes
    prepare(given)
    supervisor = Supervisor(planned, given.data)
    try:
        supervisor.start()
        supervisor.wait_healthy()
        tell(ADDRESSES.format(**given.environ))
        threading.Event().wait()
    finally:
        _refuse_interrupts()
        supervisor.stop()


def shell(given: Settings) -> int:
    """`rasa shell` on this terminal, with the action server running next to it."""
    model = prepare(given)
    actions = [service for service in services(given, model) if service.name == "actions"]
    supervisor = Supervisor(actions, given.data)
    try:
        supervisor.start()
        supervisor.wait_healthy()
        command = rasa_command("shell", model, given.rasa_port)
        return subprocess.call(command, cwd=train.RASA_PROJECT, env=given.environ)
    finally:
        _refuse_interrupts()
        supervisor.stop()


def _port(env: Mapping[str, str], name: str, default: int) -> int:
    value = env.get(name, str(default))
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise CannotStart(f"{name} has to be a port number, from 1 to 65535; it is {value!r}.")
    return int(value)


def _absolute(url: str) -> str:
    """The processes work in different folders, and a SQLite file has to be the same one for all."""
    file = url.removeprefix("sqlite:///")
    return f"sqlite:///{Path(file).resolve()}" if file != url else url


def _create_secret(file: Path) -> None:
    """Once: whoever loses it can no longer tell who is who, and only the owner may read it."""
    if not file.exists():
        with open(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as secret:
            secret.write(secrets.token_hex(32) + "\n")


def _migrate(given: Settings) -> None:
    log = given.data / "logs" / "migrate.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out:
        command = (PYTHON, "-m", "store", "migrate")
        code = subprocess.call(command, cwd=ROOT, env=given.environ, stdout=out, stderr=out)
    if code != 0:
        raise CannotStart(f"The database could not be prepared (exit code {code}). {last_lines(log)}")


def _accept_interrupts() -> None:
    """Ctrl-C, `kill` and a closed terminal stop us alike, also where a background job would ignore them."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup stays nohup
        signal.signal(signal.SIGHUP, signal.default_int_handler)


def _refuse_interrupts() -> None:
    """A second Ctrl-C must not cut the stopping short."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def main() -> None:
    """Exit code 0 after an interrupt: that is how one stops it."""
    _accept_interrupts()
    try:
        if sys.argv[1:] == ["shell"]:
            sys.exit(shell(settings()))
        run(settings())
    except CannotStart as why:
        sys.exit(str(why))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
