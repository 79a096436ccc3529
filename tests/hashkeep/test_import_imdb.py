"""The commands import_imdb and match_films, with IMDb's file as it is published and unpacked."""

import gzip
import tracemalloc
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from archive.films.film_links import find_film
from archive.models import Title, Torrent
from archive.torrents.deposit import deposit
from tests import make
from tests.imdb_titles import BASICS

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def run_command(command: str, *arguments: str) -> str:
    out = StringIO()
    call_command(command, *arguments, stdout=out, stderr=out)
    return out.getvalue()


def test_the_published_file_is_read(tmp_path: Path) -> None:
    packed = tmp_path / "title.basics.tsv.gz"
    packed.write_bytes(gzip.compress(BASICS.read_bytes()))
    assert "16 titles of 20 lines" in run_command("import_imdb", str(packed))
    assert Title.objects.count() == 16
    assert "16 titles" in run_command("import_imdb", str(BASICS))
    assert Title.objects.count() == 16


def test_progress_bars_end_at_the_number_of_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [b"The.Matrix.1999.1080p.mkv", b"gone", b"Fargo.1996.1080p.mkv"]
    for name in names:
        deposit(make.v1(name))
    Torrent.objects.get(name="gone").delete()
    run_command("import_imdb", str(BASICS))
    assert "100%" in capsys.readouterr().err
    run_command("match_films")
    assert capsys.readouterr().err.splitlines()[-1].startswith("100%")


def test_match_films_matches_torrents_with_the_imported_titles(tmp_path: Path) -> None:
    torrent = make.v1(b"The.Matrix.1999.1080p.mkv")
    deposit(torrent)
    run_command("import_imdb", str(BASICS))
    assert "1 matched, 0 withdrawn" in run_command("match_films")
    one = find_film(make.infohashes(torrent))
    assert one and one.imdb_id == "tt0133093"
    assert "0 matched" in run_command("match_films")


def test_malformed_lines_are_reported_and_left_out(tmp_path: Path) -> None:
    broken = tmp_path / "title.basics.tsv"
    broken.write_bytes(BASICS.read_bytes() + b"nonsense\n\n" + b"tt1\tmovie\ta\ta\t0\tsoon\t\\N\t1\tx\n")
    said = run_command("import_imdb", str(broken))
    assert "Line 22: 9 columns are expected, and here are 1." in said
    assert "3 lines were left out" in said
    assert Title.objects.count() == 16


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "first line"),
        (b"tconst\taverageRating\tnumVotes\ntt0000001\t5.7\t2000\n", "first line"),
        (gzip.compress(BASICS.read_bytes())[:-20], "cannot be read"),
        (BASICS.read_bytes() + b"\xff\xfe\n", "cannot be read"),
    ],
)
def test_another_file_is_refused_and_earlier_titles_stay(tmp_path: Path, content: bytes, says: str) -> None:
    run_command("import_imdb", str(BASICS))
    other = tmp_path / "other"
    other.write_bytes(content)
    with pytest.raises(CommandError, match=says):
        run_command("import_imdb", str(other))
    assert Title.objects.count() == 16


def test_a_truncated_file_is_reported(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(BASICS.read_bytes() + b"\t" * 100))
    packed[10:] = b"\xff" * (len(packed) - 10)
    broken = tmp_path / "broken.gz"
    broken.write_bytes(packed)
    with pytest.raises(CommandError, match="cannot be read"):
        run_command("import_imdb", str(broken))


def test_an_endless_line_is_not_kept_in_memory(tmp_path: Path) -> None:
    endless = tmp_path / "endless.gz"
    with gzip.open(endless, "wb") as file:
        file.write(BASICS.read_bytes())
        for _ in range(60):
            file.write(b"a" * 1_000_000)
    tracemalloc.start()
    assert "16 titles" in run_command("import_imdb", str(endless))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000


def test_a_missing_file_is_reported() -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        run_command("import_imdb", "nowhere")


def test_without_titles_nothing_can_be_matched() -> None:
    with pytest.raises(CommandError, match="import_imdb"):
        run_command("match_films")
