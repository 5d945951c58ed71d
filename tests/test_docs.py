"""The papers name only what exists: commands, paths, settings, links, tables, fault points."""

import os
import re
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

from store.config import SECRETS
from store.tables import metadata
from tests.test_crash import STEPS

ROOT = Path(__file__).resolve().parent.parent
README, CONTRIBUTING, ARCHITECTURE = ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "docs" / "architecture.md"
PAPERS = [README, CONTRIBUTING, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
ENDINGS = ("py", "yml", "toml", "md", "sh", "jsonl", "json", "lock", "po", "pot", "tsv", "txt", "css", "js", "html")
MADE = ("var/", ".venv/", "rasa_project/models/", "deletions.jsonl")
"""What is there only when it has run."""
NOT_OURS = {"NO_PROXY"}
"""Handed on by the supervisor, read by libraries."""

TOOLS = {"pytest"}
"""Modules of others that the papers call."""
OTHERS_NAMES = {"Caddyfile", "Bot"}
"""Classes of libraries that the papers name."""

each_paper = pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)


def words(paper: Path, pattern: str) -> set[str]:
    """What the pattern finds in a paper."""
    return set(re.findall(pattern, paper.read_text("utf-8"), re.MULTILINE))


@cache
def tree() -> list[str]:
    """Every file and folder (with a slash behind it) of the project, without what is built."""
    found = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in ("var", "models", "__pycache__") and name[0] != "."]
        here = Path(folder).relative_to(ROOT)
        found += [f"{(here / name).as_posix()}/" for name in folders] + [(here / name).as_posix() for name in files]
    return found


def exists(path: str) -> bool:
    """Whether the path stands in the tree, seen from its root; a bare name may stand anywhere; `<x>` is any name."""
    pattern = re.sub(r"<\w+>", "*", path)
    return any(fnmatch(one, pattern) or ("/" not in path and fnmatch(one, f"*/{pattern}")) for one in tree())


@cache
def definitions() -> set[str]:
    """Every class and function of the project, as it is written."""
    files = [ROOT / path for path in tree() if path.endswith(".py")]
    return {f"{kind} {name}" for file in files for kind, name in words(file, r"^ *(?:async )?(class|def) (\w+)")}


def anchors(paper: Path) -> set[str]:
    """The marks of a paper's headings, as a web view of it makes them."""
    return {re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in words(paper, r"^#+ (.+)$")}


def settings() -> set[str]:
    """What the code reads from the environment."""
    sources = (ROOT / "store" / "config.py", ROOT / "deploy" / "local.py")
    read = {name for file in sources for name in words(file, r'env(?:\.get\(|\[|, )"([A-Z_]+)"')}
    written = {name for file in (ROOT / "rasa_project").glob("*.yml") for name in words(file, r"\$\{([A-Z_]+)\}")}
    return (read | written) - NOT_OURS


@each_paper
def test_paths_exist(paper: Path) -> None:
    """Each file and folder in backticks or in a command stands in the tree."""
    named = {word for word in words(paper, r"`([^`\s]+)`") if word.endswith(("/", *(f".{end}" for end in ENDINGS)))}
    named |= words(paper, rf"(?<![\w/.<>(-])((?:[\w<>-]+/)+[\w<>-]+\.(?:{'|'.join(ENDINGS)}))\b")
    assert [path for path in sorted(named) if not path.startswith(MADE) and not exists(path)] == []


@each_paper
def test_links_lead_somewhere(paper: Path) -> None:
    """Each relative link leads to a file or folder, and its mark to a heading there."""
    for link in words(paper, r"\]\(([^)]+)\)"):
        if "://" in link:
            continue
        path, _, mark = link.partition("#")
        target = paper.parent / path if path else paper
        assert target.exists(), link
        assert not mark or mark in anchors(target), link


@each_paper
def test_commands_exist(paper: Path) -> None:
    """Each `make` target and each `python -m` command that a paper names is one."""
    targets = words(ROOT / "Makefile", r"^([a-z-]+):")
    assert words(paper, r"(?:`|^)make ([a-z-]+)") - targets == set()
    modules = [name.replace(".", "/") for name in words(paper, r"python -m ([\w.]+)") - TOOLS]
    assert [name for name in modules if not exists(f"{name}.py") and not exists(f"{name}/__main__.py")] == []


@each_paper
def test_names_of_the_code_exist(paper: Path) -> None:
    """Each class, function and test in backticks is one of the code."""
    classes = words(paper, r"`([A-Z][a-z]+[A-Za-z]*)`") - OTHERS_NAMES
    functions = words(paper, r"`(?:\w+\.)?(\w+)\(\)`") | words(paper, r"\.py::(\w+)")
    told = {f"class {name}" for name in classes} | {f"def {name}" for name in functions}
    assert told - definitions() == set()


def test_lines_of_the_scripts_are_explained() -> None:
    """The signs that the German interview explains in its first lines are those that its player knows."""
    first = (ROOT / "tests" / "conversations" / "de" / "interview.txt").read_text("utf-8").split("\nbegin ")[0]
    signs = words(ROOT / "tests" / "scripts.py", r'^            case ((?:"\S+"(?: \| )?)+):')
    known = {sign for line in signs for sign in re.findall(r'"(\S+)"', line)} - {"begin", "--"}
    assert known
    assert [sign for sign in known if not re.search(rf"(?<!\w){re.escape(sign)}(?!\w)", first)] == []


def test_options_of_the_export_exist() -> None:
    """The options with which the README calls the export are options of it."""
    told = {option for line in words(README, r"-m staff export (.+)$") for option in re.findall(r"--[a-z]+", line)}
    assert told
    assert told <= words(ROOT / "staff" / "__main__.py", r'"(--[a-z]+)"')


def test_settings_are_the_real_ones() -> None:
    """The README's table of settings and what the code reads are the same."""
    told = {name for row in words(README, r"^\| ((?:`[A-Z_]+`(?:, )?)+) \|") for name in re.findall(r"[A-Z_]+", row)}
    assert told == settings()


def test_secrets_are_the_real_ones() -> None:
    """The README's row of what may stand in a file names the secrets that may, and the operator's page has each."""
    (row,) = words(README, r"^\| `<NAME>_FILE` \| (.+)$")
    assert set(re.findall(r"`([A-Z_]+)`", row)) == set(SECRETS)
    rows = words(ROOT / "docs" / "operations.md", r"^\| (`[A-Z_]+`.*?) \|")
    assert {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)} == {*SECRETS, "SECRET_FILE"}


def test_numbers_of_settings_are_the_real_ones() -> None:
    """Where the README gives a number as a setting's default, the code has the same one."""
    source = (ROOT / "store" / "config.py").read_text() + (ROOT / "deploy" / "local.py").read_text()
    for names, defaults in words(README, r"^\| (`[A-Z_]+`(?:, `[A-Z_]+`)*) \| ([^|]+) \|"):
        for name, default in zip(re.findall(r"[A-Z_]+", names), defaults.split(", "), strict=False):
            if default.isdecimal():
                assert re.search(rf'"{name}", {default}\b', source), name


@each_paper
def test_capitals_are_settings(paper: Path) -> None:
    """Each name in capitals in backticks is a setting, or a variable of the Makefile."""
    known = settings() | {f"{name}_FILE" for name in SECRETS} | words(ROOT / "Makefile", r"\b([A-Z_]{2,})\b")
    assert words(paper, r"`([A-Z]+_[A-Z_]+)`") - known == set()


def test_metrics_are_the_real_ones() -> None:
    """Each metric that a paper names, in an alarm too, is one of the code, and the operator's page names all of it."""
    sources = [ROOT / folder / "metrics.py" for folder in ("bot", "actions")]
    real = {name for file in sources for name in words(file, r'"(mitsprache_\w+)"')}
    named = {name for paper in PAPERS for name in words(paper, r"\b(mitsprache_\w+)")}
    told = {re.sub("_(bucket|sum|count)$", "", name) for name in named}
    assert told == real


@pytest.mark.parametrize(
    ("paper", "head"),
    [("architecture", "## Tables"), ("privacy", "### Table by table"), ("privacy.de", "### Tabelle für Tabelle")],
)
def test_tables_are_the_real_ones(paper: str, head: str) -> None:
    """The architecture and the privacy papers list every table of the database, and no other."""
    section = (ROOT / "docs" / f"{paper}.md").read_text("utf-8").split(head)[1].split("\n##")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == set(metadata.tables)


def test_fault_points_are_the_real_ones() -> None:
    """The architecture numbers the points at which the tests kill a process as they do, and each is in the code."""
    told = words(ARCHITECTURE, r"`(\d[a-d]?)`")
    assert told == set(STEPS)
    code = [file for folder in ("bot", "actions", "rasa_project") for file in (ROOT / folder).glob("*.py")]
    assert told == {step for file in code for step in words(file, r'faults\.reach\("(\w+)"\)')}


def test_decisions_have_numbers_of_their_own() -> None:
    """Each decision has a number that no other one has, and begins with it."""
    papers = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(paper.name[:4]) for paper in papers] == list(range(1, len(papers) + 1))
    assert all(paper.read_text("utf-8").startswith(f"# {int(paper.name[:4])}. ") for paper in papers)
