"""Fixtures that several tests of the HTTP dialects share."""

import pytest

from archive.access import api_keys
from tests.torbox_account import Account


@pytest.fixture
def anna() -> Account:
    """An account of TorBox's dialect without a torrent client."""
    return Account()


@pytest.fixture
def key() -> str:
    """The text of an API key."""
    return api_keys.issue_key("a researcher")[1]
