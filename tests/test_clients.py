"""Every operation with every client that is supported, real ones: docs/clients.md says what works, and is right."""

import re
from collections.abc import Iterator

import pytest

from tests.client_operations import NAMES, OPERATIONS, Lab, cell, lab
from tests.servers.hashkeep import ROOT


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab(tmp_path_factory.mktemp("clients")) as running:
        yield running


def documented() -> dict[str, list[str]]:
    """The cells of the table, by operation."""
    rows = re.findall(r"^\| ([a-z][^|]*) \| (.*) \|$", (ROOT / "docs" / "clients.md").read_text(), re.M)
    return {operation: cells.split(" | ") for operation, cells in rows}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_the_table_says_is_so(filled: Lab, operation: str, name: str) -> None:
    assert cell(filled, operation, name) == documented()[operation][NAMES.index(name)]
