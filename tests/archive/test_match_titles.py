"""Torrents are linked to titles by name and year, and what a person said is not overruled."""

import pytest

from archive.films.film_links import find_film, set_imdb_id, undo_link
from archive.films.imdb_titles import ListedTitle
from archive.films.match_titles import count_unmatched, match_torrents
from archive.models import Film, TitleList
from archive.torrents.deposit import deposit
from tests import make
from tests.imdb_titles import count_matched, load_titles

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

MATRIX, AMELIE = "tt0133093", "tt0211915"


def store_named(name: str) -> tuple[bytes, ...]:
    torrent = make.v1(name.encode())
    deposit(torrent)
    return make.infohashes(torrent)


def match_name(name: str) -> tuple[str, bool] | None:
    """The IMDb id that a torrent of this name is linked to, and whether the link is sure."""
    infohashes = store_named(name)
    count_matched()
    link = find_film(infohashes)
    return (link.imdb_id, link.sure) if link else None


@pytest.mark.parametrize(
    ("name", "imdb_id"),
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
def test_the_title_and_year_of_exactly_one_film_are_a_sure_link(name: str, imdb_id: str) -> None:
    load_titles()
    assert match_name(name) == (imdb_id, True)


@pytest.mark.parametrize("year", [1998, 2000])
def test_a_year_that_is_one_off_is_a_link_that_is_not_sure(year: int) -> None:
    load_titles()
    assert match_name(f"The.Matrix.{year}.1080p") == (MATRIX, False)


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
def test_an_ambiguous_name_is_not_linked(name: str) -> None:
    load_titles()
    assert match_name(name) is None


def test_the_same_year_is_preferred_to_one_off() -> None:
    load_titles(
        [ListedTitle(1, False, "Twice", "Twice", 2000), ListedTitle(2, False, "Twice", "Twice", 2001)]
    )
    assert match_name("Twice.2000.1080p") == ("tt0000001", True)
    assert match_name("Twice.2002.1080p") == ("tt0000002", False)


def test_several_films_that_are_a_year_off_are_no_link() -> None:
    load_titles(
        [ListedTitle(1, False, "Twice", "Twice", 2000), ListedTitle(2, False, "Twice", "Twice", 2002)]
    )
    assert match_name("Twice.2001.1080p") is None


def test_two_names_of_one_film_are_one_candidate() -> None:
    load_titles([ListedTitle(1, False, "One", "Other", 2000)])
    assert match_name("One AKA Other 2000 1080p") == ("tt0000001", True)


def test_two_names_of_two_films_are_no_link() -> None:
    load_titles([ListedTitle(1, False, "One", "One", 2000), ListedTitle(2, False, "Other", "Other", 2000)])
    assert match_name("One AKA Other 2000 1080p") is None


def test_the_link_of_a_hybrid_is_found_by_each_of_its_infohashes() -> None:
    load_titles()
    torrent = make.hybrid(b"The.Matrix.1999.1080p.mkv")
    deposit(torrent)
    assert count_matched() == 1
    infohashes = make.infohashes(torrent)
    assert [bool(find_film(infohashes)), bool(find_film(infohashes[:1]))] == [True, True]
    assert count_matched() == 0


# What a person says


def test_what_a_person_said_is_not_changed() -> None:
    load_titles()
    infohashes = store_named("The.Matrix.1999.1080p")
    set_imdb_id(infohashes[0], AMELIE, "Mine", "admin")
    assert count_matched() == 0
    link = find_film(infohashes)
    assert link and (link.imdb_id, link.title, link.by_person) == (AMELIE, "Mine", True)


def test_what_a_person_says_replaces_what_was_found() -> None:
    load_titles()
    infohashes = store_named("The.Matrix.1999.1080p")
    assert count_matched() == 1
    set_imdb_id(infohashes[0], AMELIE, "", "key x")
    link = find_film(infohashes)
    assert link and (link.imdb_id, link.title, link.year, link.by_person) == (AMELIE, "Amélie", 2001, True)


def test_what_a_person_said_of_another_infohash_of_the_torrent_counts_too() -> None:
    load_titles()
    torrent = make.hybrid(b"The.Matrix.1999.1080p.mkv")
    infohashes = make.infohashes(torrent)
    set_imdb_id(infohashes[1], AMELIE, "", "key x")
    deposit(torrent)
    assert count_matched() == 0
    link = find_film(infohashes)
    assert link and link.imdb_id == AMELIE


def test_a_link_that_was_undone_is_not_found_again() -> None:
    load_titles()
    infohashes = store_named("The.Matrix.1999.1080p")
    assert count_matched() == 1
    undo_link(infohashes[0])
    assert find_film(infohashes) is None
    assert count_matched() == 0
    load_titles([ListedTitle(133093, False, "Matrix, The", "", 1999)])
    assert count_matched() == 0
    load_titles([])
    assert sum(batch.withdrawn for batch in match_torrents()) == 0
    assert find_film(infohashes) is None
    assert Film.objects.get().undone


# New titles, new torrents


def test_a_run_starts_where_the_last_one_ended() -> None:
    load_titles()
    store_named("The.Matrix.1999.1080p")
    assert count_unmatched()
    assert count_matched() == 1
    assert count_unmatched() == 0
    store_named("Fargo.1996.1080p")
    assert count_unmatched() == 1
    assert count_matched() == 1


def test_a_new_list_of_titles_has_all_torrents_compared_again() -> None:
    load_titles()
    infohashes = store_named("The.Matrix.1999.1080p")
    TitleList.objects.update(matched=10_000_000)  # as if millions had been compared
    assert count_matched() == 0
    load_titles()
    assert count_matched() == 1
    assert find_film(infohashes)


def test_a_link_that_new_titles_make_ambiguous_is_withdrawn() -> None:
    load_titles()
    infohashes = store_named("The.Matrix.1999.1080p")
    assert count_matched() == 1
    load_titles(
        [ListedTitle(1, False, "The Matrix", "", 1999), ListedTitle(2, False, "The Matrix", "", 1999)]
    )
    assert sum(batch.withdrawn for batch in match_torrents()) == 1
    assert find_film(infohashes) is None


def test_a_link_takes_on_the_new_title_of_its_film() -> None:
    load_titles([ListedTitle(133093, False, "Matrix, The", "", 1999)])
    infohashes = store_named("The.Matrix.1999.1080p")
    assert count_matched() == 1
    load_titles()
    assert count_matched() == 1
    link = find_film(infohashes)
    assert link and link.title == "The Matrix"
    assert Film.objects.count() == 1


def test_without_titles_there_is_nothing_to_do() -> None:
    store_named("The.Matrix.1999.1080p")
    assert count_unmatched() is None
    assert count_matched() == 0
