"""The table of titles is read from lines as IMDb writes them (tests/imdb: a few facts in its format)."""

import pytest

from archive.films.imdb_titles import (
    HEADER,
    ListedTitle,
    find_titles,
    normalize_title,
    parse_title_line,
    replace_titles,
)
from archive.models import Title, TitleList
from tests.imdb_titles import all_lines, line_of, load_titles

pytestmark = pytest.mark.both_databases


# Lines


def test_lines_of_films_and_series_are_parsed() -> None:
    film = ListedTitle(211915, False, "Amélie", "Le fabuleux destin d'Amélie Poulain", 2001)
    assert parse_title_line(line_of("tt0211915")) == film
    assert parse_title_line(line_of("tt0944947")) == ListedTitle(
        944947, True, "Game of Thrones", "Game of Thrones", 2011
    )
    assert parse_title_line(line_of("tt10872600").rstrip("\n") + "\r\n") == ListedTitle(
        10872600, False, "Spider-Man: No Way Home", "Spider-Man: No Way Home", 2021
    )
    assert all_lines()[0].rstrip("\n") == HEADER


@pytest.mark.parametrize(
    ("imdb_id", "what"),
    [
        ("tt1480055", "an episode"),
        ("tt0000001", "a short"),
        ("tt21191806", "without a year"),
        ("tt99999990", "adult"),
    ],
)
def test_lines_that_no_torrent_is_compared_with_are_left_out(imdb_id: str, what: str) -> None:
    assert parse_title_line(line_of(imdb_id)) is None, what


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "tt0133093\tmovie\tThe Matrix\t1999",
        "0133093\tmovie\tThe Matrix\tThe Matrix\t0\t1999\t\\N\t136\tAction",
        "tt0133093\tmovie\tThe Matrix\tThe Matrix\t0\tsoon\t\\N\t136\tAction",
    ],
)
def test_a_line_of_another_format_is_an_error(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"expected|should be"):
        parse_title_line(wrong)


# Normalized titles


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Amélie", "amelie"),
        ("Matrix, The", "The Matrix"),
        ("Hors-la-loi, Les", "Les hors la loi"),
        ("Schindler's List", "Schindlers List"),
        ("Fast & Furious", "Fast and Furious"),
        ("WALL·E", "WALL-E"),
        ("Spider-Man: Homecoming", "Spider-Man Homecoming"),
        ("Face/Off", "FACE OFF"),
    ],
)
def test_two_spellings_of_a_title_are_normalized_to_one(one: str, other: str) -> None:
    assert normalize_title(one) == normalize_title(other) != ""


@pytest.mark.parametrize(
    ("one", "other"), [("Alien", "Aliens"), ("The Matrix", "Matrix"), ("Blade Runner", "Blade Runner 2049")]
)
def test_different_titles_stay_different(one: str, other: str) -> None:
    assert normalize_title(one) != normalize_title(other)


# The table


@pytest.mark.django_db
def test_a_title_is_found_by_its_title_and_its_original_title() -> None:
    load_titles()
    found = find_titles(
        [
            normalize_title("Amelie"),
            normalize_title("Le Fabuleux Destin d'Amelie Poulain"),
            normalize_title("Emma"),
            "nonsense",
            "",
        ]
    )
    assert {name: sorted(title.pk for title in titles) for name, titles in found.items()} == {
        "amelie": [211915],
        "le fabuleux destin damelie poulain": [211915],
        "emma": [116191, 118308],
        "nonsense": [],
    }


@pytest.mark.django_db
def test_a_new_list_replaces_the_old_one() -> None:
    load_titles()
    load_titles(
        [
            ListedTitle(133093, False, "The Matrix Renamed", "The Matrix", 1999),
            ListedTitle(7, True, "New", "New", 2026),
        ]
    )
    assert sorted(Title.objects.values_list("imdb", "title", "plain_original")) == [
        (7, "New", ""),
        (133093, "The Matrix Renamed", "the matrix"),
    ]
    assert TitleList.objects.get().whole


@pytest.mark.django_db
def test_an_interrupted_import_removes_no_titles() -> None:
    before = load_titles()
    batches = replace_titles(ListedTitle(n, False, f"Film {n}", "", 2000) for n in range(6_000))
    next(batches)
    batches.close()
    assert Title.objects.count() > before
    assert [titles.whole for titles in TitleList.objects.order_by("pk")] == [True, False]
    load_titles()
    assert Title.objects.count() == before
    assert TitleList.objects.get().whole


@pytest.mark.django_db
def test_of_a_title_that_a_list_names_twice_the_last_line_stands() -> None:
    assert (
        load_titles([ListedTitle(7, False, "First", "", 2000), ListedTitle(7, False, "Second", "", 2000)])
        == 2
    )
    assert Title.objects.get().title == "Second"
