"""One archive follows another: it ends with the same bytes, however often it is stopped, and believes nothing."""

import bz2
import gzip
import io
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.management import CommandError, call_command

from archive.models import Source
from archive.takedowns.takedown import take_down
from archive.torrents.count import count_torrents
from archive.torrents.retrieve import retrieve
from bench.mirror import hash_objects, store_torrents
from metainfo.infohash import infohash_to_hex
from tests import make
from tests.servers.hashkeep import ROOT, Hashkeep, hashkeep
from workers import remote_archive

TORRENTS = 600  # three batches: the last is still to be fetched when the second is being written


# Two whole Hashkeeps


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hashkeep, Hashkeep]]:
    """The first has torrents and serves; the second has none yet."""
    first = tmp_path_factory.mktemp("first")
    with hashkeep(first) as source:
        store_torrents(source, range(TORRENTS))
        mirror = Hashkeep(tmp_path_factory.mktemp("second"))
        mirror.migrate()
        yield source, mirror


def test_a_mirror_that_is_killed_goes_on_and_ends_identical(pair: tuple[Hashkeep, Hashkeep]) -> None:
    source, mirror = pair
    command = [sys.executable, "manage.py", "mirror", source.url, "--parallel", "2"]
    for least in (50, 250):
        running = subprocess.Popen(
            command, cwd=ROOT, env=mirror.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 120
        while sum(1 for _ in mirror.torrents.glob("*/*/*.torrent")) < least:
            assert running.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        running.send_signal(signal.SIGKILL)
        running.wait()
        assert len(hash_objects(mirror)) < TORRENTS
    said = mirror.manage("mirror", source.url).stdout
    stored = int(said.split()[0])
    assert 0 < stored <= TORRENTS - 200, "a kill costs what was fetched since the last batch, and no more"
    assert f"{TORRENTS - stored} held already" in said
    assert hash_objects(mirror) == hash_objects(source)
    assert (
        f"Stored: {TORRENTS}. In the index: {TORRENTS}. Counted: {TORRENTS}." in mirror.manage("scrub").stdout
    )


def test_what_comes_later_is_all_that_is_fetched_then(pair: tuple[Hashkeep, Hashkeep]) -> None:
    source, mirror = pair
    mirror.manage("mirror", source.url)
    store_torrents(source, range(TORRENTS, TORRENTS + 3))
    assert mirror.manage("mirror", source.url).stdout.split()[:2] == ["3", "stored"]
    assert hash_objects(mirror) == hash_objects(source)


# One Hashkeep, and a server that misbehaves

Reply = tuple[int, dict[str, str], bytes]


class Server:
    """Answers by path, each from a list of replies of which the last stays; and remembers who asked when."""

    def __init__(self) -> None:
        self.replies: dict[str, list[Reply]] = {}
        self.asked: list[tuple[str, float]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append((self.path, time.monotonic()))
                replies = server.replies.get(self.path, [(404, {}, b"")])
                status, headers, body = replies.pop(0) if len(replies) > 1 else replies[0]
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(body))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def serve(self, torrent: bytes, *before: Reply, infohash: str = "") -> str:
        """After some other replies; gives back the infohash."""
        infohash = infohash or make.v1_hash(torrent)
        self.replies[f"/torrent/{infohash}.torrent"] = [*before, (200, {}, torrent)]
        return infohash

    def list(
        self, *infohashes: str, path: str = "/hashes.txt", pack: Callable[[bytes], bytes] = bytes
    ) -> str:
        body = pack("".join(f"{infohash}\n" for infohash in infohashes).encode())
        self.replies[path] = [(200, {}, body)]
        return self.url + path


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.http.serve_forever, args=[0.05])
    thread.start()
    yield made
    made.http.shutdown()
    thread.join()
    made.http.server_close()


def run(url: str) -> str:
    out = io.StringIO()
    try:
        call_command("mirror", url, stdout=out, stderr=out)
    except CommandError as error:
        out.write(str(error))
    return out.getvalue()


@pytest.mark.django_db
@pytest.mark.parametrize(("suffix", "pack"), [("", bytes), (".bz2", bz2.compress), (".gz", gzip.compress)])
def test_a_plain_list_is_enough(server: Server, suffix: str, pack: Callable[[bytes], bytes]) -> None:
    torrents = [make.v1(b"one"), make.v2(b"two"), make.hybrid(b"three")]
    hashes = [server.serve(torrents[0]), make.v2_hash(torrents[1]), server.serve(torrents[2]).lower()]
    server.serve(torrents[1], infohash=hashes[1])
    server.replies[f"/torrent/{hashes[2].upper()}.torrent"] = [(200, {}, gzip.compress(torrents[2]))]
    url = server.list("# a comment", *hashes, "", "nonsense", path=f"/some/hashes.txt{suffix}", pack=pack)
    assert "3 stored" in run(url)
    assert [retrieve(bytes.fromhex(one)).torrent for one in hashes] == torrents
    assert "3 held already" in run(url)
    assert len(server.asked) == 3 + 2  # the second time, only the list


@pytest.mark.django_db
def test_what_is_not_what_was_asked_for_is_not_taken(server: Server) -> None:
    other = make.v1(b"other")
    names = ["AA" * 20, "BB" * 20, "CC" * 32, "DD" * 20]
    for name, body in zip(names, (other, b"<html>Please log in</html>", other, b"d4:infod"), strict=True):
        server.serve(body, infohash=name)
    said = run(server.list(*names))
    assert "4 wrong" in said
    assert f"What came is {make.v1_hash(other)}." in said
    assert count_torrents() == 0


@pytest.mark.django_db
def test_what_is_gone_there_stops_nothing(server: Server) -> None:
    good = server.serve(make.v1(b"good"))
    server.replies["/torrent/" + "BB" * 20 + ".torrent"] = [(451, {}, b"Court order")]
    said = run(server.list("AA" * 20, "BB" * 20, good))
    assert "1 stored" in said and "2 gone" in said


@pytest.mark.django_db
def test_what_is_taken_down_here_is_not_even_asked_for(server: Server) -> None:
    torrent = make.v1(b"blocked")
    take_down(make.infohashes(torrent)[0], "Court order")
    assert "1 held already, or taken down here" in run(server.list(server.serve(torrent)))
    assert [path for path, _ in server.asked] == ["/hashes.txt"]


@pytest.mark.django_db
@pytest.mark.parametrize("status", [429, 503])
def test_who_wants_to_be_left_alone_is_left_alone(server: Server, status: int) -> None:
    busy = (status, {"Retry-After": "2"}, b"")
    hashes = [server.serve(make.v1(b"one"), busy), server.serve(make.v1(b"two"))]
    assert "2 stored" in run(server.list(*hashes))
    moments = [moment for path, moment in server.asked if hashes[0] in path]
    assert moments[1] - moments[0] >= 1.9


@pytest.mark.django_db
def test_whoever_waits_is_told_why(server: Server) -> None:
    infohash = server.serve(make.v1(b"one"), (500, {}, b""))
    said = run(server.list(infohash))
    assert f"{infohash}.torrent was answered with status 500. It is asked again in 1 s." in said
    assert "1 stored" in said


@pytest.mark.django_db
def test_a_host_that_is_dead_is_said_to_be_at_once(server: Server) -> None:
    server.http.server_close()
    began = time.monotonic()
    assert f"{server.url}/sync/ cannot be read: Connection refused." in run(server.url)
    assert time.monotonic() - began < 5


@pytest.mark.django_db
def test_no_more_than_wished_are_asked_for_at_once(server: Server) -> None:
    hashes = [server.serve(make.v1(b"%d" % n)) for n in range(40)]
    most, now, lock = [0], [0], threading.Lock()
    answer = server.http.RequestHandlerClass.do_GET  # type: ignore[attr-defined]

    def slowly(handler: BaseHTTPRequestHandler) -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.02)
        answer(handler)
        with lock:
            now[0] -= 1

    server.http.RequestHandlerClass.do_GET = slowly  # type: ignore[attr-defined]
    call_command("mirror", server.list(*hashes), parallel=3, stdout=io.StringIO())
    assert count_torrents() == 40
    assert 1 < most[0] <= 3 + 1  # the list itself is read meanwhile


@pytest.mark.django_db
def test_a_server_that_fails_for_good_ends_the_run_and_loses_nothing(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_archive, "FIRST_DELAY", 0.01)
    monkeypatch.setattr(remote_archive, "MAX_DELAY", 0.01)
    good = server.serve(make.v1(b"good"))
    broken = [infohash_to_hex(bytes([n]) * 20) for n in range(20)]
    for one in broken:
        server.replies[f"/torrent/{one}.torrent"] = [(500, {}, b"")]
    said = run(server.list(good, *broken))
    assert "does not answer any more" in said and "run the same command again" in said
    assert "1 stored" in said
    assert run(server.url).startswith("           0 stored")


@pytest.mark.django_db
def test_one_that_fails_is_tried_again_by_the_next_run(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its list is old enough to be settled, and yet is read again."""
    monkeypatch.setattr(remote_archive, "FIRST_DELAY", 0.01)
    monkeypatch.setattr(remote_archive, "MAX_DELAY", 0.01)
    torrent, other = make.v1(b"one"), make.v1(b"two")
    server.serve(torrent, *[(500, {}, b"")] * 7)
    hashes = [make.v1_hash(torrent), server.serve(other)]
    server.list("202001.txt", "202002.txt", path="/sync/")
    server.list(*hashes, "", path="/sync/202001.txt")
    server.list("", path="/sync/202002.txt")
    assert "1 failed" in run(server.url)
    assert count_torrents() == 1
    assert "1 stored" in run(server.url)
    assert Source.objects.get().until == date(2020, 3, 1)


@pytest.mark.django_db
def test_lists_that_can_grow_no_more_are_read_once(server: Server) -> None:
    first, second = server.serve(make.v1(b"one")), server.serve(make.v1(b"two"))
    today = time.strftime("%Y%m%d.txt", time.gmtime())
    server.list("202001.txt", "20200201.txt", today, path="/sync/")
    server.list(first, "", path="/sync/202001.txt")
    server.list("", path="/sync/20200201.txt")
    server.list(second, "", path=f"/sync/{today}")
    for _ in range(2):
        run(server.url)
    asked = [path for path, _ in server.asked]
    assert asked.count("/sync/202001.txt") == asked.count("/sync/20200201.txt") == 1
    assert asked.count(f"/sync/{today}") == 2
    assert count_torrents() == 2


@pytest.mark.django_db
def test_a_list_that_a_wrong_clock_lets_grow_later_is_read_then(server: Server) -> None:
    """An archive names it behind a later one from then on."""
    first, second, third = (server.serve(make.v1(name)) for name in (b"one", b"two", b"three"))
    server.list("202001.txt", "202002.txt", path="/sync/")
    server.list(first, "", path="/sync/202001.txt")
    server.list("", path="/sync/202002.txt")
    run(server.url)
    server.list("202002.txt", "197001.txt", "202001.txt", path="/sync/")
    server.list(second, "", path="/sync/197001.txt")
    server.list(first, third, "", path="/sync/202001.txt")
    assert "2 stored" in run(server.url)
    assert Source.objects.get().until == date(2020, 3, 1)


@pytest.mark.django_db
def test_a_list_that_breaks_off_is_read_again(server: Server) -> None:
    first, second = server.serve(make.v1(b"one")), server.serve(make.v1(b"two"))
    server.list("202001.txt", path="/sync/")
    server.list(first, path="/sync/202001.txt")
    assert "breaks off" in run(server.url)
    server.list(first, second, "", path="/sync/202001.txt")
    assert "1 stored" in run(server.url)
    assert count_torrents() == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    "url", ["ftp://archive.example", "archive.example", "/etc/passwd", "http://", "http://[::1"]
)
def test_what_is_no_address_is_refused_at_once(url: str) -> None:
    assert "is no address of an archive" in run(url)


@pytest.mark.django_db
def test_an_archive_without_lists_says_so(server: Server) -> None:
    said = run(server.url)
    assert "404" in said and "LISTING=off, perhaps" in said


@pytest.mark.django_db
def test_lines_without_end_take_no_memory(server: Server) -> None:
    server.replies["/hashes.txt.gz"] = [(200, {}, gzip.compress(bytes(50_000_000)))]
    assert "0 stored" in run(f"{server.url}/hashes.txt.gz")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [gzip.compress(b"")[:5], b"\x1f\x8b\x08" + bytes(7) + b"\xff" * 9, b"no gzip"],
    ids=["cut off", "wrong", "none"],
)
def test_a_packed_list_that_is_damaged_ends_with_a_sentence(server: Server, body: bytes) -> None:
    server.replies["/hashes.txt.gz"] = [(200, {}, body)]
    assert "/hashes.txt.gz cannot be read: " in run(f"{server.url}/hashes.txt.gz")
