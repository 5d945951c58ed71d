"""Containers without an engine: a service as Compose says, from the files of its image, isolated by the kernel."""

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

from deploy import local
from tests import images
from tests.images import SECRETS
from tests.networks import Networks

SCRIPT = Path(__file__).with_name("container.sh")
SYSTEM = ("usr", "etc", "proc", *(f"dev/{one}" for one in ("null", "zero", "full", "random", "urandom")))
BASE = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Image:
    """What a Dockerfile copies, and what it says of settings, place and command."""

    def __init__(self, dockerfile: Path, target: Path, project: str) -> None:
        """`project` is the folder with the environment of the program, seen from the image's own."""
        self.app, self.inside = images.build(dockerfile, target), Path("/app") / project
        self.venv = local.ROOT / project / ".venv"
        (self.app / project / ".venv").mkdir()
        lines = (line.split(" = ") for line in (self.venv / "pyvenv.cfg").read_text().splitlines())
        # The image has a Python of its own.
        self.python = Path(dict(lines)["home"])
        (told,) = images.words(dockerfile, "ENV")
        path = {"PATH": f"{self.python}:{BASE}"}
        given = dict(one.split("=") for one in told.split())
        self.environ = path | {name: value.replace("$PATH", path["PATH"]) for name, value in given.items()}
        (command,) = images.words(dockerfile, "CMD")
        self.command: list[str] = json.loads(command)

    def mounts(self) -> list[tuple[str, Path, Path]]:
        """Its file system, and what of this machine's stands for the image's base."""
        system = [("ro", Path("/", part), Path("/", part)) for part in SYSTEM]
        python = ("ro", self.python.parent, self.python.parent)
        return [*system, python, ("ro", self.app, Path("/app")), ("ro", self.venv, self.inside / ".venv")]


class Container:
    """A service with a network, a file system and an account of its own, without a capability or a way to one."""

    def __init__(self, name: str, service: dict[str, Any], image: Image, networks: Networks, folder: Path) -> None:
        """`folder` holds the `secrets` and the `data` of all, and gets what is this container's alone."""
        self._service, self._image, self._folder = service, image, folder / name
        (self._folder / "root").mkdir(parents=True)
        (self._folder / "hosts").write_text(networks.hosts(name))
        mounts = [
            *image.mounts(),
            ("ro", self._folder / "hosts", Path("/etc/hosts")),
            *(("ro", folder / "secrets" / one, Path(SECRETS, one)) for one in service["secrets"]),
            *(("rw", folder / "data", Path("/data")) for _ in service.get("volumes", ())),
        ]
        text = "".join(f"{how} {source} {target}\n" for how, source, target in mounts)
        (self._folder / "mounts").write_text(text)
        self._door = f"--net=/run/netns/{networks.space(name)}"
        self._environ = image.environ | {key: str(value) for key, value in service["environment"].items()}

    def start(self) -> None:
        """Starts it and returns at once."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._fresh(), env=self._environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def run(self) -> None:
        """Starts it and waits for its end. Raises CalledProcessError."""
        subprocess.run(self._fresh(), env=self._environ, check=True, timeout=60)

    def does(self, *words: str) -> subprocess.CompletedProcess[str]:
        """What becomes of a further command inside, while it runs."""
        inside = ["nsenter", f"--target={self.pid}", "--net", "--mount", *self._humble(), "env", "-C"]
        command = [*inside, str(self._image.inside), *words]
        return subprocess.run(command, env=self._environ, capture_output=True, text=True, timeout=60)

    def healthy(self) -> bool:
        """Whether it is, as Compose asks it. Raises AssertionError when it has ended."""
        assert self._process.poll() is None, self.log.read_text()
        return self.does(*self._service["healthcheck"]["test"][1:]).returncode == 0

    def stop(self) -> None:
        """Ends it."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        """Of the process, as this machine sees it."""
        return self._process.pid

    @property
    def log(self) -> Path:
        """What it has written."""
        return self._folder / "log"

    def _fresh(self) -> list[str]:
        command = self._service.get("command", self._image.command)
        files = ["sh", str(SCRIPT), str(self._folder / "root"), str(self._folder / "mounts"), str(self._image.inside)]
        return ["nsenter", self._door, "unshare", "--mount", *files, *self._humble(), *command]

    def _humble(self) -> list[str]:
        """As the account that Compose names. It ends when the tests do, however they end."""
        user, group = self._service["user"].split(":")
        account = [f"--reuid={user}", f"--regid={group}", "--clear-groups"]
        return ["setpriv", *account, "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", "--pdeathsig=KILL"]
