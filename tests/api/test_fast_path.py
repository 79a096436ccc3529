"""The fast path of downloads, and its cache: nothing that is out of date, and no more than its size."""

from pathlib import Path

import pytest

from api.fast_path import cached_download, read_download
from api.http.response_cache import CachedResponse, ResponseCache
from archive.takedowns.takedown import take_down
from archive.torrents.deposit import deposit
from server.response_values import FileRange
from tests import make

V1 = make.v1(b"one", 20_000_000)
LARGE = make.v1(b"large", 4_000_000_000)


class UnchangedFile:
    """Stands for the file of a response that is only kept."""

    def is_current(self) -> bool:
        return True

    def open_file(self) -> None:
        return None


FILE = UnchangedFile()


def serve_download(infohash: str, method: str = "GET", **headers: str) -> tuple[bytes, dict[str, str]] | None:
    """Body and headers of the fast path; None where it leaves the request to Django."""
    path = f"/{infohash}.torrent"
    encoding, none_match = (headers.get(f"HTTP_{name}", "") for name in ("ACCEPT_ENCODING", "IF_NONE_MATCH"))
    response = cached_download(method, path, encoding, none_match) or read_download(
        {"REQUEST_METHOD": method, "PATH_INFO": path, **headers}
    )
    if response is None:
        return None
    said = {**dict(response.headers), "Status": str(response.status)}
    if isinstance(response, FileRange):
        with response.file:
            response.file.seek(response.part.start)
            return response.file.read(len(response.part)), said
    return response.body, said


def is_cached(infohash: str, method: str = "GET") -> bool:
    return cached_download(method, f"/{infohash}.torrent", "", "") is not None


@pytest.mark.django_db
def test_the_second_download_comes_from_memory_and_is_the_same() -> None:
    infohash = deposit(V1).infohash
    assert not is_cached(infohash)
    first = serve_download(infohash)
    assert is_cached(infohash)
    assert is_cached(infohash, "HEAD")
    assert serve_download(infohash) == first
    assert first
    assert first[0] == V1
    assert serve_download(infohash, "HEAD") == (b"", first[1])


@pytest.mark.django_db
def test_a_torrent_that_is_taken_down_leaves_the_cache() -> None:
    infohash = deposit(make.v1(b"two")).infohash
    serve_download(infohash)
    assert is_cached(infohash)
    take_down(bytes.fromhex(infohash), "Asked for.")
    assert not is_cached(infohash)
    assert serve_download(infohash) is None


@pytest.mark.django_db
def test_a_torrent_that_gains_its_piece_layers_is_read_again() -> None:
    whole, bare = make.v2(b"same", b"2" * 100_000), make.v2(b"same", b"2" * 100_000, layers=False)
    infohash = deposit(bare).infohash
    serve_download(infohash)
    assert is_cached(infohash)
    deposit(whole)
    assert not is_cached(infohash)
    answer = serve_download(infohash)
    assert answer
    assert answer[0] == whole


@pytest.mark.django_db
@pytest.mark.parametrize("named", ["HTTP_IF_NONE_MATCH", "HTTP_ACCEPT_ENCODING"])
def test_request_headers_count_for_a_cached_response(named: str) -> None:
    infohash = deposit(make.v1(b"many", files={(b"%05d.txt" % n,): 1 for n in range(500)})).infohash
    plain = serve_download(infohash)
    assert plain
    other = serve_download(infohash, **{named: plain[1]["ETag"] if named == "HTTP_IF_NONE_MATCH" else "gzip"})
    assert other
    assert len(other[0]) < len(plain[0]) / 2
    assert serve_download(infohash) == plain


@pytest.mark.django_db
def test_a_large_torrent_is_read_from_the_disk_each_time(objects: Path) -> None:
    infohash = deposit(LARGE).infohash
    for _ in range(2):
        answer = serve_download(infohash)
        assert answer
        assert answer[0] == LARGE
        assert not is_cached(infohash)


@pytest.mark.django_db
def test_a_large_torrent_that_is_taken_down_is_not_sent_from_its_remembered_headers() -> None:
    infohash = deposit(make.v1(b"large and bad", 4_000_000_000)).infohash
    for _ in range(2):
        assert serve_download(infohash)
    take_down(bytes.fromhex(infohash), "Asked for.")
    assert serve_download(infohash) is None


def test_the_oldest_response_leaves_the_cache_first() -> None:
    cache = ResponseCache(6_000)  # two responses, with what Python needs to hold each
    for number in range(5):
        cache.put((str(number), ""), CachedResponse([], FILE, b"x" * 40))
    assert [number for number in range(5) if cache.get((str(number), ""))] == [3, 4]
    cache.put(("4", ""), CachedResponse([], FILE, b"y" * 60))
    assert [number for number in range(5) if cache.get((str(number), ""))] == [3, 4]
    cache.put(("too large", ""), CachedResponse([], FILE, b"x" * 6_000))
    assert cache.get(("too large", "")) is None
    cache.put(("fits", ""), CachedResponse([], FILE, b"x" * 100))
    assert cache.get(("fits", ""))
