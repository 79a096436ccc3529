"""Release names are parsed into titles, year, and whether they are of a series or of several films."""

import tracemalloc

import pytest

from archive.naming.release_name import parse_release_name


@pytest.mark.parametrize(
    ("name", "titles", "year"),
    [
        ("Spider-Man.Homecoming.(2017).BDRip.x264.AFM.mkv", ["Spider-Man Homecoming"], 2017),
        ("Blade.Runner.2049.2017.1080p.BluRay.x264", ["Blade Runner 2049"], 2017),
        ("1917.2019.1080p.WEBRip", ["1917"], 2019),
        ("Amélie (2001) [1080p]", ["Amélie"], 2001),
        (
            "Amelie AKA Le Fabuleux Destin d'Amelie Poulain 2001",
            ["Amelie", "Le Fabuleux Destin d'Amelie Poulain"],
            2001,
        ),
        ("Le.Fabuleux.Destin.A.K.A.Amelie.2001.1080p", ["Le Fabuleux Destin", "Amelie"], 2001),
        ("www.example.com - The.Martian.2015.720p", ["The Martian"], 2015),
        ("The.Matrix.1080p.mkv", ["The Matrix"], None),
        ("", [], None),
        (" \0\n", [], None),
    ],
)
def test_titles_and_year_are_parsed(name: str, titles: list[str], year: int | None) -> None:
    release = parse_release_name(name)
    assert (list(release.titles), release.year) == (titles, year)


@pytest.mark.parametrize("name", ["Fargo.2014.S01E02.1080p", "Fargo (2014) Season 1", "Fargo 2014 2x03"])
def test_a_series_is_distinguished_from_a_film(name: str) -> None:
    assert parse_release_name(name).series
    assert not parse_release_name("Fargo.1996.1080p").series


@pytest.mark.parametrize(
    "name", ["The Matrix Trilogy 1999-2003 1080p", "Harry Potter Complete Collection", "Die Hard 1988 - 2013"]
)
def test_a_collection_counts_as_several_films(name: str) -> None:
    assert parse_release_name(name).several
    assert not parse_release_name("The Matrix 1999").several


@pytest.mark.parametrize(
    "many", ["(9999999 of 2)", "Ep 1 - 20240101", "s01-9999999", "1 - 9999999TV", f"({'9' * 150} of 2)"]
)
def test_no_name_takes_more_than_ten_megabytes_to_parse(many: str) -> None:
    tracemalloc.start()
    assert parse_release_name(f"The Matrix 1999 {many}").title == "The Matrix"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10_000_000


@pytest.mark.timeout(30)
def test_no_name_takes_long_to_parse() -> None:
    for part in ("第", "сезон", "[", " - ", "2017", "S01E02", "1,", "season "):
        parse_release_name(part * 100_000)
