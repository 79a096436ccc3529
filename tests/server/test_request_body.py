"""Bodies of requests: read whole, kept up to a limit, and given up where they do not arrive."""

import asyncio
import io
import os
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from server import request_body
from server.body.multipart_parser import MultipartParser
from server.request_body import BodyReader, spool_body
from server.thread_pool import Overloaded, ThreadPool

BODY = bytes(range(256)) * 4_000
CHUNKED = {"HTTP_TRANSFER_ENCODING": "chunked"}
ANNOUNCED = {"CONTENT_LENGTH": str(len(BODY))}


class Client:
    """Sends a body of which each chunk comes after a pause, as granian hands it on."""

    def __init__(self, *chunks: bytes, pause: float = 0.0) -> None:
        self.chunks, self.pause = chunks, pause

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            await asyncio.sleep(self.pause)
            yield chunk
        yield b""

    async def __call__(self) -> bytes:
        return b"".join([chunk async for chunk in self])

    async def client_disconnect(self) -> None: ...

    def response_empty(self, *_: Any) -> None: ...

    response_bytes = response_file_range = response_stream = response_empty


def environ(**headers: str) -> dict[str, Any]:
    return {"REQUEST_METHOD": "POST", "wsgi.input": io.BytesIO(), **headers}


async def read(client: Client, request: dict[str, Any], limit: int = 10_000_000) -> bytes:
    reader = BodyReader(ThreadPool("test", 1))
    async with reader.read(client, request, limit) as body:  # type: ignore[arg-type]
        return body.read()


@pytest.mark.parametrize("length", [ANNOUNCED, CHUNKED])
@pytest.mark.parametrize("size", [1_000, 100_000])
def test_a_body_arrives_whole_however_it_is_cut(length: dict[str, str], size: int) -> None:
    request = environ(**length)
    pieces = [BODY[at : at + size] for at in range(0, len(BODY), size)]
    assert asyncio.run(read(Client(*pieces), request)) == BODY
    assert request["CONTENT_LENGTH"] == str(len(BODY)), "Django reads no more than this"


def test_of_a_body_over_the_limit_the_beginning_is_kept_and_its_length_is_known() -> None:
    request = environ(**ANNOUNCED)
    kept = asyncio.run(read(Client(*[BODY[:1000]] * 1024), request, limit=10_000))
    assert 10_000 <= len(kept) < 20_000
    assert request["CONTENT_LENGTH"] == str(len(BODY))


def test_nothing_is_kept_for_a_request_whose_body_no_route_reads() -> None:
    assert asyncio.run(read(Client(BODY, BODY), environ(**CHUNKED), limit=0)) == b""


def test_a_body_that_does_not_arrive_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_body, "IDLE_TIMEOUT", 0.2)
    trickle = [b"x" * 10] * 1000
    with pytest.raises(TimeoutError):
        asyncio.run(read(Client(*trickle, pause=0.05), environ(CONTENT_LENGTH="10000")))
    with pytest.raises(TimeoutError):
        asyncio.run(read(Client(*trickle, pause=0.05), environ(**CHUNKED)))
    with pytest.raises(TimeoutError):
        asyncio.run(read(Client(b"", pause=60), environ(CONTENT_LENGTH="10")))


def test_a_slow_body_that_goes_on_arriving_is_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_body, "IDLE_TIMEOUT", 1.0)
    chunks = [b"x" * 1_000] * 30
    assert asyncio.run(read(Client(*chunks, pause=0.05), environ(**CHUNKED))) == b"".join(chunks)


def test_all_bodies_together_have_a_limit_and_what_has_gone_makes_room() -> None:
    async def several() -> None:
        reader = BodyReader(ThreadPool("test", 1), disk=1_000_000)
        for _ in range(3):
            async with reader.read(Client(BODY[:600_000]), environ(**CHUNKED), 10_000_000):  # type: ignore[arg-type]
                with pytest.raises(Overloaded):
                    async with reader.read(Client(BODY[:600_000]), environ(**CHUNKED), 10_000_000):  # type: ignore[arg-type]
                        pass

    asyncio.run(several())


@pytest.mark.parametrize("length", [ANNOUNCED, CHUNKED])
@pytest.mark.parametrize("limit", [0, 10_000_000])
def test_a_wsgi_server_has_its_body_read_before_the_view(length: dict[str, str], limit: int) -> None:
    request = environ(**length)
    request["wsgi.input"] = sent = io.BytesIO(BODY)
    with spool_body(request, limit) as body:
        assert body.read() == (BODY if limit else b"")
    assert sent.read() == b""
    assert request["CONTENT_LENGTH"] == str(len(BODY))


def test_where_bodies_have_taken_the_memory_the_next_lie_on_the_disk() -> None:
    async def one() -> bytes:
        reader = BodyReader(ThreadPool("test", 1), memory=0)
        async with reader.read(Client(b"x" * 100), environ(CONTENT_LENGTH="100"), 10_000) as body:  # type: ignore[arg-type]
            assert os.fstat(body.fileno()).st_size == 100
            return body.read()

    assert asyncio.run(one()) == b"x" * 100


def test_a_form_of_millions_of_false_delimiters_is_read_in_a_moment() -> None:
    """Each begins like the delimiter and is another, longer one."""
    parser = MultipartParser(b"a")
    began = time.process_time()
    assert sum(len(event) for event in parser.feed(b"\n--ab" * 1_000_000) if isinstance(event, bytes)) == 0
    assert time.process_time() - began < 2  # 2.6 s before, a fortieth of that now
