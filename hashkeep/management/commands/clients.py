"""The command `clients`: lists and controls the configured torrent clients."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from archive.torrents.held import look_up_infohashes
from archive.torrents.retrieve import retrieve
from clients import Client, ClientError, ClientTorrent, TorrentToAdd, find_known_infohash, open_client
from hashkeep.management.archive_command import ArchiveCommand
from hashkeep.management.open_torrent_client import use_configured_client
from hashkeep.management.progress_bar import open_progress_bar
from hashkeep.management.terminal_text import escape_text
from metainfo import compute_infohashes
from metainfo.decompress import decompress_torrent
from metainfo.errors import NotAnInfohash, Refusal
from metainfo.infohash import find_infohash
from metainfo.link import is_magnet
from metainfo.magnet import parse_magnet

_MIN_FOR_PROGRESS_BAR = 10  # torrents


class Command(ArchiveCommand):
    help = """\
Your own torrent clients, qBittorrent and Transmission, as the setting CLIENTS names them:

  CLIENTS=home=qbittorrent://admin:secret@localhost:8080,seedbox=transmission+https://me:secret@box.example

  clients                                   all of them, and whether they answer
  clients home list                         what it has
  clients home add film.torrent --paused    a file, a magnet link, or the infohash of a torrent stored here
  clients home add 0123456789ABCDEF0123456789ABCDEF01234567 --to /srv/films --tag film
  clients home files HASH                   the files of one, and how far they are
  clients home trackers HASH --add udp://tracker.example:1337/announce
  clients home stop HASH HASH               likewise start, reannounce
  clients home remove HASH --data           with what it has downloaded; without --data, that stays

A HASH is an infohash in any spelling, v1, v2 or truncated v2, or a magnet link. What is there already is not added
again, and that is no error. `pull` stores what a client has.
"""

    requires_migrations_checks = False  # only `add` looks into the index, and only for an infohash

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", metavar="NAME", help="one of the configured clients")
        actions = parser.add_subparsers(dest="action", metavar="ACTION")
        actions.add_parser("list", help="every torrent that it has")
        add = actions.add_parser("add", help="give it torrents")
        add.add_argument("sources", nargs="+", metavar="FILE|MAGNET|HASH")
        add.add_argument("--paused", action="store_true", help="do not start to download")
        add.add_argument("--to", metavar="FOLDER", help="where the client is to save it, on its own machine")
        add.add_argument("--tag", action="append", default=[], help="may be given several times")
        remove = actions.add_parser("remove", help="make it forget torrents")
        remove.add_argument("hashes", nargs="+", metavar="HASH")
        remove.add_argument("--data", action="store_true", help="delete what it has downloaded, too")
        for action, description in _SIMPLE_ACTIONS.items():
            actions.add_parser(action, help=description).add_argument("hashes", nargs="+", metavar="HASH")
        actions.add_parser("files", help="the files of a torrent").add_argument("hash", metavar="HASH")
        trackers = actions.add_parser("trackers", help="the trackers of a torrent; --add, --remove")
        trackers.add_argument("hash", metavar="HASH")
        trackers.add_argument("--add", action="append", default=[], metavar="URL")
        trackers.add_argument("--remove", action="append", default=[], metavar="URL")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["name"] is None:
            self._check_clients()
            return
        try:
            with use_configured_client(options["name"]) as client:
                _ACTIONS[options["action"] or "list"](self, client, options)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from None

    def _check_clients(self) -> None:
        """Asks all clients at the same time: one that is down answers only after its timeout."""
        if not settings.CLIENTS:
            self.stdout.write("No client is configured: the setting CLIENTS names them, see --help.")
            return
        with ThreadPoolExecutor(len(settings.CLIENTS)) as threads:
            answers = list(threads.map(_check_client, settings.CLIENTS.values()))
        for name, (ok, message) in zip(settings.CLIENTS, answers, strict=True):
            self.stdout.write(f"{name:<16} {'answers' if ok else 'does not answer':<16} {message}")
        if not all(ok for ok, _ in answers):
            raise CommandError("Not all of them answer.")

    def list_torrents(self, client: Client, options: dict[str, Any]) -> None:
        torrents = client.torrents()
        for torrent in sorted(torrents, key=lambda torrent: torrent.name.casefold()):
            self.stdout.write(_format_torrent(torrent))
        self.stdout.write(f"{len(torrents):>12,} torrents")

    def list_files(self, client: Client, options: dict[str, Any]) -> None:
        for file in client.files(_client_infohash(client, options["hash"])):
            self.stdout.write(f"{file.progress:>6.1%} {file.size:>16,} {escape_text(file.path)}")

    def edit_trackers(self, client: Client, options: dict[str, Any]) -> None:
        infohash = _client_infohash(client, options["hash"])
        for url in options["add"]:
            client.add_tracker(infohash, url)
        for url in options["remove"]:
            client.remove_tracker(infohash, url)
        for tracker in client.trackers(infohash):
            self.stdout.write(
                f"{tracker.state:<14} {escape_text(tracker.url)} {escape_text(tracker.message)}".rstrip()
            )

    def add_torrents(self, client: Client, options: dict[str, Any]) -> None:
        def add(text: str) -> str:
            new = client.add(
                _read_source(text), paused=options["paused"], save_path=options["to"], tags=options["tag"]
            )
            return "added" if new else "there already"

        self._for_each(options["sources"], add)

    def remove_torrents(self, client: Client, options: dict[str, Any]) -> None:
        def remove(text: str) -> str:
            client.remove(_client_infohash(client, text), data=options["data"])
            return "removed with its data" if options["data"] else "removed"

        self._for_each(options["hashes"], remove)

    def run_simple_action(self, client: Client, options: dict[str, Any]) -> None:
        def act(text: str) -> str:
            getattr(client, options["action"])(_client_infohash(client, text))
            return "done"

        self._for_each(options["hashes"], act)

    def _for_each(self, texts: list[str], act: Callable[[str], str]) -> None:
        """Calls `act` for each and prints what it returns; raises CommandError at the end if any failed."""
        failed = 0
        with open_progress_bar(len(texts), " torrents", disable=len(texts) < _MIN_FOR_PROGRESS_BAR) as bar:
            for text in texts:
                try:
                    outcome = act(text)
                except (ClientError, Refusal) as error:
                    failed += 1
                    outcome = str(error)
                with bar.external_write_mode():
                    self.stdout.write(f"{escape_text(text)}: {outcome}")
                bar.update()
        if failed:
            raise CommandError(f"{failed:,} of {len(texts):,} could not be done, see above.")


_SIMPLE_ACTIONS = {
    "start": "start torrents",
    "stop": "stop torrents",
    "reannounce": "ask their trackers for peers now",
}
_ACTIONS: dict[str, Callable[[Command, Client, dict[str, Any]], None]] = {
    "list": Command.list_torrents,
    "files": Command.list_files,
    "trackers": Command.edit_trackers,
    "add": Command.add_torrents,
    "remove": Command.remove_torrents,
    **dict.fromkeys(_SIMPLE_ACTIONS, Command.run_simple_action),
}


def _check_client(address: Any) -> tuple[bool, str]:
    with closing(open_client(address)) as client:
        try:
            return True, f"{client.version()} at {address.host}:{address.port}"
        except ClientError as error:
            return False, str(error)


def _client_infohash(client: Client, text: str) -> bytes:
    return find_known_infohash(client, look_up_infohashes(find_infohash(text)))


def _read_source(text: str) -> TorrentToAdd:
    if is_magnet(text):
        return TorrentToAdd(text, parse_magnet(text).infohashes)
    try:
        torrent = retrieve(find_infohash(text)).torrent
    except NotAnInfohash:
        torrent = _read_file(text)
    return TorrentToAdd(torrent, compute_infohashes(torrent, settings.MAX_TORRENT_BYTES))


def _read_file(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return decompress_torrent(file.read(settings.MAX_TORRENT_BYTES + 1), settings.MAX_TORRENT_BYTES)
    except OSError as error:
        raise NotAnInfohash(f"This is no infohash, no magnet link, and no file: {error.strerror}.") from None


def _format_torrent(torrent: ClientTorrent) -> str:
    infohash = (torrent.v1 or torrent.v2 or b"").hex().upper()
    tags = f" [{', '.join(torrent.tags)}]" if torrent.tags else ""
    name = escape_text(torrent.name + tags)
    return f"{infohash} {torrent.progress:>6.1%} {torrent.state:<12} {torrent.size:>16,} {name}"
