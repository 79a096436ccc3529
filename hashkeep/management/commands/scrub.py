"""The command `scrub`: hashes every stored torrent again and repairs the index."""

from collections import Counter
from typing import Any

from django.core.management.base import CommandError, CommandParser

from archive.errors import Unavailable
from archive.torrents.count import count_torrents
from archive.torrents.recount import recount
from archive.torrents.scrub import Finding, Verdict, scrub
from hashkeep.management.archive_command import ArchiveCommand
from hashkeep.management.progress_bar import open_progress_bar

_MEANING = {
    Verdict.SOUND: "sound: the bytes hash to their name, and the index agrees",
    Verdict.INDEXED: "indexed: sound bytes that the index did not know",
    Verdict.REPAIRED: "repaired: the index said something else than the bytes",
    Verdict.PURGED: "purged: taken down, and yet stored",
    Verdict.DAMAGED: "damaged: set aside as <INFOHASH>.torrent.damaged, and no longer served",
    Verdict.LOST: "lost: in the index, but their bytes are gone; taken out of it",
    Verdict.UNREADABLE: "unreadable: the storage fails for these, the server's log says how; left as they are",
}
_WOULD_BE = {
    Verdict.INDEXED: "would be indexed: sound bytes that the index does not know",
    Verdict.REPAIRED: "would be repaired: the index says something else than the bytes",
    Verdict.PURGED: "would be purged: taken down, and yet stored",
    Verdict.DAMAGED: "would be set aside as <INFOHASH>.torrent.damaged, and no longer served: damaged",
    Verdict.LOST: "would be taken out of the index: their bytes are lost",
}
_FAILURES = (Verdict.DAMAGED, Verdict.LOST, Verdict.UNREADABLE)


class Command(ArchiveCommand):
    help = """\
Read every stored torrent, hash it again, and make the index say what the bytes say.

Run it after a crash, after restoring a backup, and now and then in any case. The archive may stay up meanwhile.
An index that is gone altogether comes back the same way: `migrate`, then `scrub`. Takedowns are never touched.
The exit code is 1 where torrents are damaged, lost or unreadable: uploading such a torrent again brings it back.
"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="look and report, change nothing")
        parser.add_argument(
            "--rebuild",
            action="store_true",
            help="believe the storage alone, also where most of the index has no bytes there; without this, scrub "
            "stops in such a case, since a disk that is not mounted looks the same",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        dry_run = options["dry_run"]
        found: Counter[Verdict] = Counter()
        try:
            with open_progress_bar(count_torrents(), " torrents") as bar:
                for finding in scrub(rebuild=options["rebuild"], dry_run=dry_run):
                    found[finding.verdict] += 1
                    if _is_reported(finding, options["verbosity"]):
                        with bar.external_write_mode():
                            self.stdout.write(f"{finding.verdict:<10} {finding.infohash}")
                    bar.update()
            self._print_summary(found, dry_run)
        except Unavailable as unavailable:
            raise CommandError(str(unavailable)) from unavailable
        if bad := sum(found[kind] for kind in _FAILURES):
            raise CommandError(f"{bad:,} torrents are damaged, lost or unreadable: see above.")

    def _print_summary(self, found: Counter[Verdict], dry_run: bool) -> None:
        if dry_run:
            self.stdout.write("This was a dry run: nothing has been changed.")
        for kind, meaning in _MEANING.items():
            if found[kind] or kind is Verdict.SOUND:
                self.stdout.write(
                    f"{found[kind]:>12,} {_WOULD_BE.get(kind, meaning) if dry_run else meaning}"
                )
        rows, tally = recount(dry_run=dry_run)
        stored = sum(
            found[kind] for kind in (Verdict.SOUND, Verdict.INDEXED, Verdict.REPAIRED, Verdict.UNREADABLE)
        )
        self.stdout.write(f"Stored: {stored:,}. In the index: {rows:,}. Counted: {tally:,}.")
        if rows != tally:
            self.stdout.write("The count was wrong" + ("." if dry_run else " and has been put right."))


def _is_reported(finding: Finding, verbosity: int) -> bool:
    """Indexed torrents are printed with -v 2 only: where the index is rebuilt, all of them are."""
    return finding.verdict is not Verdict.SOUND and (finding.verdict is not Verdict.INDEXED or verbosity > 1)
