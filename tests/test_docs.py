"""The papers name only what exists: commands, paths, settings, links."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAPERS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
MADE = ("var/", "deletions.jsonl")
"""What is there only when it has run."""


def words(paper: Path, pattern: str) -> set[str]:
    """What the pattern finds in a paper."""
    return set(re.findall(pattern, paper.read_text("utf-8")))


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_paths_exist(paper: Path) -> None:
    """Each file and folder that a paper names stands in the tree."""
    named = words(paper, r"`([\w./-]+(?:/|\.(?:py|yml|toml|md|sh|jsonl)))`")
    missing = [path for path in named if not path.startswith(MADE) and not list(ROOT.glob(f"**/{path}".rstrip("/")))]
    assert missing == []


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_links_lead_somewhere(paper: Path) -> None:
    """Each relative link leads to a file or folder."""
    links = {link for link in words(paper, r"\]\(([^)#]+)\)") if "://" not in link}
    assert [link for link in links if not (paper.parent / link).exists()] == []


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_commands_exist(paper: Path) -> None:
    """Each `make` target that a paper names is one."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert words(paper, r"(?:`|^)make ([a-z]+)") - targets == set()


def test_settings_are_the_real_ones() -> None:
    """The README's table of settings and what the code reads are the same."""
    table = re.findall(r"^\| ((?:`[A-Z_]+`(?:, )?)+) \|", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    told = {name for row in table for name in re.findall(r"[A-Z_]+", row)}
    read = words(ROOT / "store" / "config.py", r'"([A-Z][A-Z_]+)"') | {"RASA_PORT"}
    assert told == read - {"INFO", "FAULT_DIR", "RASA_URL"}
