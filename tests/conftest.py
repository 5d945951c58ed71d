"""What the tests share: databases, the running stack, and a last look at what all of them have logged."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import line as lines
from tests import logs, postgres
from tests.databases import DATABASES
from tests.line import Line
from tests.packages import program
from tests.postgres import Postgres
from tests.stack import Stack, free_ports
from tests.talk import City


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The stack runs on SQLite; what is marked `both_databases` is shown on PostgreSQL, too."""
    if "stack" in metafunc.fixturenames:
        both = metafunc.definition.get_closest_marker("both_databases") is not None
        metafunc.parametrize("stack", DATABASES if both else DATABASES[:1], indirect=True, scope="session")


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """A PostgreSQL server for the session."""
    with postgres.running(Path(program("postgresql")), free_ports(1)[0]) as started:
        yield started


@pytest.fixture(scope="session", autouse=True)
def nothing_said_in_the_logs(request: pytest.FixtureRequest) -> Iterator[None]:
    """C17: when all tests are over, no process and no PostgreSQL has logged what anybody said, nor who they are."""
    needing = {"server", "line"}
    asked = any(needing & {*item.fixturenames} or "[postgresql" in item.name for item in request.session.items)
    server = request.getfixturevalue("server") if asked else None
    yield
    assert logs.betrayals([*logs.files(), *([server.log] if server else [])]) == []


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One running stack for the whole session, on the database of this name."""
    # A test presses faster than any person; the limits have tests of their own.
    environ = {"LIMIT_PERSON": "100000 per minute", "LIMIT_ALL": "100000 per minute", "LIMIT_NEW": "100000 per minute"}
    if request.param == "postgresql":
        environ["DATABASE_URL"] = request.getfixturevalue("server").database()
    with Stack(tmp_path_factory.mktemp("stack"), **environ).running() as running:
        yield running


@pytest.fixture(scope="module", params=["polling", "webhook"])
def line(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """A stack behind an emulated Telegram, which fetches updates, on SQLite; or is brought them, on PostgreSQL."""
    webhook = request.param == "webhook"
    address = request.getfixturevalue("server").database() if webhook and "postgresql" in DATABASES else ""
    with lines.running(tmp_path_factory.mktemp("line"), webhook, address) as running:
        yield running


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, of either kind."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("server").database())
    return f"sqlite:///{tmp_path / 'test.db'}"


@pytest.fixture
def city(tmp_path: Path, database_url: str) -> Iterator[City]:
    """A city with an empty database, of either kind."""
    made = City(tmp_path, database_url)
    yield made
    made.close()


@pytest.fixture
def export_file(tmp_path: Path) -> Path:
    """A place for an export."""
    return tmp_path / "needs.csv"
