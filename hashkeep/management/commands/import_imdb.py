"""The command `import_imdb`: reads IMDb's list of titles into the table of titles."""

import gzip
import io
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

from django.core.management.base import CommandError, CommandParser
from tqdm import tqdm

from archive.errors import Unavailable
from archive.films.imdb_titles import HEADER, ListedTitle, parse_title_line, replace_titles
from hashkeep.management.archive_command import ArchiveCommand
from hashkeep.management.input_lines import describe_error
from hashkeep.management.progress_bar import open_progress_bar

_GZIP_MAGIC = b"\x1f\x8b"
_MAX_LINE = 10_000  # characters; a longer line counts as several, none of which is IMDb's
_MAX_REPORTED = 10  # malformed lines that are printed


class Command(ArchiveCommand):
    help = """\
Read the films and series of title.basics.tsv.gz, as IMDb publishes it (or unpacked), into the table of titles.

  import_imdb title.basics.tsv.gz && match_films

The file is at https://datasets.imdbws.com/ for personal and non-commercial use; please mind IMDb's terms.
Films, films for television, videos and series that have a year are taken; episodes, shorts, games and what IMDb
marks as adult are not. A newer file replaces what an older one brought. After an interruption, run it again: what
was there before is in force until the new file is in. `match_films` then compares the torrents with the titles.
"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        self._lines = self._malformed = imported = 0
        try:
            with (
                open(options["file"], "rb") as file,
                open_progress_bar(_file_size(file), "B", unit_scale=True) as bar,
            ):
                for batch in replace_titles(self._read_titles(file, bar)):
                    imported += batch
                    bar.set_postfix_str(f"{imported:,} titles", refresh=False)
        except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
            raise CommandError(
                f"{options['file']} cannot be read: {describe_error(error)}. "
                "The titles read before are still in force."
            ) from error
        except Unavailable as unavailable:
            raise CommandError(f"{unavailable} Run the same command again.") from unavailable
        self.stdout.write(f"{imported:,} titles of {self._lines:,} lines. Now run match_films.")
        if self._malformed:
            self.stdout.write(f"{self._malformed:,} lines were left out, as they are not of IMDb's format.")

    def _read_titles(self, file: BinaryIO, bar: "tqdm[None]") -> Iterator[ListedTitle]:
        is_gzip = file.read(2) == _GZIP_MAGIC
        file.seek(0)
        unpacked = gzip.GzipFile(fileobj=file) if is_gzip else file
        with io.TextIOWrapper(unpacked, "utf-8", newline="\n") as text:
            if text.readline(len(HEADER) + 2).rstrip("\r\n") != HEADER:
                raise CommandError(
                    "This is not IMDb's title.basics.tsv: its first line should name nine columns."
                )
            while line := text.readline(_MAX_LINE):
                self._lines += 1
                if title := self._parse_line(line):
                    yield title
                if not self._lines % 10_000:
                    bar.update(file.tell() - bar.n)
            bar.update(file.tell() - bar.n)

    def _parse_line(self, line: str) -> ListedTitle | None:
        try:
            return parse_title_line(line)
        except ValueError as error:
            self._malformed += 1
            if self._malformed <= _MAX_REPORTED:
                self.stderr.write(f"Line {self._lines + 1:,}: {error}.")
            return None


def _file_size(file: BinaryIO) -> int:
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    return size
