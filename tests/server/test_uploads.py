"""Uploads that come at once: they are stored together, and each is answered as if it had come alone."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any
from wsgiref.types import WSGIEnvironment

import pytest
import requests
from pytest_django import Settings

from api.fast_path import answer_uploads
from archive.torrents.count import count_torrents
from hashkeep import application
from server.response_values import Response
from server.rsgi_types import HeaderList
from tests import make
from tests.servers.hashkeep import Hashkeep

LONG = 60.0
PRIVATE = make.v1(b"private", private=1)
GARBAGE = b"this is no torrent"


def by_post(server: Hashkeep, torrent: bytes, query: str = "") -> str:
    answer = requests.post(
        f"{server.url}/autoupload.php?{query}", files={"torrent": ("a.torrent", torrent)}, timeout=LONG
    )
    assert answer.status_code == 200
    return answer.headers.get("X-Thetorrent-Hash") or answer.text


def by_soap(server: Hashkeep, torrent: bytes, query: str = "") -> str:
    envelope = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><storeTorrent>'
        f"<torrent>{b64encode(torrent).decode()}</torrent></storeTorrent></e:Body></e:Envelope>"
    )
    answer = requests.post(
        f"{server.url}/soap?{query}", envelope, headers={"Content-Type": "text/xml"}, timeout=LONG
    )
    assert answer.status_code == 200
    return answer.text.partition("Result")[2].partition(">")[2].partition("<")[0]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Hashkeep]:
    """One process, so that all uploads are in its batches."""
    server = Hashkeep(tmp_path)
    server.migrate()
    server.start("--workers", "1")
    yield server
    server.kill()


@pytest.mark.parametrize("upload_to", [by_post, by_soap])
def test_each_gets_its_own_answer(server: Hashkeep, upload_to: Callable[[Hashkeep, bytes], str]) -> None:
    good = [make.v1(b"%d" % number) for number in range(20)]
    copies = [make.v1(outer={b"announce": b"udp://%d.example:1" % number}) for number in range(4)]
    large = make.v1(b"large", 400_000_000)
    jobs = [*good, *good[:5], *copies, GARBAGE, b"", PRIVATE, large]
    together = Barrier(len(jobs))

    def upload(torrent: bytes) -> str:
        together.wait(LONG)
        return upload_to(server, torrent)

    with ThreadPoolExecutor(len(jobs)) as threads:
        answers = list(threads.map(upload, jobs))
    bad = [GARBAGE, b"", PRIVATE]
    assert answers == [upload_to(server, one) if one in bad else make.v1_hash(one) for one in jobs]
    assert len(set(answers)) == len(good) + 1 + len(bad) + 1
    assert requests.get(f"{server.url}/api/v1/stats", timeout=LONG).json()["torrents"] == len(good) + 2
    for torrent in [*good, large]:
        url = f"{server.url}/{make.v1_hash(torrent)}.torrent"
        assert requests.get(url, timeout=LONG).content == torrent


@pytest.mark.parametrize("upload_to", [by_post, by_soap])
def test_a_query_of_very_many_fields_fails_no_upload(server: Hashkeep, upload_to: Callable[..., str]) -> None:
    torrents = [make.v1(b"%d" % number) for number in range(9)]
    with ThreadPoolExecutor(len(torrents)) as threads:
        answers = list(threads.map(lambda one: upload_to(server, one, "a=1&" * 1500), torrents))
    assert answers == [make.v1_hash(one) for one in torrents]
    assert "went wrong" not in server.log.read_text()


class Exchange:
    """Scope and protocol of one request, as granian gives them, and what was answered to it."""

    http_version, server, client, scheme, query_string = "1.1", "127.0.0.1:8000", "127.0.0.1:9", "http", ""
    method, path = "POST", "/upload"

    def __init__(self, torrent: bytes) -> None:
        prepared = requests.Request(
            "POST", "http://a/upload", files={"torrent": ("a.torrent", torrent)}
        ).prepare()
        assert isinstance(prepared.body, bytes)
        self.body = prepared.body
        self.headers = {
            "content-type": prepared.headers["Content-Type"],
            "content-length": str(len(self.body)),
        }
        self.answers: list[tuple[int, bytes]] = []

    async def __call__(self) -> bytes:
        return self.body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.body
        yield b""

    async def client_disconnect(self) -> None:
        await asyncio.sleep(60)

    def response_bytes(self, status: int, headers: HeaderList, body: bytes) -> None:
        self.answers.append((status, body))


def exchange(*torrents: bytes) -> list[tuple[int, bytes]]:
    """The application's answers to uploads that come at once."""
    exchanges: list[Any] = [Exchange(torrent) for torrent in torrents]

    async def run() -> None:
        ours = application.Application()
        ours.__rsgi_init__(asyncio.get_running_loop())
        await asyncio.gather(*[ours.__rsgi__(one, one) for one in exchanges])

    asyncio.run(run())
    return [answer for one in exchanges for answer in one.answers]


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many uploads were stored together, each time."""
    seen, answer = list[int](), answer_uploads

    def count_and_answer(environs: Sequence[WSGIEnvironment]) -> list[Response]:
        seen.append(len(environs))
        return answer(environs)

    monkeypatch.setattr(application, "answer_uploads", count_and_answer)
    return seen


@pytest.mark.django_db(transaction=True)
def test_where_they_go_wrong_together_each_is_tried_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    answer = answer_uploads

    def fail(environs: Sequence[WSGIEnvironment]) -> list[Response]:
        answers = answer(environs)  # so that the bodies have been read
        raise RuntimeError(f"after {len(answers)} answers")

    monkeypatch.setattr(application, "answer_uploads", fail)
    torrents = [make.v1(b"%d" % number) for number in range(3)]
    assert exchange(*torrents) == [(200, make.v1_hash(torrent).encode()) for torrent in torrents]
    assert count_torrents() == 3
    assert "Uploads went wrong together" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_large_upload_is_stored_alone_and_keeps_no_other_waiting(batches: list[int]) -> None:
    torrent = make.v1(b"large", 400_000_000)
    assert len(torrent) > 262_144
    assert exchange(torrent) == [(200, make.v1_hash(torrent).encode())]
    assert batches == []


@pytest.mark.django_db(transaction=True)
def test_in_a_bucket_each_is_stored_alone(batches: list[int], bucket: str, settings: Settings) -> None:
    settings.STORAGE_URL = bucket
    torrent = make.v1()
    assert exchange(torrent) == [(200, make.v1_hash(torrent).encode())]
    assert batches == []


@pytest.mark.django_db(transaction=True)
def test_in_a_folder_those_that_come_at_once_are_stored_together(batches: list[int]) -> None:
    torrents = [make.v1(b"%d" % number) for number in range(9)]
    assert exchange(*torrents) == [(200, make.v1_hash(torrent).encode()) for torrent in torrents]
    assert sum(batches) == 9
    assert len(batches) <= 3
