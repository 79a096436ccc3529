"""Everything that can be asked of a torrent client, done to a real one and looked at through that one's own API.

`python -m tests.client_operations` prints the table of docs/clients.md;
tests/torrent_clients/test_clients.py holds it to that.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from clients import Client, ClientAddress, RejectedTorrent, TorrentToAdd, UnknownTorrent, open_client
from tests.make import infohashes
from tests.servers import free_port
from tests.servers.client_daemon import ClientDaemon
from tests.servers.libtorrent_peers import Content, create_content
from tests.servers.network_namespace import network_namespace
from tests.servers.qbittorrent import Qbittorrent, qbittorrent
from tests.servers.recording_trackers import Tracker, http_tracker
from tests.servers.transmission import Transmission, transmission

NAMES = ("qBittorrent 4.5", "qBittorrent 5.1", "qBittorrent 5.3", "Transmission 3.00", "Transmission 4.1")
KINDS = ("v1", "hybrid", "v2")
_TIMEOUT = 60  # seconds
_PAUSES = (2.5, 10, 10)  # seconds; qBittorrent 5.1 takes two on an idle machine
_OTHER = "udp://127.0.0.1:9/announce"


class NotDone(Exception):
    """The daemon accepted the request, but did not do it."""


class DaemonTorrent(NamedTuple):
    """A torrent as the daemon's own API shows it."""

    path: str
    tags: set[str]
    stopped: bool
    complete: bool
    trackers: set[str]


@dataclass
class Case:
    """One client and one torrent, which it does not have yet, with the content in a folder of its own."""

    client: Client
    daemon: ClientDaemon
    kind: str
    content: Content
    tracker: Tracker

    @property
    def infohashes(self) -> tuple[bytes, ...]:
        return {"v1": (self.content.v1,), "v2": (self.content.v2,)}.get(
            self.kind, (self.content.v1, self.content.v2)
        )

    @property
    def infohash(self) -> bytes:
        return self.infohashes[0]

    def add(self, *, paused: bool = True, tags: tuple[str, ...] = ()) -> bool:
        source = TorrentToAdd(self.content.torrent, self.infohashes)
        return self.client.add(source, paused=paused, save_path=str(self.content.folder), tags=tags)

    def announces(self, event: str | None = None) -> int:
        ours = {infohash[:20] for infohash in self.infohashes}
        mine = [announce for announce in self.tracker.announces if announce.infohash in ours]
        return sum(event in (None, announce.event) for announce in mine)

    def data(self) -> list[Path]:
        """The content's first file, the name of which may end in .part while it is unfinished."""
        return list((self.content.folder / self.content.name).glob("0.bin*"))

    def find_torrent(self) -> DaemonTorrent | None:
        look = _find_in_qbittorrent if isinstance(self.daemon, Qbittorrent) else _find_in_transmission
        return look(self)

    def expect_torrent(self) -> DaemonTorrent:
        seen = self.find_torrent()
        assert seen is not None, "the daemon has it"
        return seen


def _find_in_qbittorrent(case: Case) -> DaemonTorrent | None:
    assert isinstance(case.daemon, Qbittorrent)
    ids = [infohash.hex()[:40] for infohash in case.infohashes]
    for row in case.daemon.torrents():
        if row["hash"] in ids:
            trackers = case.daemon.get(f"torrents/trackers?hash={row['hash']}").json()
            stopped = row["state"] in {"pausedDL", "pausedUP", "stoppedDL", "stoppedUP"}
            urls = {tracker["url"] for tracker in trackers}
            return DaemonTorrent(
                row["save_path"], set(row["tags"].split(", ")), stopped, row["progress"] == 1, urls
            )
    return None


def _find_in_transmission(case: Case) -> DaemonTorrent | None:
    assert isinstance(case.daemon, Transmission)
    fields = ["hashString", "downloadDir", "labels", "status", "percentDone", "trackers"]
    for row in case.daemon.call("torrent-get", fields=fields)["torrents"]:
        if row["hashString"] == case.infohash.hex():
            urls = {tracker["announce"] for tracker in row["trackers"]}
            return DaemonTorrent(
                row["downloadDir"], set(row["labels"]), row["status"] == 0, row["percentDone"] == 1, urls
            )
    return None


def poll_until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + _TIMEOUT
    while not true():
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.1)


# Each function does one thing and checks the result. RejectedTorrent, UnknownTorrent and NotDone mean: does not work.


def add_a_file(case: Case) -> None:
    assert case.add() is True
    assert case.find_torrent()


def add_it_again(case: Case) -> None:
    case.add()
    assert case.add() is False


def add_a_magnet_link(case: Case) -> None:
    names = {20: "urn:btih:{}", 32: "urn:btmh:1220{}"}
    link = "&".join("xt=" + names[len(infohash)].format(infohash.hex()) for infohash in case.infohashes)
    assert case.client.add(TorrentToAdd(f"magnet:?{link}", case.infohashes), paused=True) is True
    assert case.find_torrent()
    assert case.client.files(case.infohash) == []
    assert case.client.export(case.infohash) is None


def add_stopped(case: Case) -> None:
    case.add(paused=True)
    poll_until(lambda: case.expect_torrent().stopped)


def add_started(case: Case) -> None:
    case.add(paused=False)
    poll_until(
        lambda: not case.expect_torrent().stopped and case.client.find(case.infohash).state != "checking"
    )
    assert not case.expect_torrent().stopped


def choose_where_to_save(case: Case) -> None:
    case.add()
    assert case.expect_torrent().path == str(case.content.folder) == case.client.find(case.infohash).path


def give_it_tags(case: Case) -> None:
    case.add(tags=("linux", "iso images"))
    assert case.expect_torrent().tags == {"linux", "iso images"} == set(case.client.find(case.infohash).tags)


def list_all(case: Case) -> None:
    case.add()
    [listed] = [torrent for torrent in case.client.torrents() if torrent.has_infohash(case.infohash)]
    assert (listed.name, listed.error) == (case.content.name, "")
    assert listed.size >= 290_010  # some count pad files


def find_by_v1(case: Case) -> None:
    case.add()
    assert case.client.find(case.content.v1).name == case.content.name


def find_by_v2(case: Case) -> None:
    case.add()
    assert case.client.find(case.content.v2).name == case.content.name


def find_by_truncated_v2(case: Case) -> None:
    case.add()
    assert case.client.find(case.content.v2[:20]).name == case.content.name


def list_its_files(case: Case) -> None:
    case.add()
    listed = {file.path: file.size for file in case.client.files(case.infohash)}
    name = case.content.name
    assert listed == {f"{name}/0.bin": 200_000, f"{name}/1.bin": 90_000, f"{name}/2.bin": 10}


def list_its_trackers(case: Case) -> None:
    case.add()
    assert [tracker.url for tracker in case.client.trackers(case.infohash)] == [case.tracker.url]


def add_a_tracker(case: Case) -> None:
    case.add()
    for _ in range(2):
        case.client.add_tracker(case.infohash, _OTHER)
        assert case.expect_torrent().trackers >= {_OTHER, case.tracker.url}


def remove_a_tracker(case: Case) -> None:
    case.add()
    case.client.add_tracker(case.infohash, _OTHER)
    for _ in range(2):
        case.client.remove_tracker(case.infohash, case.tracker.url)
        assert case.tracker.url not in case.expect_torrent().trackers
        assert _OTHER in case.expect_torrent().trackers


def start(case: Case) -> None:
    add_stopped(case)
    case.client.start(case.infohash)
    poll_until(lambda: not case.expect_torrent().stopped)


def stop(case: Case) -> None:
    add_started(case)
    case.client.stop(case.infohash)
    poll_until(lambda: case.expect_torrent().stopped)


def reannounce(case: Case) -> None:
    """Transmission 3.00 learns the tracker's own interval with one announce, and obeys it from the next one on."""
    _add_and_announce(case)
    case.client.stop(case.infohash)
    poll_until(lambda: case.announces("stopped"))
    time.sleep(1)  # a torrent that starts before the tracker's answer has been read may not announce it
    case.client.start(case.infohash)
    poll_until(lambda: case.announces("started") > 1)
    _reannounce_and_wait(case)


def reannounce_within_two_minutes(case: Case) -> None:
    """Since the torrent was added. Until it has the tracker's first answer, Transmission 3.00 does it, too."""
    _add_and_announce(case)
    _reannounce_and_wait(case)


def _add_and_announce(case: Case) -> None:
    """Also wait for the tracker's answer: before that, no client announces that it stops."""
    case.add(paused=False)
    poll_until(lambda: [tracker.state for tracker in case.client.trackers(case.infohash)] == ["working"])


def _reannounce_and_wait(case: Case) -> None:
    before = case.announces()
    # Not twice within a second: Transmission drops a call that comes so soon, qBittorrent delays it.
    for pause in _PAUSES:
        case.client.reannounce(case.infohash)
        deadline = time.monotonic() + pause
        while time.monotonic() < deadline:
            if case.announces() > before:
                return
            time.sleep(0.1)
    raise NotDone


def export(case: Case) -> None:
    case.add()
    exported = case.client.export(case.infohash)
    assert exported is not None
    assert infohashes(exported) == (case.content.v1, case.content.v2)


def remove(case: Case) -> None:
    case.add()
    case.client.remove(case.infohash)
    assert case.find_torrent() is None
    assert case.data()


def remove_with_data(case: Case) -> None:
    case.add()
    case.client.remove(case.infohash, data=True)
    assert case.find_torrent() is None
    poll_until(lambda: not case.data())


OPERATIONS: dict[str, Callable[[Case], None]] = {
    operation.__name__.replace("_", " "): operation
    for operation in (
        add_a_file,
        add_it_again,
        add_a_magnet_link,
        add_stopped,
        add_started,
        choose_where_to_save,
        give_it_tags,
        list_all,
        find_by_v1,
        find_by_v2,
        find_by_truncated_v2,
        list_its_files,
        list_its_trackers,
        add_a_tracker,
        remove_a_tracker,
        start,
        stop,
        reannounce,
        reannounce_within_two_minutes,
        export,
        remove,
        remove_with_data,
    )
}
# What a torrent has no infohash for cannot be found by it.
MEANINGLESS = {("find by v1", "v2"), ("find by v2", "v1"), ("find by truncated v2", "v1")}


class Subject(NamedTuple):
    """A daemon, and the client under test that is connected to it."""

    daemon: ClientDaemon
    client: Client


class AllClients(NamedTuple):
    subjects: dict[str, Subject]
    tracker: Tracker


@contextmanager
def run_all_clients(folder: Path) -> Iterator[AllClients]:
    """Run all clients and a tracker, on a loopback interface of their own."""
    with network_namespace(), ExitStack() as stack:
        tracker = stack.enter_context(http_tracker(("127.0.0.1", free_port()), {}))
        subjects = {}
        for name in NAMES:
            brand, version = name.split()
            daemon: ClientDaemon
            if brand == "qBittorrent":
                daemon = stack.enter_context(qbittorrent(folder / name, version))
            else:
                daemon = stack.enter_context(transmission(folder / name, version))
            client = open_client(client_address(daemon), timeout=_TIMEOUT)
            stack.callback(client.close)
            subjects[name] = Subject(daemon, client)
        yield AllClients(subjects, tracker)


def client_address(daemon: ClientDaemon) -> ClientAddress:
    kind, path = (
        ("qbittorrent", "/") if isinstance(daemon, Qbittorrent) else ("transmission", "/transmission/rpc")
    )
    return ClientAddress(kind, False, daemon.host, daemon.web, path, daemon.user, daemon.password)


def try_operation(all_clients: AllClients, operation: str, name: str, kind: str) -> bool:
    """Whether an operation works; it is done once, and the daemon is left as it was."""
    subject = all_clients.subjects[name]
    with tempfile.TemporaryDirectory() as folder:
        made = create_content(Path(folder), f"{operation}, {kind}, {name}", kind, [all_clients.tracker.url])
        case = Case(subject.client, subject.daemon, kind, made, all_clients.tracker)
        try:
            OPERATIONS[operation](case)
        except (RejectedTorrent, UnknownTorrent, NotDone):
            return False
        except AssertionError as error:
            trackers = subject.client.trackers(case.infohash) if case.find_torrent() else "gone"
            error.add_note(
                f"{operation}, {kind}, {name}: {case.find_torrent()}, {trackers}, {case.announces()} announces"
            )
            raise
        finally:
            if case.find_torrent():
                case.client.remove(case.infohash)
    return True


def table_row(all_clients: AllClients, operation: str) -> list[str]:
    """The kinds of torrents with which an operation works, a cell for each client; all clients run at once."""
    kinds = [kind for kind in KINDS if (operation, kind) not in MEANINGLESS]

    def cell(name: str) -> str:
        return ", ".join(kind for kind in kinds if try_operation(all_clients, operation, name, kind)) or "-"

    with ThreadPoolExecutor(len(NAMES)) as clients:
        return list(clients.map(cell, NAMES))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, run_all_clients(Path(folder)) as all_clients:
        print(f"| | {' | '.join(NAMES)} |\n|---|{'---|' * len(NAMES)}")
        for operation in OPERATIONS:
            print(f"| {operation} | {' | '.join(table_row(all_clients, operation))} |", flush=True)
