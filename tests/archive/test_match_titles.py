"""Torrents find their titles by name and year, and nobody's word is overruled."""

import pytest

from archive.films.film_links import find_film, set_imdb_id, undo_link
from archive.films.imdb_titles import ListedTitle
from archive.films.match_titles import count_unmatched, match_torrents
from archive.models import Film, TitleList
from archive.torrents.deposit import deposit
from tests import make
from tests.archive.test_imdb_titles import load

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

MATRIX, AMELIE = "tt0133093", "tt0211915"


def store(name: str) -> tuple[bytes, ...]:
    torrent = make.v1(name.encode())
    deposit(torrent)
    return make.infohashes(torrent)


def matched() -> int:
    return sum(found.matched for found in match_torrents())


def found(name: str) -> tuple[str, bool] | None:
    """Number and sureness of a torrent of this name."""
    names = store(name)
    matched()
    one = find_film(names)
    return (one.imdb, one.sure) if one else None


@pytest.mark.parametrize(
    ("name", "imdb"),
    [
        ("The.Matrix.1999.1080p.BluRay.x264.mkv", MATRIX),
        ("Matrix, The (1999).avi", MATRIX),
        ("Amélie (2001) [1080p]", AMELIE),
        ("Le.fabuleux.destin.d'Amelie.Poulain.2001.FRENCH.720p", AMELIE),
        ("Amelie AKA Le Fabuleux Destin d'Amelie Poulain 2001 DVDRip", AMELIE),
        ("Spider-Man.Homecoming.(2017).BDRip.x264.AFM.mkv", "tt2250912"),
        ("Blade.Runner.2049.2017.2160p", "tt1856101"),
        ("1917.2019.1080p.WEBRip", "tt8579674"),
        ("Schindlers.List.1993.1080p", "tt0108052"),
        ("Fast and Furious 2009 720p", "tt1013752"),
        ("WALL-E.2008.1080p", "tt0910970"),
        ("Fargo.1996.1080p", "tt0116282"),
        ("Fargo.2014.S01E02.1080p", "tt2802850"),
        ("Spider-Man.No.Way.Home.2021.1080p", "tt10872600"),
    ],
)
def test_title_and_year_of_just_one_are_a_sure_match(name: str, imdb: str) -> None:
    load()
    assert found(name) == (imdb, True)


@pytest.mark.parametrize("year", [1998, 2000])
def test_a_year_beside_is_a_match_less_sure(year: int) -> None:
    load()
    assert found(f"The.Matrix.{year}.1080p") == (MATRIX, False)


@pytest.mark.parametrize(
    "name",
    [
        "Emma.1996.1080p",  # a film, and another for television
        "Emma.1997.1080p",
        "The.Matrix.2001.1080p",
        "The.Matrix.1080p",
        "Matrix.1999.1080p",
        "Fargo.1996.S01.1080p",  # the film is no series
        "Fargo.2014.1080p",
        "The Matrix Trilogy 1999-2003 1080p",
        "The Matrix (1999) [FLAC]",  # its music
        "Winter.Is.Coming.2011.1080p",
        "The.Matrix.1999",  # by its name it may be a book
        "\0",
    ],
)
def test_whatever_is_not_clear_is_no_match(name: str) -> None:
    load()
    assert found(name) is None


def test_the_year_itself_is_nearer_than_the_one_beside() -> None:
    load([ListedTitle(1, False, "Twice", "Twice", 2000), ListedTitle(2, False, "Twice", "Twice", 2001)])
    assert found("Twice.2000.1080p") == ("tt0000001", True)
    assert found("Twice.2002.1080p") == ("tt0000002", False)


def test_several_a_year_beside_are_no_match() -> None:
    load([ListedTitle(1, False, "Twice", "Twice", 2000), ListedTitle(2, False, "Twice", "Twice", 2002)])
    assert found("Twice.2001.1080p") is None


def test_two_names_of_one_film_do_not_make_it_two() -> None:
    load([ListedTitle(1, False, "One", "Other", 2000)])
    assert found("One AKA Other 2000 1080p") == ("tt0000001", True)


def test_two_names_of_two_films_are_no_match() -> None:
    load([ListedTitle(1, False, "One", "One", 2000), ListedTitle(2, False, "Other", "Other", 2000)])
    assert found("One AKA Other 2000 1080p") is None


def test_a_hybrid_is_matched_by_each_of_its_infohashes() -> None:
    load()
    torrent = make.hybrid(b"The.Matrix.1999.1080p.mkv")
    deposit(torrent)
    assert matched() == 1
    names = make.infohashes(torrent)
    assert [bool(find_film(names)), bool(find_film(names[:1]))] == [True, True]
    assert matched() == 0


# What somebody says


def test_what_somebody_said_is_not_touched() -> None:
    load()
    names = store("The.Matrix.1999.1080p")
    set_imdb_id(names[0], AMELIE, "Mine", "admin")
    assert matched() == 0
    one = find_film(names)
    assert one and (one.imdb, one.title, one.told) == (AMELIE, "Mine", True)


def test_what_somebody_says_replaces_what_was_found() -> None:
    load()
    names = store("The.Matrix.1999.1080p")
    assert matched() == 1
    set_imdb_id(names[0], AMELIE, "", "key x")
    one = find_film(names)
    assert one and (one.imdb, one.title, one.year, one.told) == (AMELIE, "Amélie", 2001, True)


def test_what_somebody_said_by_another_infohash_counts_too() -> None:
    load()
    torrent = make.hybrid(b"The.Matrix.1999.1080p.mkv")
    names = make.infohashes(torrent)
    set_imdb_id(names[1], AMELIE, "", "key x")
    deposit(torrent)
    assert matched() == 0
    one = find_film(names)
    assert one and one.imdb == AMELIE


def test_what_was_undone_stays_undone() -> None:
    load()
    names = store("The.Matrix.1999.1080p")
    assert matched() == 1
    undo_link(names[0])
    assert find_film(names) is None
    assert matched() == 0
    load([ListedTitle(133093, False, "Matrix, The", "", 1999)])
    assert matched() == 0
    load([])
    assert sum(step.withdrawn for step in match_torrents()) == 0
    assert find_film(names) is None
    assert Film.objects.get().undone


# New titles, new torrents


def test_a_run_goes_on_where_the_last_one_ended() -> None:
    load()
    store("The.Matrix.1999.1080p")
    assert count_unmatched()
    assert matched() == 1
    assert count_unmatched() == 0
    store("Fargo.1996.1080p")
    assert count_unmatched() == 1
    assert matched() == 1


def test_new_titles_have_all_torrents_looked_at_again() -> None:
    load()
    names = store("The.Matrix.1999.1080p")
    TitleList.objects.update(matched=10_000_000)  # as if millions had been compared
    assert matched() == 0
    load()
    assert matched() == 1
    assert find_film(names)


def test_a_match_that_new_titles_make_doubtful_is_withdrawn() -> None:
    load()
    names = store("The.Matrix.1999.1080p")
    assert matched() == 1
    load([ListedTitle(1, False, "The Matrix", "", 1999), ListedTitle(2, False, "The Matrix", "", 1999)])
    assert sum(step.withdrawn for step in match_torrents()) == 1
    assert find_film(names) is None


def test_a_match_follows_its_title() -> None:
    load([ListedTitle(133093, False, "Matrix, The", "", 1999)])
    names = store("The.Matrix.1999.1080p")
    assert matched() == 1
    load()
    assert matched() == 1
    one = find_film(names)
    assert one and one.title == "The Matrix"
    assert Film.objects.count() == 1


def test_without_titles_there_is_nothing_to_do() -> None:
    store("The.Matrix.1999.1080p")
    assert count_unmatched() is None
    assert matched() == 0
