"""The command `take_down`: blocks infohashes and deletes their torrents, or lifts such a block."""

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError, CommandParser

from archive.errors import Unavailable
from archive.takedowns.takedown import lift_takedown, take_down
from hashkeep.management.archive_command import ArchiveCommand
from hashkeep.management.input_lines import read_lines
from metainfo.errors import Refusal
from metainfo.infohash import find_infohash, infohash_to_hex


class Command(ArchiveCommand):
    help = """\
Take torrents down: their bytes are deleted, and their infohashes are refused from now on, on every way in.

  take_down 0123456789ABCDEF0123456789ABCDEF01234567 --reason "Court order 12/2026"
  take_down --from notice.txt --reason "Notice of 3 May" --unlisted
  take_down --lift 0123456789ABCDEF0123456789ABCDEF01234567

A HASH is an infohash in any spelling, v1 or v2, a magnet link, or a URL that ends in one. It need not be stored:
what is blocked beforehand never comes in. Asking for a blocked torrent gives the reason, and a public page lists
hash, date and reason of each takedown, unless it is --unlisted. Doing it again is harmless; the newer reason stays.
"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("hashes", nargs="*", metavar="HASH")
        parser.add_argument(
            "--from",
            dest="file",
            metavar="FILE",
            help="more of them, one a line; # begins a comment; - is stdin",
        )
        parser.add_argument("--reason", help="a sentence for everybody who asks for the torrent")
        parser.add_argument(
            "--unlisted",
            action="store_true",
            help="keep it off the public page: for material whose very hash must not be spread, such as child "
            "sexual abuse material",
        )
        parser.add_argument(
            "--lift",
            action="store_true",
            help="undo it; the torrent must be uploaded anew, and what a blocklist still names is blocked again",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["lift"] and not (options["reason"] or "").strip():
            raise CommandError("Please say why: --reason. Whoever asks for the torrent will read it.")
        if not options["hashes"] and not options["file"]:
            raise CommandError("Please name at least one HASH, or a file of them with --from.")
        failed = done = 0
        for text in _read_hashes(options["hashes"], options["file"]):
            try:
                self.stdout.write(_lift_text(text) if options["lift"] else _take_down_text(text, options))
                done += 1
            except Unavailable as unavailable:
                raise CommandError(f"{text}: {unavailable} Run the same command again.") from unavailable
            except Refusal as refusal:
                failed += 1
                self.stderr.write(f"{text}: {refusal}")
        if failed:
            what = "lifted" if options["lift"] else "blocked"
            raise CommandError(
                f"Not {what}: {failed:,}, for the reasons above. {what.capitalize()}: {done:,}."
            )


def _read_hashes(hashes: list[str], path: str | None) -> Iterator[str]:
    yield from hashes
    if path:
        yield from read_lines(path)


def _take_down_text(text: str, options: dict[str, Any]) -> str:
    infohash = find_infohash(text)
    outcome = take_down(infohash, options["reason"], listed=not options["unlisted"])
    return f"{infohash_to_hex(infohash)} {outcome}"


def _lift_text(text: str) -> str:
    infohash = find_infohash(text)
    lift_takedown(infohash)
    return f"{infohash_to_hex(infohash)} may come in again."
