"""IMDb's file is read by the command, packed or not, and torrents are matched by the other one."""

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
from tests.archive.test_imdb_titles import BASICS

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def run(command: str, *arguments: str) -> str:
    out = StringIO()
    call_command(command, *arguments, stdout=out, stderr=out)
    return out.getvalue()


def test_the_file_is_read_as_it_is_published(tmp_path: Path) -> None:
    packed = tmp_path / "title.basics.tsv.gz"
    packed.write_bytes(gzip.compress(BASICS.read_bytes()))
    assert "16 titles of 20 lines" in run("import_imdb", str(packed))
    assert Title.objects.count() == 16
    assert "16 titles" in run("import_imdb", str(BASICS))
    assert Title.objects.count() == 16


def test_bars_end_at_what_was_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [b"The.Matrix.1999.1080p.mkv", b"gone", b"Fargo.1996.1080p.mkv"]
    for name in names:
        deposit(make.v1(name))
    Torrent.objects.get(name="gone").delete()
    run("import_imdb", str(BASICS))
    assert "100%" in capsys.readouterr().err
    run("match_films")
    assert capsys.readouterr().err.splitlines()[-1].startswith("100%")


def test_torrents_are_matched_afterwards(tmp_path: Path) -> None:
    torrent = make.v1(b"The.Matrix.1999.1080p.mkv")
    deposit(torrent)
    run("import_imdb", str(BASICS))
    assert "1 matched, 0 withdrawn" in run("match_films")
    one = find_film(make.infohashes(torrent))
    assert one and one.imdb_id == "tt0133093"
    assert "0 matched" in run("match_films")


def test_wrong_lines_are_named_and_left_out(tmp_path: Path) -> None:
    broken = tmp_path / "title.basics.tsv"
    broken.write_bytes(BASICS.read_bytes() + b"nonsense\n\n" + b"tt1\tmovie\ta\ta\t0\tsoon\t\\N\t1\tx\n")
    said = run("import_imdb", str(broken))
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
def test_another_file_is_refused_and_what_was_there_stays(tmp_path: Path, content: bytes, says: str) -> None:
    run("import_imdb", str(BASICS))
    other = tmp_path / "other"
    other.write_bytes(content)
    with pytest.raises(CommandError, match=says):
        run("import_imdb", str(other))
    assert Title.objects.count() == 16


def test_a_broken_file_is_told(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(BASICS.read_bytes() + b"\t" * 100))
    packed[10:] = b"\xff" * (len(packed) - 10)
    broken = tmp_path / "broken.gz"
    broken.write_bytes(packed)
    with pytest.raises(CommandError, match="cannot be read"):
        run("import_imdb", str(broken))


def test_a_line_without_end_is_not_kept_in_memory(tmp_path: Path) -> None:
    endless = tmp_path / "endless.gz"
    with gzip.open(endless, "wb") as file:
        file.write(BASICS.read_bytes())
        for _ in range(60):
            file.write(b"a" * 1_000_000)
    tracemalloc.start()
    assert "16 titles" in run("import_imdb", str(endless))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000


def test_a_file_that_is_not_there_is_told() -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        run("import_imdb", "nowhere")


def test_without_titles_nothing_can_be_matched() -> None:
    with pytest.raises(CommandError, match="import_imdb"):
        run("match_films")
