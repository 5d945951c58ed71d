"""What the tests share: the running stack, and an order in which what judges all of it comes last."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack import Stack


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked `last` look at what all others left behind."""
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One running stack for the whole session."""
    with Stack(tmp_path_factory.mktemp("stack")).running() as running:
        yield running


@pytest.fixture
def export_file(tmp_path: Path) -> Path:
    """A place for an export."""
    return tmp_path / "needs.csv"
