"""Asks the OSV database about every package of both locks: `python -m deploy.audit` (`make audit`).

pip-audit does the asking. It passes over what it wasn't told about, so that silence looks like good news; here each
run also asks about a version that is known to be vulnerable, and whatever was not answered for counts as not checked.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

ROOT = Path(__file__).resolve().parent.parent
LOCKS = (ROOT / "requirements.lock", ROOT / "rasa_project" / "requirements.lock")
WAIVERS = ROOT / "deploy" / "waivers.yml"
DATABASE = "https://api.osv.dev/v1/query"
PROBE = ("flask", "0.5")
"""No package of ours, and vulnerable for good (PYSEC-2018-66, PYSEC-2019-179)."""
PIN = re.compile(r"([\w.-]+)(?:\[[\w.,-]+\])?==([^\s;\\]+)")
TIMEOUT = "15"


class NotChecked(Exception):
    """Nobody can say whether there is a vulnerability. One sentence: why."""


class Waiver(BaseModel):
    """A known vulnerability that is accepted until a day, for a reason."""

    model_config = ConfigDict(extra="forbid")

    package: str = Field(min_length=1)
    id: str = Field(min_length=1)
    reason: str = Field(min_length=20)
    until: date


@dataclass(frozen=True)
class Finding:
    """A known vulnerability of a version that a lock holds, under all its names."""

    package: str
    version: str
    ids: tuple[str, ...]
    fixed: tuple[str, ...]

    def __str__(self) -> str:
        fixed = f"fixed in {', '.join(self.fixed)}" if self.fixed else "not fixed yet"
        return f"{self.package} {self.version}: {', '.join(self.ids)}, {fixed}"


def pins(lock: Path) -> list[tuple[str, str]]:
    """Every (package, version) of a lock, for whatever platform."""
    lines = [line for line in lock.read_text("utf-8").splitlines() if line[:1] not in ("", " ", "#")]
    found = [PIN.match(line) for line in lines]
    if not found or None in found:
        raise NotChecked(f"{lock} holds a line that is no pinned package, or none at all.")
    return [(pin[1].lower(), pin[2]) for pin in found if pin]


def waivers(file: Path = WAIVERS) -> list[Waiver]:
    """The accepted vulnerabilities. Raises NotChecked for a list that can't be read."""
    try:
        return TypeAdapter(list[Waiver]).validate_python(yaml.safe_load(file.read_text("utf-8")) or [])
    except (OSError, yaml.YAMLError, ValidationError) as why:
        raise NotChecked(f"The waivers in {file} can't be read: {why}") from None


def audit(wanted: Iterable[tuple[str, str]], database: str = DATABASE) -> list[Finding]:
    """The known vulnerabilities of these packages. Raises NotChecked unless the database has answered for each."""
    return [finding for group in _groups(wanted) for finding in _ask(group, database)]


def judge(findings: Sequence[Finding], accepted: Sequence[Waiver], today: date) -> tuple[list[str], list[str]]:
    """What must not stay as it is, and what is only worth knowing; a sentence each."""
    expired = [one for one in accepted if one.until < today]
    wrong = [f"The waiver of {one.id} for {one.package} expired on {one.until}." for one in expired]
    told, used = [], []
    for finding in findings:
        reasons = [one for one in accepted if one.package == finding.package and one.id in finding.ids]
        used += reasons
        valid = [one for one in reasons if one not in expired]
        if valid:
            told.append(f"{finding}: accepted until {valid[0].until}.")
        else:
            wrong.append(f"{finding}.")
    told += [f"The waiver of {one.id} for {one.package} is no longer needed." for one in accepted if one not in used]
    return wrong, told


def _groups(wanted: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """The packages, so divided that no group holds a package twice: pip-audit takes one version of each."""
    groups: list[dict[str, str]] = []
    for package, version in dict.fromkeys(wanted):
        group = next((one for one in groups if package not in one), None)
        if group is None:
            groups.append(group := dict([PROBE]))
        group[package] = version
    return groups


def _ask(group: dict[str, str], database: str) -> list[Finding]:
    """The vulnerabilities of a group, to which the probe belongs."""
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = Path(folder, "requirements.txt"), Path(folder, "answer.json")
        asked.write_text("".join(f"{package}=={version}\n" for package, version in group.items()))
        options = ["--strict", "--no-deps", "--disable-pip", "--progress-spinner", "off", "--timeout", TIMEOUT]
        service = ["--vulnerability-service", "osv", "--osv-url", database, "--cache-dir", folder]
        files = ["--requirement", str(asked), "--format", "json", "--output", str(answered)]
        command = [sys.executable, "-m", "pip_audit", *options, *service, *files]
        done = subprocess.run(command, capture_output=True, text=True)
        if not answered.exists():
            raise NotChecked(_last_line(done.stderr))
        answer = json.loads(answered.read_text("utf-8"))
    passed_over = [line for line in done.stderr.splitlines() if "pip_audit._service" in line]
    if passed_over:  # it warns of an advisory that it doesn't understand, and goes on without
        raise NotChecked(passed_over[0])
    return _read(answer["dependencies"], group)


def _read(answers: list[dict[str, Any]], group: dict[str, str]) -> list[Finding]:
    known = {answer["name"].lower(): answer for answer in answers if "vulns" in answer}
    if missing := sorted(group.keys() - known.keys()):
        raise NotChecked(f"There is no answer for {', '.join(missing)}.")
    if not known.pop(PROBE[0])["vulns"]:
        raise NotChecked(f"It doesn't even know the vulnerabilities of {' '.join(PROBE)}.")
    return [
        Finding(package, group[package], (found["id"], *found["aliases"]), tuple(found["fix_versions"]))
        for package, answer in known.items()
        for found in answer["vulns"]
    ]


def _last_line(said: str) -> str:
    return said.strip().splitlines()[-1] if said.strip() else "pip-audit said nothing."


def main() -> None:
    """Exit code 0: the database was asked about everything, and nothing is open. Else 1, and 2 for not checked."""
    database = sys.argv[1] if len(sys.argv) > 1 else DATABASE
    try:
        wanted = [pin for lock in LOCKS for pin in pins(lock)]
        wrong, told = judge(audit(wanted, database), waivers(), date.today())
    except NotChecked as why:
        print(f"NOT CHECKED for known vulnerabilities: {database} could not be asked. {why}", file=sys.stderr)
        sys.exit(2)
    for line in (*told, *wrong):
        print(line)
    print(f"checked: {len(set(wanted))} packages; open: {len(wrong)}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
