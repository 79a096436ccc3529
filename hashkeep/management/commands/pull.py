"""The command `pull`: stores every torrent that a configured torrent client has."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from archive.db.outages import outages
from archive.errors import Unavailable
from archive.models import Torrent
from archive.queue.enqueue import enqueue_wishes
from archive.torrents.deposit import deposit_many
from clients import Client, ClientError, ClientTorrent, UnknownTorrent, WrongPassword
from hashkeep.management.archive_command import ArchiveCommand, parse_positive
from hashkeep.management.deposit_outcomes import HELD, STORED, describe_outcome, format_summary
from hashkeep.management.open_torrent_client import open_configured_client
from hashkeep.management.progress_bar import open_progress_bar
from metainfo import compute_infohashes
from metainfo.errors import Refusal
from metainfo.magnet import Magnet

_BATCH, _BATCH_BYTES = 500, 16_000_000  # torrents, and their bytes, deposited together
_NOT_GIVEN = "not given by the client (yet)"
_QUEUED = "not given by the client; the network is asked"
_MISMATCH = "not taken: the client gave another torrent"

_Export = tuple[
    ClientTorrent, bytes | None
]  # a torrent of the client and its bytes; None if it does not give them


class Command(ArchiveCommand):
    help = """\
Store every torrent that one of your clients has; CLIENTS names them, see `clients --help`.

  pull home                     what is stored already stays as it is and is not fetched again
  pull home --watch             the same every minute, until it is stopped; --watch 10: every 10 seconds
  pull seedbox --resolve        what the client cannot give away is asked for in the BitTorrent network

qBittorrent gives its torrents away, with some keys rewritten, but never those of the info dictionary. Transmission
does not; where it runs on this very machine and its files may be read, they are. A torrent whose metadata the client
is still looking for comes with a later run. After an interruption, run the same command again.
"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument(
            "--watch", nargs="?", type=parse_positive, const=60.0, metavar="SECONDS", help="go on for ever"
        )
        parser.add_argument(
            "--resolve",
            action="store_true",
            help="not for private torrents: their infohashes are told to the DHT",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["resolve"] and not settings.RESOLVE:
            raise CommandError("RESOLVE is off, so the network is not asked.")
        with closing(open_configured_client(options["name"])) as client:
            backup = ClientBackup(client, options["resolve"])
            try:
                self._pull_repeatedly(backup, options["watch"])
            except KeyboardInterrupt:
                if options["watch"] is None:  # with --watch, Ctrl+C is the way to end it
                    raise
            except (ClientError, Unavailable) as error:
                raise CommandError(
                    f"{options['name']}: {error} Run the same command again to go on."
                ) from None

    def _pull_repeatedly(self, backup: "ClientBackup", watch: float | None) -> None:
        self._pull_once(backup)
        while watch is not None:
            time.sleep(watch)
            try:
                self._pull_once(backup, quiet=True)
            except WrongPassword:  # a client bans an address that tries again and again
                raise
            except (ClientError, Unavailable) as error:
                self.stderr.write(f"{error} Trying again in {watch:g} seconds.")

    def _pull_once(self, backup: "ClientBackup", *, quiet: bool = False) -> None:
        counts: Counter[str] = Counter()
        try:
            for outcome in backup.run_once():
                counts[outcome] += 1
        finally:
            if not quiet or counts[STORED]:
                self.stdout.write(format_summary(counts))


class ClientBackup:
    """Stores the torrents of one client, again and again; remembers refused ones and does not fetch them again."""

    def __init__(self, client: Client, resolve: bool) -> None:
        self._client, self._resolve = client, resolve
        self._refused: dict[str, str] = {}

    def run_once(self) -> Iterator[str]:
        """Yields the outcome of each torrent of the client, in the words of `deposit_outcomes`."""
        theirs = self._client.torrents()
        held = _held_ids(theirs)
        with open_progress_bar(len(theirs), " torrents") as bar:
            missing = []
            for torrent in theirs:
                if outcome := HELD if torrent.id in held else self._refused.get(torrent.id):
                    yield outcome
                    bar.update()
                else:
                    missing.append(torrent)
            for batch in self._export_batches(missing):
                yield from self._store_batch(batch)
                bar.update(len(batch))

    def _export_batches(self, theirs: list[ClientTorrent]) -> Iterator[list[_Export]]:
        """Yields the torrents with their bytes. Where a ClientError ends them, those exported before come first."""
        batch: list[_Export] = []
        size = 0
        try:
            for torrent in theirs:
                exported = self._export_torrent(torrent)
                batch.append((torrent, exported))
                size += len(exported or b"")
                if len(batch) == _BATCH or size >= _BATCH_BYTES:
                    yield batch
                    batch.clear()  # not a new list: the caller still holds this one, and with it the bytes
                    size = 0
        except ClientError:
            yield batch
            raise
        yield batch

    def _store_batch(self, batch: list[_Export]) -> Iterator[str]:
        given, lacking = [], []
        for torrent, exported in batch:
            if exported is None:
                lacking.append(torrent)
            elif _is_export_of(exported, torrent):
                given.append((torrent, exported))
            else:
                yield _MISMATCH
        for (torrent, _), outcome in zip(given, deposit_many([one for _, one in given]), strict=True):
            description = describe_outcome(outcome)
            if isinstance(outcome, Refusal):
                self._refused[torrent.id] = description
            yield description
        if self._resolve:
            enqueue_wishes([Magnet(torrent.v1, torrent.v2) for torrent in lacking], "")
        yield from [_QUEUED if self._resolve else _NOT_GIVEN] * len(lacking)

    def _export_torrent(self, torrent: ClientTorrent) -> bytes | None:
        try:
            return self._client.export(torrent.v2 or torrent.v1 or b"")
        except UnknownTorrent:  # removed from the client meanwhile
            return None


def _held_ids(theirs: list[ClientTorrent]) -> set[str]:
    """The ids of the torrents that are held with all their piece layers; others may yet be completed by an export."""
    with outages():
        found = Torrent.objects.find_all(name for one in theirs for name in (one.v1, one.v2) if name)
    whole = {name for name, row in found.items() if row.complete}
    return {one.id for one in theirs if {one.v1, one.v2} & whole}


def _is_export_of(exported: bytes, torrent: ClientTorrent) -> bool:
    """True also for bytes that are no torrent: the deposit words that refusal."""
    try:
        return any(map(torrent.has_infohash, compute_infohashes(exported, settings.MAX_TORRENT_BYTES)))
    except Refusal:
        return True
