"""Which requests are refused."""

import pytest

from swarm import SearchRequest


@pytest.mark.parametrize("hashes", [{}, {"v1": bytes(19)}, {"v2": bytes(20)}, {"v1": b""}])
def test_a_request_without_a_whole_hash_is_refused(hashes: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match="hash"):
        SearchRequest(**hashes)  # type: ignore[arg-type]
