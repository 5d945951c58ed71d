"""The audit of known vulnerabilities, against a database of our own: it is never green without having been told so."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from deploy import audit
from deploy.audit import Finding, NotChecked, Waiver
from tests import osv as database
from tests.osv import Osv, advisory
from tests.stack import free_ports

TODAY = date(2026, 12, 1)
KERAS = ("keras", "2.12.0")
WANTED = [KERAS, ("numpy", "1.23.5"), ("numpy", "2.4.6")]
BROKEN = advisory("PYSEC-2024-1", "CVE-2024-3660")
FOUND = Finding("keras", "2.12.0", ("PYSEC-2024-1", "CVE-2024-3660"), ())


@pytest.fixture
def osv(monkeypatch: pytest.MonkeyPatch) -> Iterator[Osv]:
    """A database that knows no vulnerability but the one that everybody knows."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with database.running() as osv:
        yield osv


def waiver(until: date = TODAY, package: str = "keras", id: str = "CVE-2024-3660") -> Waiver:
    return Waiver(package=package, id=id, reason="No part of ours uses it.", until=until)


def test_what_is_vulnerable_fails(osv: Osv) -> None:
    """C24: a vulnerability of a package is found, and must not stay."""
    osv.known[KERAS] = [BROKEN]
    findings = audit.audit(WANTED, osv.url)
    assert findings == [FOUND]
    assert audit.judge(findings, [], TODAY) == (
        ["keras 2.12.0: PYSEC-2024-1, CVE-2024-3660, not fixed yet."],
        [],
    )


def test_all_is_asked_about(osv: Osv) -> None:
    """C24: of a package that a lock holds twice, each version is asked about, and nothing is found where nothing is."""
    assert audit.audit(WANTED, osv.url) == []
    assert set(osv.asked) == {*WANTED, audit.PROBE}
    osv.known["numpy", "2.4.6"] = [BROKEN]
    assert [finding.version for finding in audit.audit(WANTED, osv.url)] == ["2.4.6"]


def test_a_waiver_counts_until_its_day() -> None:
    """C24: what is waived passes on the waiver's last day and fails on the next; it is told either way."""
    wrong, told = audit.judge([FOUND], [waiver(TODAY)], TODAY)
    assert (wrong, told) == ([], [f"{FOUND}: accepted until 2026-12-01."])
    wrong, told = audit.judge([FOUND], [waiver(TODAY)], TODAY + timedelta(days=1))
    assert wrong == ["The waiver of CVE-2024-3660 for keras expired on 2026-12-01.", f"{FOUND}."]


def test_an_expired_waiver_fails_by_itself() -> None:
    """C24: an expired waiver fails although nothing is found; one that is not needed is told."""
    wrong, _ = audit.judge([], [waiver(TODAY - timedelta(days=1))], TODAY)
    assert wrong == ["The waiver of CVE-2024-3660 for keras expired on 2026-11-30."]
    assert audit.judge([], [waiver()], TODAY) == ([], ["The waiver of CVE-2024-3660 for keras is no longer needed."])


@pytest.mark.parametrize("other", [waiver(package="numpy"), waiver(id="CVE-2024-9999")])
def test_a_waiver_is_for_one_vulnerability_of_one_package(other: Waiver) -> None:
    """C24: another package's waiver, or another advisory's, waives nothing."""
    assert audit.judge([FOUND], [other], TODAY)[0] == [f"{FOUND}."]


BAD_DAYS = {
    "an error": (500, "oops"),
    "too many requests": (429, "{}"),
    "a page of HTML": (200, "<html>Please log in to the network</html>"),
    "an empty body": (200, ""),
    "an empty object for everything": (200, "{}"),
    "an empty list for everything": (200, '{"vulns": []}'),
    "another service": (200, '{"status": "ok"}'),
    "null": (200, "null"),
}


@pytest.mark.parametrize("day", BAD_DAYS)
def test_a_bad_answer_is_no_answer(day: str, osv: Osv) -> None:
    """C24: whatever the database answers instead of knowing something counts as not checked."""
    osv.status, osv.instead = BAD_DAYS[day]
    with pytest.raises(NotChecked):
        audit.audit(WANTED, osv.url)


@pytest.mark.parametrize("day", ["an error", "too many requests", "a page of HTML", "an empty body", "another service"])
def test_one_bad_answer_is_enough(day: str, osv: Osv) -> None:
    """C24: if a single package was not answered for, nothing is green."""
    osv.status, osv.instead = BAD_DAYS[day]
    osv.only_for = "numpy"
    with pytest.raises(NotChecked):
        audit.audit(WANTED, osv.url)


@pytest.mark.parametrize("odd", [advisory("X-1", schema_version="2.0.0"), {"id": "X-1"}])
def test_an_advisory_that_is_not_understood_is_not_passed_over(odd: dict[str, object], osv: Osv) -> None:
    """C24: an advisory in a form that pip-audit leaves out with a warning counts as not checked."""
    osv.known[KERAS] = [odd]
    with pytest.raises(NotChecked, match=r"OSV vuln entry|Unsupported OSV schema"):
        audit.audit(WANTED, osv.url)


def run(url: str) -> tuple[int, str, str]:
    """`make audit` with another database: exit code, and what it said on both channels."""
    command = [sys.executable, "-m", "deploy.audit", url]
    done = subprocess.run(command, cwd=audit.ROOT, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def test_the_command_asks_about_both_locks(osv: Osv) -> None:
    """C24: the command asks about each version of both locks; it fails for one that is vulnerable, and says which."""
    osv.known["sanic", "21.12.2"] = [advisory("PYSEC-2022-1", "CVE-2022-0")]
    code, said, _ = run(osv.url)
    assert code == 1
    assert "sanic 21.12.2: PYSEC-2022-1, CVE-2022-0, not fixed yet.\n" in said
    assert set(osv.asked) == {pin for lock in audit.LOCKS for pin in audit.pins(lock)} | {audit.PROBE}


def test_the_command_says_not_checked(osv: Osv) -> None:
    """C24: a database that can't be reached, or answers nonsense, gives exit code 2 and a sentence, nothing else."""
    osv.instead = "<html></html>"
    for url in (osv.url, f"http://127.0.0.1:{free_ports(1)[0]}/v1/query"):
        code, said, why = run(url)
        assert (code, said) == (2, "")
        assert why.startswith(f"NOT CHECKED for known vulnerabilities: {url} could not be asked. ")
        assert why.count("\n") == 1


def test_the_probe_is_none_of_ours() -> None:
    """C24: the version that is asked about as a test stands in no lock, and each lock is read to its last line."""
    for lock in audit.LOCKS:
        pins = audit.pins(lock)
        assert audit.PROBE[0] not in dict(pins)
        assert len(pins) == sum("==" in line and line[0] not in " #" for line in lock.read_text().splitlines() if line)


def test_a_line_that_is_no_pin_is_not_passed_over(tmp_path: Path) -> None:
    """C24: a lock with a line that can't be read, or without any, counts as not checked."""
    lock = tmp_path / "requirements.lock"
    for text in ("", "numpy>=1\n", "numpy==1.0\n-e .\n", "thing @ https://example.org/thing.zip\n"):
        lock.write_text(text)
        with pytest.raises(NotChecked):
            audit.pins(lock)


def test_the_waivers_are_whole(tmp_path: Path) -> None:
    """C24: each waiver names a package of a lock, an advisory, a reason and a day; one that lacks any is refused."""
    ours = {package for lock in audit.LOCKS for package, _ in audit.pins(lock)}
    assert {waiver.package for waiver in audit.waivers()} <= ours
    whole = {"package": "keras", "id": "CVE-2024-3660", "reason": "No part of ours uses it.", "until": "2027-01-01"}
    file = tmp_path / "waivers.yml"
    for left_out in whole:
        file.write_text("- " + "\n  ".join(f"{name}: {value}" for name, value in whole.items() if name != left_out))
        with pytest.raises(NotChecked, match=left_out):
            audit.waivers(file)
    file.unlink()
    with pytest.raises(NotChecked):
        audit.waivers(file)
