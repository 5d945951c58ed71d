"""Every promise on reliability and privacy that is delivered has a test and a mutation, and none is stale."""

import ast
import re
from pathlib import Path

import pytest

from tests.mutants import MUTATIONS, ROOT
from tests.mutation import Mutation

DELIVERED = {
    *(f"A{number}" for number in range(1, 31)),
    *("D1", "D2", "D3", "D4", "D5", "D6", "D7", "D8", "D9", "D10", "D16", "D17"),
}


def sentences() -> dict[str, str]:
    """Each test by file and name, with its sentence."""
    found = {}
    for file in Path(__file__).parent.rglob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found[f"{file.relative_to(ROOT)}::{node.name}"] = ast.get_docstring(node) or ""
    return found


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: f"{mutation.line} {mutation.defect}")
def test_mutation_is_not_stale(mutation: Mutation) -> None:
    """The place of the defect stands in the code exactly once, and the test that must notice names the promise."""
    assert (ROOT / mutation.file).read_text("utf-8").count(mutation.old) == 1
    assert re.search(rf"\b{mutation.line}\b", sentences()[mutation.test])


def test_every_line_has_its_mutation() -> None:
    """Each delivered line of A and D has at least one mutation."""
    assert {mutation.line for mutation in MUTATIONS} == DELIVERED


def test_every_test_says_what_it_shows() -> None:
    """Each test has a sentence."""
    assert [name for name, sentence in sentences().items() if not sentence] == []
