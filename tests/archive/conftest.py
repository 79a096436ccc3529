"""Fixtures of the archive's tests."""

import pytest

from archive.torrents.deposit import deposit
from tests.scrub_archive import ALL


@pytest.fixture
def three() -> None:
    """Three torrents are stored: v1, v2 and hybrid."""
    for torrent in ALL:
        deposit(torrent)
