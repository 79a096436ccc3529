"""The command `mirror`: stores every torrent that another archive lists and this one lacks."""

from collections import Counter
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import CommandError, CommandParser
from tqdm import tqdm

from archive.errors import Unavailable
from hashkeep.management.archive_command import ArchiveCommand
from hashkeep.management.progress_bar import open_progress_bar
from workers.mirror import Mirror, MirrorOutcome
from workers.remote_archive import RemoteNotFound, RemoteUnavailable

_MEANING = {
    MirrorOutcome.STORED: "stored",
    MirrorOutcome.HELD: "held already, or taken down here",
    MirrorOutcome.REFUSED: "refused: private, or taken down since",
    MirrorOutcome.GONE: "gone: listed there, but not handed out any more",
    MirrorOutcome.WRONG: "wrong: what came is not what was asked for",
    MirrorOutcome.FAILED: "failed: could not be fetched; the next run tries again",
}
_NOT_REPORTED = (MirrorOutcome.STORED, MirrorOutcome.HELD)


class Command(ArchiveCommand):
    help = """\
Fetch and store every torrent that another archive lists and this one lacks.

  mirror https://archive.example               a Hashkeep: by its lists under /sync/, of months and days
  mirror https://archive.example/hashes.txt    one list of infohashes, a line each; .txt.bz2 and .txt.gz will do

Torrents are fetched as /torrent/<INFOHASH>.torrent from the same server, and each must hash to what was asked for.
Run it again whenever you like, by a timer, say: it knows which months and days it has seen to their end, and asks
only for what is missing. It may be stopped at any time. The server is left alone for as long as it asks to be.
The exit code is 1 where some could not be fetched.
"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("url", metavar="URL")
        parser.add_argument(
            "--parallel", type=int, default=4, choices=range(1, 33), metavar="N", help="requests at once (4)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        _require_http_url(options["url"])
        counts: Counter[MirrorOutcome] = Counter()
        try:
            mirror = Mirror(options["url"], options["parallel"], self._report_trouble)
            with open_progress_bar(mirror.count_torrents(), " torrents") as bar:
                for torrent in mirror.run():
                    counts[torrent.outcome] += 1
                    if torrent.outcome not in _NOT_REPORTED:
                        with bar.external_write_mode():
                            self.stdout.write(f"{torrent.infohash} {torrent.outcome}: {torrent.reason}")
                    bar.update()
        except (RemoteUnavailable, RemoteNotFound, Unavailable) as trouble:
            raise CommandError(f"{trouble} What was stored stays; run the same command again.") from trouble
        finally:
            reported = [
                MirrorOutcome.STORED,
                MirrorOutcome.HELD,
                *(outcome for outcome in counts if outcome not in _NOT_REPORTED),
            ]
            self.stdout.write(
                "\n".join(f"{counts[outcome]:>12,} {_MEANING[outcome]}" for outcome in reported)
            )
        if counts[MirrorOutcome.FAILED]:
            raise CommandError(f"{counts[MirrorOutcome.FAILED]:,} could not be fetched.")

    def _report_trouble(self, trouble: str) -> None:
        with tqdm.external_write_mode():  # called by several threads while the progress bar is drawn
            self.stderr.write(trouble)


def _require_http_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # an address such as [::1 without its bracket, or port 99999
        good = False
    if not good:
        raise CommandError(f"{url} is no address of an archive; it begins with https:// or http://.")
