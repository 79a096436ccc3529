"""Uploads that come at once: they are stored together, and each is answered as if it had come alone."""

import io
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from threading import Barrier
from typing import Any
from wsgiref.types import WSGIEnvironment

import pytest
import requests
from pytest_django import Settings

from archive.torrents.count import count_torrents
from hashkeep import dispatcher, wsgi
from soap.fast_path import Answer
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
    """One process, so that all meet there."""
    server = Hashkeep(tmp_path)
    server.migrate()
    server.start("--workers", "1")
    yield server
    server.kill()


@pytest.mark.parametrize("door", [by_post, by_soap])
def test_each_gets_its_own_answer(server: Hashkeep, door: Callable[[Hashkeep, bytes], str]) -> None:
    good = [make.v1(b"%d" % number) for number in range(20)]
    copies = [make.v1(outer={b"announce": b"udp://%d.example:1" % number}) for number in range(4)]
    large = make.v1(b"large", 400_000_000)
    assert len(large) > dispatcher._SMALL
    jobs = [*good, *good[:5], *copies, GARBAGE, b"", PRIVATE, large]
    together = Barrier(len(jobs))

    def upload(torrent: bytes) -> str:
        together.wait(LONG)
        return door(server, torrent)

    with ThreadPoolExecutor(len(jobs)) as threads:
        answers = list(threads.map(upload, jobs))
    bad = [GARBAGE, b"", PRIVATE]
    assert answers == [door(server, one) if one in bad else make.v1_hash(one) for one in jobs]
    assert len(set(answers)) == len(good) + 1 + len(bad) + 1
    assert requests.get(f"{server.url}/api/v1/stats", timeout=LONG).json()["torrents"] == len(good) + 2
    for torrent in [*good, large]:
        url = f"{server.url}/{make.v1_hash(torrent)}.torrent"
        assert requests.get(url, timeout=LONG).content == torrent


@pytest.mark.parametrize("door", [by_post, by_soap])
def test_a_query_of_very_many_fields_harms_nobody(server: Hashkeep, door: Callable[..., str]) -> None:
    torrents = [make.v1(b"%d" % number) for number in range(9)]
    with ThreadPoolExecutor(len(torrents)) as threads:
        answers = list(threads.map(lambda one: door(server, one, "a=1&" * 1500), torrents))
    assert answers == [make.v1_hash(one) for one in torrents]
    assert "went wrong" not in server.log.read_text()


class Proto:
    """What granian gives to answer to."""

    def __init__(self) -> None:
        self.answers = Queue[tuple[int, bytes]]()

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.answers.put((status, body))


def request(torrent: bytes) -> WSGIEnvironment:
    prepared = requests.Request(
        "POST", "http://a/upload", files={"torrent": ("a.torrent", torrent)}
    ).prepare()
    assert isinstance(prepared.body, bytes)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/upload",
        "CONTENT_TYPE": prepared.headers["Content-Type"],
        "CONTENT_LENGTH": str(len(prepared.body)),
        "wsgi.input": io.BytesIO(prepared.body),
    }
    return environ


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> Queue[int]:
    """How many uploads were taken together, whenever that was."""
    seen, together = Queue[int](), wsgi.together

    def noted(door: dispatcher.ReceiveAll, environs: Sequence[WSGIEnvironment]) -> Sequence[Answer]:
        seen.put(len(environs))
        return together(door, environs)

    monkeypatch.setattr(wsgi, "together", noted)
    return seen


@pytest.mark.django_db(transaction=True)
def test_where_they_go_wrong_together_each_is_tried_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(door: dispatcher.ReceiveAll, environs: Sequence[WSGIEnvironment]) -> Sequence[Answer]:
        answers = door(environs)  # so that the bodies have been read
        raise RuntimeError(f"after {len(answers)} answers")

    monkeypatch.setattr(wsgi, "together", fail)
    torrents, protos = [make.v1(b"%d" % number) for number in range(3)], [Proto() for _ in range(3)]
    ours = dispatcher.Front(wsgi.application, {})
    for proto, torrent in zip(protos, torrents, strict=True):
        ours(proto, request(torrent))
    for proto, torrent in zip(protos, torrents, strict=True):
        assert proto.answers.get(timeout=LONG) == (200, make.v1_hash(torrent).encode())
    assert count_torrents() == 3
    assert "Uploads went wrong together" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_large_one_keeps_nobody(batches: Queue[int]) -> None:
    proto, torrent = Proto(), make.v1(b"large", 400_000_000)
    dispatcher.Front(wsgi.application, {})(proto, request(torrent))
    assert proto.answers.get(timeout=LONG) == (200, make.v1_hash(torrent).encode())
    assert batches.empty()


@pytest.mark.django_db(transaction=True)
def test_over_a_network_each_is_stored_alone(batches: Queue[int], bucket: str, settings: Settings) -> None:
    settings.STORAGE_URL = bucket
    proto, torrent = Proto(), make.v1()
    dispatcher.Front(wsgi.application, {})(proto, request(torrent))
    assert proto.answers.get(timeout=LONG) == (200, make.v1_hash(torrent).encode())
    assert batches.empty()


@pytest.mark.django_db(transaction=True)
def test_on_a_disk_of_ones_own_a_clerk_stores_it(batches: Queue[int]) -> None:
    """Else the two before this one say nothing."""
    proto, torrent = Proto(), make.v1()
    dispatcher.Front(wsgi.application, {})(proto, request(torrent))
    assert proto.answers.get(timeout=LONG) == (200, make.v1_hash(torrent).encode())
    assert batches.get_nowait() == 1
