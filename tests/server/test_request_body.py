"""What is kept of what comes with a request."""

import io
from typing import Any

import pytest

from server.request_body import hear_out

BODY = bytes(1_000_000)


def environ(method: str, **length: str) -> dict[str, Any]:
    return {"REQUEST_METHOD": method, "wsgi.input": io.BytesIO(BODY), **length}


@pytest.mark.parametrize(
    "length", [{"CONTENT_LENGTH": str(len(BODY))}, {"HTTP_TRANSFER_ENCODING": "chunked"}]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS", "BREW"])
def test_where_no_door_reads_a_body_it_is_heard_out_and_dropped(method: str, length: dict[str, str]) -> None:
    request = environ(method, **length)
    sent = request["wsgi.input"]
    with hear_out(request) as heard:
        assert (heard.read(), sent.read()) == (b"", b"")
    assert request["CONTENT_LENGTH"] == str(len(BODY))


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "post"])  # Django takes the last for the first
def test_where_one_may_it_is_kept(method: str) -> None:
    with hear_out(environ(method, CONTENT_LENGTH=str(len(BODY)))) as heard:
        assert heard.read() == BODY
