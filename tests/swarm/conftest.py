"""A BitTorrent network, and a search engine in it, for all tests of one file."""

from collections.abc import Iterator

import pytest

from swarm import SearchEngine
from tests.swarm.searching import config
from tests.swarm.seeded_network import ENGINE, SeededNetwork, seeded_network


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeededNetwork]:
    with seeded_network(tmp_path_factory.mktemp("content")) as network:
        yield network


@pytest.fixture(scope="module")
def engine(network: SeededNetwork) -> Iterator[SearchEngine]:
    """For the tests that need no engine of their own."""
    engine = SearchEngine(config(address=ENGINE))
    yield engine
    engine.close()
