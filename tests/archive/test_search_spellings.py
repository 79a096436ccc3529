"""Torrents are found however their names are spelled: episodes, apostrophes, &, initials, letters and scripts.

The judges: Sonarr's GetCleanSceneTitle for how a title is asked (it drops ' ` and ., and writes "and" for &), and its
parser for what a release name says; Latin-ASCII of Unicode's CLDR for letters; LineBreak.txt of Unicode (class SA)
for the scripts that are written without spaces.
"""

from urllib.parse import urlencode

import pytest
from django.test import Client
from lxml import etree
from pytest_django import Settings

from archive.films.film_links import set_imdb_id
from archive.models import Torrent
from archive.naming.torrent_kind import TorrentKind
from archive.torrents.deposit import deposit
from archive.torrents.scrub import Verdict, scrub
from tests import make
from tests.search_names import search_names

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def is_found(name: str, asked: str) -> bool:
    """Whether the one torrent is found, and not the other."""
    deposit(make.v1(b"something.else.S07E07"))
    deposit(make.v1(name.encode()))
    return search_names(asked) == [name]


@pytest.mark.parametrize(
    ("name", "season", "episodes", "not_in_it"),
    [
        ("Show.S01E01E02.720p.mkv", 1, [1, 2], 3),
        ("Show.S01E01-E02.720p.mkv", 1, [1, 2], 3),
        ("Show.S03E01-06.DUAL.BDRip.XviD", 3, [1, 4, 6], 7),
        ("Show.S03E01.S03E02.720p.HDTV", 3, [1, 2], 3),
        ("Show S01e01 e02 On Demand 1080i DD5 1", 1, [1, 2], 3),
        ("Show - S07E22 - 7x23 - And More [HDTV-720p].mkv", 7, [22, 23], 24),
        ("Show.2x04x05.720p.BluRay", 2, [4, 5], 6),
        ("Show.2x04-06.avi", 2, [4, 5, 6], 7),
        ("Show - 2x9-2x10 - Served [SDTV]", 2, [9, 10], 11),
        ("Show.S02E03-04-05.720p", 2, [3, 4, 5], 6),
        ("Show.S01E91-E100", 1, [91, 95, 100], 101),
        ("Show.S22E5363-E5366.HDTV", 22, [5363, 5365, 5366], 5367),
        ("Show.S01E01+E03.mkv", 1, [1, 3], 2),
        ("Show.S2012E03.720p.mkv", 2012, [3], 4),
        ("Show - 2013x15 - 2013x16 - HD TV.mkv", 2013, [15, 16], 17),
        ("Show.1x05.HDTV.avi", 1, [5], 6),
        ("Show [01x05] A Title", 1, [5], 6),
        ("Show 1×05", 1, [5], 6),
        ("Show_-_7x6_-_A_Title_[SDTV]", 7, [6], 5),
        ("show.s1e5.avi", 1, [5], 6),
        ("Show.S010E16.720p", 10, [16], 17),
        ("Show.S01.E05.1080p", 1, [5], 6),
        ("Show - S01 - E05 - Title", 1, [5], 6),
        ("Show.S01.Ep05.1080p", 1, [5], 6),
        ("Show.S01EP05.1080p", 1, [5], 6),
        ("Show - Season 1 - Episode 05 (Resolution).avi", 1, [5], 6),
        ("Show Saison 1 Épisode 5", 1, [5], 6),
        ("Show Staffel 1 Folge 5", 1, [5], 6),
        ("Show Temporada 2 [HDTV 720p][Cap.205]", 2, [5], 6),
        ("Шоу (Сезон: 1 / Серии: 1-8 из 8)", 1, [1, 5, 8], 9),
        ("Шоу 1 сезон 5 серия", 1, [5], 6),
        ("Dizi 1. Sezon 5. Bölüm", 1, [5], 6),
        ("剧 第1季第05集", 1, [5], 6),
        ("[Group] Show 2nd Season - 05 [1080p].mkv", 2, [5], 6),
        ("[Group] Show S2 - 05v2 [1080p].mkv", 2, [5], 6),
        ("Show.5of9.The.Universe.1990.DVDRip", 1, [5], 9),
        ("Show.E05.1080p", 1, [5], 6),
        ("Show.105.hdtv-lol", 1, [5], 6),
        ("Show.S01E05-1080p.x264", 1, [5], 264),
        ("Show.1x05-x264", 1, [5], 264),
    ],
)
def test_an_episode_is_found_as_torznab_asks_for_it(
    client: Client, name: str, season: int, episodes: list[int], not_in_it: int
) -> None:
    """As Sonarr's parser reads such names."""
    deposit(make.v1(name.encode()))
    for episode in episodes:
        assert torznab_titles(client, season=season, ep=episode) == [name]
    assert torznab_titles(client, season=season) == [name]
    assert torznab_titles(client, season=season, ep=not_in_it) == []
    assert torznab_titles(client, season=season + 7) == []


def torznab_titles(client: Client, **parameters: int) -> list[str]:
    """The titles that a search by Torznab finds in any category."""
    document = client.get(f"/torznab/api?{urlencode({'t': 'search', **parameters})}").content
    return [title.text or "" for title in etree.fromstring(document).iterfind("channel/item/title")]


@pytest.mark.parametrize(
    ("name", "seasons"),
    [
        ("Show.Season.04.HDTV", [4]),
        ("Show Season4 PDTV", [4]),
        ("Show S 01 720p WEB DL", [1]),
        ("Show.S01-S03.1080p", [1, 2, 3]),
        ("Show Seasons 1-3", [1, 2, 3]),
        ("Show.S1.Complete", [1]),
        ("Шоу (3 сезон)", [3]),
        ("Show 第2季", [2]),
    ],
)
def test_a_season_is_found_by_its_number(name: str, seasons: list[int]) -> None:
    deposit(make.v1(name.encode()))
    assert [number for number in range(9) if search_names(f"s{number:02d}")] == seasons


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("MythBusters.S2012E03.720p.mkv", TorrentKind.SERIES_HD),
        ("MythBusters.S2012E03", TorrentKind.SERIES_SD),
        ("MythBusters.S2012.720p.x264", TorrentKind.SERIES_HD),
        ("Show.2012x03.720p.x264", TorrentKind.SERIES_HD),
        ("Шоу 1 сезон 5 серия 720p", TorrentKind.SERIES_HD),
        ("Honda S2000 manual", TorrentKind.OTHER),
        ("Wallpapers 1920x1080", TorrentKind.OTHER),
        ("Film.4x4.2001.720p.mkv", TorrentKind.FILM_HD),
    ],
)
def test_what_names_an_episode_is_a_series(name: str, kind: TorrentKind) -> None:
    deposit(make.v1(name.encode()))
    assert search_names("", kinds=(kind,)) == [name]


@pytest.mark.parametrize("apostrophe", "'’‘`´ʼ＇")
def test_apostrophes_do_not_matter(apostrophe: str) -> None:
    assert is_found(f"Grey{apostrophe}s.Anatomy.S01E01", "Greys Anatomy")
    assert (
        search_names("Grey's Anatomy")
        == search_names("grey s anatomy")
        == [f"Grey{apostrophe}s.Anatomy.S01E01"]
    )
    deposit(make.v1(b"Marvels Agents"))
    assert search_names(f"Marvel{apostrophe}s Agents") == ["Marvels Agents"]


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("Grey.s.Anatomy.S01E01", "Greys Anatomy"),
        ("Greys.Anatomy.S01E01", "grey s anatomy"),
        ("L'Avventura 1960", "lavventura"),
        ("LAvventura.1960", "L'Avventura"),
        ("Don.t.Look.Up.2021", "dont look up"),
        ("We’re Here S01", "were here"),
        ("Hawaiʻi", "hawaii"),
        ("ג׳ורג׳", "ג'ורג'"),
        ("Fast & Furious 2009", "fast and furious"),
        ("Fast.and.Furious.2009", "fast & furious"),
        ("Fast + Furious 2009", "fast and furious"),
        ("Fast＆Furious 2009", "fast and furious"),
        ("Fast.Furious.2009", "fast and furious"),  # many release names leave & out
        ("And.2009", "and"),
        ("Chicago.P.D.S06E02", "Chicago PD"),
        ("Chicago.PD.S06E02", "Chicago P.D."),
        ("Chicago PD S06E02", "chicago p d"),
        ("S.W.A.T.2017.S01E01", "swat 2017"),
        ("Agents of S.H.I.E.L.D.", "agents of shield"),
        ("M*A*S*H 1972", "mash"),
        ("Vitamin.A.B.C", "vitamin a b"),
        ("9-1-1.S01E01", "911"),
        ("911.S01E01", "9-1-1"),
        ("Late.Show.2026.11.20.720p", "20261120"),
        ("Late.Show.20261120.720p", "late show 2026 11 20"),
        ("Late.Show.2026.11.20.720p", "late show s2026"),
        ("[Group] Long Anime - 005 [1080p].mkv", "long anime 05"),
        ("Show.S01E05", "show 1x05"),
        ("Show.1x05", "show season 1 episode 5"),
        ("Show.S01E01-E02", "S01E01E02"),
        ("Łódź Kaliska", "lodz kaliska"),
        ("Lodz Kaliska", "ŁÓDŹ kaliska"),
        ("Smørrebrød på Ærø", "smorrebrod pa aero"),
        ("Þór ok Sæmundr góði Ðorn", "thor ok saemundr godi dorn"),
        ("Đặng Œuvre Ħal Işık", "dang oeuvre hal isik"),
        ("Der Große ẞtern", "grosse sstern"),
        ("ƁƊƘ Ŋɔɛ Ⱥȼ", "bdk noe ac"),
        ("مُحَمَّد ـ كتـاب", "محمد كتاب"),
        ("کتاب فارسی", "كتاب فارسي"),
        ("שָׁלוֹם", "שלום"),
        ("می‌خواهم", "میخواهم"),
        ("Қазақ ұлт", "казак улт"),
        ("فيلم ٢٠٢٤", "فيلم 2024"),
        ("ภาพยนตร์ไทย", "ไทย"),
        ("ภาพยนตร์ไทย2024", "ภาพยนตร์ 2024"),
        ("ຂ່າວລາວມື້ນີ້", "ລາວ"),
        ("ភាសាខ្មែរល្អ", "ខ្មែរ"),
        ("မြန်မာစကား", "စကား"),
        ("ᦅᦷᦡᦺᦑ", "ᦡᦺ"),
    ],
)  # fmt: skip
def test_a_name_is_found_by_its_other_spelling(name: str, asked: str) -> None:
    assert is_found(name, asked)


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("Show.S01E01-E03", "S01E04"),
        ("Chicago.P.D.", "chicago pe"),
        ("Greys.Anatomy", "grey"),
        ("ภาพยนตร์ไทย", "ไวย"),
        ("Fast.Furious", "fast or furious"),
        ("Show.1x05", "s01e06"),
        ("DTS-HD.MA.5.1.H.264", "51h"),
    ],
)
def test_what_is_not_the_same_is_not_found(name: str, asked: str) -> None:
    assert not is_found(name, asked)


def test_the_torrents_of_a_film_are_searched_in_every_spelling() -> None:
    deposit(torrent := make.v1("Grey’s.Anatomy.1x05.avi".encode()))
    set_imdb_id(make.infohashes(torrent)[0], "tt0413573", "", "test")
    for text, found in {"s01e05": 1, "greys": 1, "grey's 1x05": 1, "s01e06": 0}.items():
        assert len(search_names(text, imdb_number=413573)) == found


def test_torrents_that_were_stored_before_get_their_words_by_scrub() -> None:
    """What their words of before find is found until then, too."""
    deposit(make.v1(b"Grey's.Anatomy.1x05"))
    Torrent.objects.update(words="=seriessd grey s anatomy 1x05")
    assert search_names("grey's anatomy 1x05") == ["Grey's.Anatomy.1x05"]
    assert search_names("greys s01e05") == []
    assert [finding.verdict for finding in scrub()] == [Verdict.REPAIRED]
    assert search_names("greys s01e05") == ["Grey's.Anatomy.1x05"]


def test_paths_of_files_are_searched_in_every_spelling(settings: Settings) -> None:
    settings.SEARCH_FILES = True
    deposit(make.v1(b"Pack", files={(b"Season 1", b"Grey\xe2\x80\x99s.1x05.avi"): 10}))
    for asked in ("s01e05", "greys", "s01"):
        assert search_names(asked) == ["Pack"]
