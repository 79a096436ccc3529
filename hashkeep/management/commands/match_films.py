"""The command `match_films`: notes which film each stored torrent is, by its name."""

from typing import Any

from django.core.management.base import CommandError

from archive.errors import Unavailable
from archive.films.match_titles import count_unmatched, match_torrents
from hashkeep.management.archive_command import ArchiveCommand
from hashkeep.management.progress_bar import open_progress_bar


class Command(ArchiveCommand):
    help = """\
Compare the names of stored torrents with the titles that `import_imdb` has read, and note which film each one is.

The first run looks at all torrents, each later one at those stored since; a new file of titles begins anew. Let
cron run it once an hour, or a day: nothing else does. After an interruption, run it again: it goes on where it was.

The first run over a million torrents of which six in ten are films and series takes some ten minutes of a core.

The rule: exactly one film (or series) of that title and year is a match of high confidence. Exactly one of that
title and the year before or after, where none has the year itself, is one of low confidence. Several are no match,
and a name without a year is none. What the operator or a key's holder has said is never touched, and a match that
was undone in the admin stays undone.
"""

    def handle(self, *args: Any, **options: Any) -> None:
        matched = withdrawn = 0
        try:
            remaining = count_unmatched()
            if remaining is None:
                raise CommandError("There are no titles yet: run import_imdb first.")
            with open_progress_bar(remaining, " torrents") as bar:
                for batch in match_torrents():
                    matched += batch.matched
                    withdrawn += batch.withdrawn
                    bar.set_postfix_str(f"{matched:,} matched", refresh=False)
                    bar.update(batch.compared)
                bar.total = bar.n  # it was an estimate
        except Unavailable as unavailable:
            raise CommandError(f"{unavailable} Run the same command again.") from unavailable
        self.stdout.write(f"{matched:,} matched, {withdrawn:,} withdrawn.")
