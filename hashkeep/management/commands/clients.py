"""Look into the configured torrent clients, and tell them what to do."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from archive.torrents.names import find_infohashes
from archive.torrents.retrieve import retrieve
from clients import Client, ClientError, ClientTorrent, TorrentToAdd, find_known_infohash, open_client
from hashkeep.management.archive_command import ArchiveCommand
from hashkeep.management.client import connected
from hashkeep.management.progress_bar import open_progress_bar
from metainfo import compute_infohashes
from metainfo.decompress import decompress_torrent
from metainfo.errors import NotAnInfohash, Refusal
from metainfo.infohash import find_infohash
from metainfo.magnet import parse_magnet

_LONG = 10  # torrents: from here on there is a progress bar


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
        for action, words in _PLAIN.items():
            actions.add_parser(action, help=words).add_argument("hashes", nargs="+", metavar="HASH")
        actions.add_parser("files", help="the files of a torrent").add_argument("hash", metavar="HASH")
        trackers = actions.add_parser("trackers", help="the trackers of a torrent; --add, --remove")
        trackers.add_argument("hash", metavar="HASH")
        trackers.add_argument("--add", action="append", default=[], metavar="URL")
        trackers.add_argument("--remove", action="append", default=[], metavar="URL")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["name"] is None:
            self._answering()
            return
        try:
            with connected(options["name"]) as client:
                _ACTIONS[options["action"] or "list"](self, client, options)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from None

    def _answering(self) -> None:
        """All at once: one that is down takes its time to say so."""
        if not settings.CLIENTS:
            self.stdout.write("No client is configured: the setting CLIENTS names them, see --help.")
            return
        with ThreadPoolExecutor(len(settings.CLIENTS)) as asking:
            answers = list(asking.map(_answer, settings.CLIENTS.values()))
        for name, (ok, words) in zip(settings.CLIENTS, answers, strict=True):
            self.stdout.write(f"{name:<16} {'answers' if ok else 'does not answer':<16} {words}")
        if not all(ok for ok, _ in answers):
            raise CommandError("Not all of them answer.")

    def torrents(self, client: Client, options: dict[str, Any]) -> None:
        torrents = client.torrents()
        for torrent in sorted(torrents, key=lambda torrent: torrent.name.casefold()):
            self.stdout.write(_line(torrent))
        self.stdout.write(f"{len(torrents):>12,} torrents")

    def files(self, client: Client, options: dict[str, Any]) -> None:
        for file in client.files(_name(client, options["hash"])):
            self.stdout.write(f"{file.progress:>6.1%} {file.size:>16,} {_printable(file.path)}")

    def trackers(self, client: Client, options: dict[str, Any]) -> None:
        infohash = _name(client, options["hash"])
        for url in options["add"]:
            client.add_tracker(infohash, url)
        for url in options["remove"]:
            client.remove_tracker(infohash, url)
        for tracker in client.trackers(infohash):
            self.stdout.write(
                f"{tracker.state:<14} {_printable(tracker.url)} {_printable(tracker.message)}".rstrip()
            )

    def add(self, client: Client, options: dict[str, Any]) -> None:
        def add(text: str) -> str:
            new = client.add(
                _source(text), paused=options["paused"], save_path=options["to"], tags=options["tag"]
            )
            return "added" if new else "there already"

        self._each(options["sources"], add)

    def remove(self, client: Client, options: dict[str, Any]) -> None:
        def remove(text: str) -> str:
            client.remove(_name(client, text), data=options["data"])
            return "removed with its data" if options["data"] else "removed"

        self._each(options["hashes"], remove)

    def plain(self, client: Client, options: dict[str, Any]) -> None:
        def tell(text: str) -> str:
            getattr(client, options["action"])(_name(client, text))
            return "done"

        self._each(options["hashes"], tell)

    def _each(self, texts: list[str], act: Callable[[str], str]) -> None:
        """One that fails spoils nothing for the others."""
        failed = 0
        with open_progress_bar(len(texts), " torrents", disable=len(texts) < _LONG) as bar:
            for text in texts:
                try:
                    done = act(text)
                except (ClientError, Refusal) as error:
                    failed += 1
                    done = str(error)
                with bar.external_write_mode():
                    self.stdout.write(f"{_printable(text)}: {done}")
                bar.update()
        if failed:
            raise CommandError(f"{failed:,} of {len(texts):,} could not be done, see above.")


_PLAIN = {
    "start": "start torrents",
    "stop": "stop torrents",
    "reannounce": "ask their trackers for peers now",
}
_ACTIONS: dict[str, Callable[[Command, Client, dict[str, Any]], None]] = {
    "list": Command.torrents,
    "files": Command.files,
    "trackers": Command.trackers,
    "add": Command.add,
    "remove": Command.remove,
    **dict.fromkeys(_PLAIN, Command.plain),
}


def _answer(address: Any) -> tuple[bool, str]:
    with closing(open_client(address)) as client:
        try:
            return True, f"{client.version()} at {address.host}:{address.port}"
        except ClientError as error:
            return False, str(error)


def _name(client: Client, text: str) -> bytes:
    return find_known_infohash(client, find_infohashes(find_infohash(text)))


def _source(text: str) -> TorrentToAdd:
    if text.startswith("magnet:"):
        return TorrentToAdd(text, parse_magnet(text).infohashes)
    try:
        torrent = retrieve(find_infohash(text)).torrent
    except NotAnInfohash:
        torrent = _file(text)
    return TorrentToAdd(torrent, compute_infohashes(torrent, settings.MAX_TORRENT_BYTES))


def _file(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return decompress_torrent(file.read(settings.MAX_TORRENT_BYTES + 1), settings.MAX_TORRENT_BYTES)
    except OSError as error:
        raise NotAnInfohash(f"This is no infohash, no magnet link, and no file: {error.strerror}.") from None


def _line(torrent: ClientTorrent) -> str:
    infohash = (torrent.v1 or torrent.v2 or b"").hex().upper()
    tags = f" [{', '.join(torrent.tags)}]" if torrent.tags else ""
    name = _printable(torrent.name + tags)
    return f"{infohash} {torrent.progress:>6.1%} {torrent.state:<12} {torrent.size:>16,} {name}"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
