"""The command mirror: it ends with the same bytes, however often it is stopped, and verifies each torrent."""

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
from http.server import BaseHTTPRequestHandler

import pytest
from django.core.management import CommandError, call_command

from archive.models import Source
from archive.takedowns.takedown import take_down
from archive.torrents.count import count_torrents
from archive.torrents.retrieve import retrieve
from bench.mirror import hash_objects, store_torrents
from metainfo.infohash import infohash_to_hex
from tests import make
from tests.servers.fake_archive import FakeArchive, fake_archive
from tests.servers.hashkeep import ROOT, Hashkeep, hashkeep
from workers import remote_archive

TORRENTS = 600  # three batches: the last is still to be fetched when the second is being written


# Two whole Hashkeeps


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hashkeep, Hashkeep]]:
    """A running archive with torrents, and the empty one that mirrors it."""
    first = tmp_path_factory.mktemp("first")
    with hashkeep(first) as source:
        store_torrents(source, range(TORRENTS))
        mirror = Hashkeep(tmp_path_factory.mktemp("second"))
        mirror.migrate()
        yield source, mirror


def test_a_killed_mirror_resumes_and_ends_with_identical_bytes(pair: tuple[Hashkeep, Hashkeep]) -> None:
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


def test_a_later_run_fetches_only_what_is_new(pair: tuple[Hashkeep, Hashkeep]) -> None:
    source, mirror = pair
    mirror.manage("mirror", source.url)
    store_torrents(source, range(TORRENTS, TORRENTS + 3))
    assert mirror.manage("mirror", source.url).stdout.split()[:2] == ["3", "stored"]
    assert hash_objects(mirror) == hash_objects(source)


# One Hashkeep, and a server with prepared replies


@pytest.fixture
def server() -> Iterator[FakeArchive]:
    with fake_archive() as archive:
        yield archive


def run_mirror(url: str) -> str:
    out = io.StringIO()
    try:
        call_command("mirror", url, stdout=out, stderr=out)
    except CommandError as error:
        out.write(str(error))
    return out.getvalue()


@pytest.mark.django_db
@pytest.mark.parametrize(("suffix", "pack"), [("", bytes), (".bz2", bz2.compress), (".gz", gzip.compress)])
def test_a_single_list_can_be_mirrored(
    server: FakeArchive, suffix: str, pack: Callable[[bytes], bytes]
) -> None:
    torrents = [make.v1(b"one"), make.v2(b"two"), make.hybrid(b"three")]
    hashes = [server.serve(torrents[0]), make.v2_hash(torrents[1]), server.serve(torrents[2]).lower()]
    server.serve(torrents[1], infohash=hashes[1])
    server.replies[f"/torrent/{hashes[2].upper()}.torrent"] = [(200, {}, gzip.compress(torrents[2]))]
    url = server.list("# a comment", *hashes, "", "nonsense", path=f"/some/hashes.txt{suffix}", pack=pack)
    assert "3 stored" in run_mirror(url)
    assert [retrieve(bytes.fromhex(one)).torrent for one in hashes] == torrents
    assert "3 held already" in run_mirror(url)
    assert len(server.asked) == 3 + 2  # the second time, only the list


@pytest.mark.django_db
def test_a_torrent_with_another_infohash_is_not_stored(server: FakeArchive) -> None:
    other = make.v1(b"other")
    names = ["AA" * 20, "BB" * 20, "CC" * 32, "DD" * 20]
    for name, body in zip(names, (other, b"<html>Please log in</html>", other, b"d4:infod"), strict=True):
        server.serve(body, infohash=name)
    said = run_mirror(server.list(*names))
    assert "4 wrong" in said
    assert f"What came is {make.v1_hash(other)}." in said
    assert count_torrents() == 0


@pytest.mark.django_db
def test_a_torrent_that_the_other_archive_lacks_does_not_stop_the_run(server: FakeArchive) -> None:
    good = server.serve(make.v1(b"good"))
    server.replies["/torrent/" + "BB" * 20 + ".torrent"] = [(451, {}, b"Court order")]
    said = run_mirror(server.list("AA" * 20, "BB" * 20, good))
    assert "1 stored" in said and "2 gone" in said


@pytest.mark.django_db
def test_a_torrent_that_is_taken_down_here_is_not_requested(server: FakeArchive) -> None:
    torrent = make.v1(b"blocked")
    take_down(make.infohashes(torrent)[0], "Court order")
    assert "1 held already, or taken down here" in run_mirror(server.list(server.serve(torrent)))
    assert [path for path, _ in server.asked] == ["/hashes.txt"]


@pytest.mark.django_db
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed(server: FakeArchive, status: int) -> None:
    busy = (status, {"Retry-After": "2"}, b"")
    hashes = [server.serve(make.v1(b"one"), busy), server.serve(make.v1(b"two"))]
    assert "2 stored" in run_mirror(server.list(*hashes))
    moments = [moment for path, moment in server.asked if hashes[0] in path]
    assert moments[1] - moments[0] >= 1.9


@pytest.mark.django_db
def test_the_reason_of_a_wait_is_reported(server: FakeArchive) -> None:
    infohash = server.serve(make.v1(b"one"), (500, {}, b""))
    said = run_mirror(server.list(infohash))
    assert f"{infohash}.torrent was answered with status 500. It is asked again in 1 s." in said
    assert "1 stored" in said


@pytest.mark.django_db
def test_an_unknown_host_is_reported_immediately(server: FakeArchive) -> None:
    server.http.server_close()
    began = time.monotonic()
    assert f"{server.url}/sync/ cannot be read: Connection refused." in run_mirror(server.url)
    assert time.monotonic() - began < 5


@pytest.mark.django_db
def test_no_more_requests_than_parallel_run_at_a_time(server: FakeArchive) -> None:
    hashes = [server.serve(make.v1(b"%d" % n)) for n in range(40)]
    most, now, lock = [0], [0], threading.Lock()
    answer = server.http.RequestHandlerClass.do_GET  # type: ignore[attr-defined]

    def do_get_slowly(handler: BaseHTTPRequestHandler) -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.02)
        answer(handler)
        with lock:
            now[0] -= 1

    server.http.RequestHandlerClass.do_GET = do_get_slowly  # type: ignore[attr-defined]
    call_command("mirror", server.list(*hashes), parallel=3, stdout=io.StringIO())
    assert count_torrents() == 40
    assert 1 < most[0] <= 3 + 1  # the list itself is read meanwhile


@pytest.mark.django_db
def test_a_server_that_keeps_failing_ends_the_run_without_loss(
    server: FakeArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_archive, "FIRST_DELAY", 0.01)
    monkeypatch.setattr(remote_archive, "MAX_DELAY", 0.01)
    good = server.serve(make.v1(b"good"))
    broken = [infohash_to_hex(bytes([n]) * 20) for n in range(20)]
    for one in broken:
        server.replies[f"/torrent/{one}.torrent"] = [(500, {}, b"")]
    said = run_mirror(server.list(good, *broken))
    assert "does not answer any more" in said and "run the same command again" in said
    assert "1 stored" in said
    assert run_mirror(server.url).startswith("           0 stored")


@pytest.mark.django_db
def test_a_torrent_that_failed_is_fetched_by_the_next_run(
    server: FakeArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its list could grow no more, and yet it is read again."""
    monkeypatch.setattr(remote_archive, "FIRST_DELAY", 0.01)
    monkeypatch.setattr(remote_archive, "MAX_DELAY", 0.01)
    torrent, other = make.v1(b"one"), make.v1(b"two")
    server.serve(torrent, *[(500, {}, b"")] * 7)
    hashes = [make.v1_hash(torrent), server.serve(other)]
    server.list("202001.txt", "202002.txt", path="/sync/")
    server.list(*hashes, "", path="/sync/202001.txt")
    server.list("", path="/sync/202002.txt")
    assert "1 failed" in run_mirror(server.url)
    assert count_torrents() == 1
    assert "1 stored" in run_mirror(server.url)
    assert Source.objects.get().until == date(2020, 3, 1)


@pytest.mark.django_db
def test_finished_lists_are_read_once(server: FakeArchive) -> None:
    first, second = server.serve(make.v1(b"one")), server.serve(make.v1(b"two"))
    today = time.strftime("%Y%m%d.txt", time.gmtime())
    server.list("202001.txt", "20200201.txt", today, path="/sync/")
    server.list(first, "", path="/sync/202001.txt")
    server.list("", path="/sync/20200201.txt")
    server.list(second, "", path=f"/sync/{today}")
    for _ in range(2):
        run_mirror(server.url)
    asked = [path for path, _ in server.asked]
    assert asked.count("/sync/202001.txt") == asked.count("/sync/20200201.txt") == 1
    assert asked.count(f"/sync/{today}") == 2
    assert count_torrents() == 2


@pytest.mark.django_db
def test_a_list_that_grew_late_by_a_wrong_clock_is_read_again(server: FakeArchive) -> None:
    """An archive lists it after one of a later day from then on."""
    first, second, third = (server.serve(make.v1(name)) for name in (b"one", b"two", b"three"))
    server.list("202001.txt", "202002.txt", path="/sync/")
    server.list(first, "", path="/sync/202001.txt")
    server.list("", path="/sync/202002.txt")
    run_mirror(server.url)
    server.list("202002.txt", "197001.txt", "202001.txt", path="/sync/")
    server.list(second, "", path="/sync/197001.txt")
    server.list(first, third, "", path="/sync/202001.txt")
    assert "2 stored" in run_mirror(server.url)
    assert Source.objects.get().until == date(2020, 3, 1)


@pytest.mark.django_db
def test_a_truncated_list_is_read_again(server: FakeArchive) -> None:
    first, second = server.serve(make.v1(b"one")), server.serve(make.v1(b"two"))
    server.list("202001.txt", path="/sync/")
    server.list(first, path="/sync/202001.txt")
    assert "breaks off" in run_mirror(server.url)
    server.list(first, second, "", path="/sync/202001.txt")
    assert "1 stored" in run_mirror(server.url)
    assert count_torrents() == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    "url", ["ftp://archive.example", "archive.example", "/etc/passwd", "http://", "http://[::1"]
)
def test_an_invalid_url_is_refused(url: str) -> None:
    assert "is no address of an archive" in run_mirror(url)


@pytest.mark.django_db
def test_an_archive_without_lists_says_so(server: FakeArchive) -> None:
    said = run_mirror(server.url)
    assert "404" in said and "LISTING=off, perhaps" in said


@pytest.mark.django_db
def test_an_endless_line_of_a_list_takes_no_memory(server: FakeArchive) -> None:
    server.replies["/hashes.txt.gz"] = [(200, {}, gzip.compress(bytes(50_000_000)))]
    assert "0 stored" in run_mirror(f"{server.url}/hashes.txt.gz")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [gzip.compress(b"")[:5], b"\x1f\x8b\x08" + bytes(7) + b"\xff" * 9, b"no gzip"],
    ids=["cut off", "wrong", "none"],
)
def test_a_damaged_compressed_list_ends_with_an_error_message(server: FakeArchive, body: bytes) -> None:
    server.replies["/hashes.txt.gz"] = [(200, {}, body)]
    assert "/hashes.txt.gz cannot be read: " in run_mirror(f"{server.url}/hashes.txt.gz")
