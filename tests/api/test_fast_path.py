"""Downloads from memory: never of what is no longer there, and never more of it than there is room for."""

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from api.fast_path import recall, serve
from api.http.response_cache import CachedResponse, ResponseCache
from archive.takedowns.takedown import take_down
from archive.torrents.deposit import deposit
from server.thread_pool import Crew
from tests import make

V1 = make.v1(b"one", 20_000_000)
LARGE = make.v1(b"large", 4_000_000_000)


def ask(infohash: str, method: str = "GET", **headers: str) -> tuple[bytes, dict[str, str]] | None:
    """Body and headers as the fast lane has them; None where it leaves the answer to Django."""
    said: dict[str, str] = {}

    def start(status: str, headers: Any, exc_info: Any = None) -> Any:
        said.update(dict(headers), Status=status)

    environ = {"REQUEST_METHOD": method, "PATH_INFO": f"/{infohash}.torrent", **headers}
    served = serve(environ, start)
    return None if served is None else (b"".join(served), said)


def is_ready(infohash: str, method: str = "GET", **headers: str) -> bool:
    return recall({"REQUEST_METHOD": method, "PATH_INFO": f"/{infohash}.torrent", **headers}) is not None


@pytest.mark.django_db
def test_the_second_download_comes_from_memory_and_is_the_same() -> None:
    infohash = deposit(V1).infohash
    assert not is_ready(infohash)
    first = ask(infohash)
    assert is_ready(infohash)
    assert is_ready(infohash, "HEAD")
    assert ask(infohash) == first
    assert first
    assert first[0] == V1
    assert ask(infohash, "HEAD") == (b"", first[1])


@pytest.mark.django_db
def test_what_is_taken_down_is_not_in_memory_any_more() -> None:
    infohash = deposit(make.v1(b"two")).infohash
    ask(infohash)
    assert is_ready(infohash)
    take_down(bytes.fromhex(infohash), "Asked for.")
    assert not is_ready(infohash)
    assert ask(infohash) is None


@pytest.mark.django_db
def test_a_torrent_that_gains_its_piece_layers_is_read_again() -> None:
    whole, bare = make.v2(b"same", b"2" * 100_000), make.v2(b"same", b"2" * 100_000, layers=False)
    infohash = deposit(bare).infohash
    ask(infohash)
    assert is_ready(infohash)
    deposit(whole)
    assert not is_ready(infohash)
    answer = ask(infohash)
    assert answer
    assert answer[0] == whole


@pytest.mark.django_db
@pytest.mark.parametrize("named", ["HTTP_IF_NONE_MATCH", "HTTP_ACCEPT_ENCODING"])
def test_what_a_client_says_of_itself_is_not_forgotten(named: str) -> None:
    infohash = deposit(make.v1(b"many", files={(b"%05d.txt" % n,): 1 for n in range(500)})).infohash
    plain = ask(infohash)
    assert plain
    other = ask(infohash, **{named: plain[1]["ETag"] if named == "HTTP_IF_NONE_MATCH" else "gzip"})
    assert other
    assert len(other[0]) < len(plain[0]) / 2
    assert ask(infohash) == plain


@pytest.mark.django_db
def test_a_large_torrent_is_read_from_the_disk_each_time(objects: Path) -> None:
    infohash = deposit(LARGE).infohash
    for _ in range(2):
        answer = ask(infohash)
        assert answer
        assert answer[0] == LARGE
        assert not is_ready(infohash)


def test_the_oldest_makes_room() -> None:
    shelf = ResponseCache(6_000)  # with what Python needs to hold each, two of them
    for number in range(5):
        shelf.put((str(number), ""), CachedResponse([], b"x" * 40, lambda: True))
    assert [number for number in range(5) if shelf.get((str(number), ""))] == [3, 4]
    shelf.put(("4", ""), CachedResponse([], b"y" * 60, lambda: True))
    assert [number for number in range(5) if shelf.get((str(number), ""))] == [3, 4]
    shelf.put(("too large", ""), CachedResponse([], b"x" * 6_000, lambda: True))
    assert shelf.get(("too large", "")) is None
    shelf.put(("fits", ""), CachedResponse([], b"x" * 100, lambda: True))
    assert shelf.get(("fits", ""))


def wait_for(condition: Callable[[], bool]) -> bool:
    enough = threading.Event()
    for _ in range(600):
        if condition():
            return True
        enough.wait(0.05)
    return False


def test_a_crew_has_as_many_threads_as_there_is_work_for_and_no_more() -> None:
    crew, done, gate = Crew(3, patience=0.2), list[int](), threading.Event()
    before = set(threading.enumerate())

    def members() -> int:
        return sum(one.name == "crew" and one not in before for one in threading.enumerate())

    def wait(number: int) -> None:
        gate.wait(60)
        done.append(number)

    for number in range(10):
        crew.do(partial(wait, number))
    assert members() == 3
    gate.set()
    assert wait_for(lambda: sorted(done) == list(range(10)))
    assert wait_for(lambda: members() == 0)
    crew.do(lambda: done.append(10))
    assert wait_for(lambda: 10 in done)


def test_a_job_never_waits_for_a_busy_thread_while_another_may_be_had() -> None:
    crew, gate, through = Crew(50), threading.Event(), threading.Semaphore(0)
    for _ in range(200):  # each leaves a thread that is just about to wait for more
        crew.do(lambda: None)
    for _ in range(20):
        crew.do(lambda: (gate.wait(60), None)[1])
        crew.do(lambda: through.release())
        assert through.acquire(timeout=30)
    gate.set()
