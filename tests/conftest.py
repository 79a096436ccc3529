"""Fixtures of all tests, and the option --database."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from archive.queue import peer_hint_sender
from archive.store import get_storage
from tests.servers.hashkeep import Hashkeep, hashkeep
from tests.servers.radosgw import CREDENTIALS, Radosgw, radosgw

# A shell lets programs in its background ignore Ctrl+C, and so would all programs that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=["sqlite", "postgres"], default="sqlite")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--database") == "postgres":
        items[:] = [item for item in items if item.get_closest_marker("both_databases")]


@pytest.fixture(autouse=True)
def unrepeated_peer_hints(monkeypatch: pytest.MonkeyPatch) -> None:
    """Peer hints are sent once: their repetition would go on after the test."""
    monkeypatch.setattr(peer_hint_sender, "REPEAT_DELAYS", ())


@pytest.fixture(autouse=True)
def objects(tmp_path: Path, settings: Settings) -> Iterator[Path]:
    """The folder in which the archive of this test stores its objects: new and empty for each test."""
    folder = tmp_path / "torrents"
    settings.STORAGE_URL = f"file://{folder}"
    get_storage.cache_clear()
    yield folder
    get_storage.cache_clear()


@pytest.fixture(scope="session")
def gateway() -> Iterator[Radosgw]:
    with radosgw() as running:
        yield running


@pytest.fixture
def bucket(gateway: Radosgw, monkeypatch: pytest.MonkeyPatch) -> str:
    """The storage URL of a new bucket, and the environment that opens it."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    return f"s3://{gateway.bucket()}?endpoint={gateway.endpoint}"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hashkeep]:
    """A whole Hashkeep as `make run` starts it, shared by the tests that are clients over HTTP."""
    with hashkeep(tmp_path_factory.mktemp("server")) as running:
        yield running
