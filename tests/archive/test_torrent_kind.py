"""The kind of a torrent is guessed from its name and its largest file."""

import pytest

from archive.models import Torrent
from archive.naming.search_words import kind_from_index_words, split_words
from archive.naming.torrent_kind import TorrentKind, guess_kind
from archive.torrents.deposit import deposit
from archive.torrents.scrub import scrub
from metainfo import parse_torrent
from tests import bep52, make


def guess(name: str, largest_file: str = "") -> TorrentKind:
    return guess_kind(name, list(split_words(name)), largest_file)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("The.Matrix.1999.1080p.BluRay.mkv", TorrentKind.FILM_HD),
        ("Fargo.S01E02.720p", TorrentKind.SERIES_HD),
        ("[HorribleSubs] Shingeki no Kyojin - 12 [720p].mkv", TorrentKind.ANIME),
        ("[Group] A Title - 05v2 (1080p) [ABCDEF12].mkv", TorrentKind.ANIME),
        ("[Group] A Title (BD 1080p) [0123ABCD].mkv", TorrentKind.ANIME),
        ("Anime Title Complete", TorrentKind.ANIME),
        ("[ www.example.com ] - The Social Network 2010.avi", TorrentKind.FILM_SD),
        ("[Label 12] Artist - Album (1999) [FLAC]", TorrentKind.AUDIO),
        ("Artist - 12 - Song.mp3", TorrentKind.AUDIO),
        ("Some App 1.2 (Android).apk", TorrentKind.MOBILE),
        ("A Game iOS", TorrentKind.MOBILE),
        ("Android.2010.1080p", TorrentKind.FILM_HD),
        ("debian-12-amd64.iso", TorrentKind.SOFTWARE),
        ("A Book.epub", TorrentKind.BOOK),
        ("whatever", TorrentKind.OTHER),
    ],
)
def test_the_kind_is_guessed_from_the_name(name: str, expected: TorrentKind) -> None:
    assert guess(name) == expected


@pytest.mark.parametrize(
    ("name", "largest_file", "expected"),
    [
        ("Big Buck Bunny (2008)", "big_buck_bunny.mkv", TorrentKind.FILM_SD),
        ("Some Show Season 1", "e01.mkv", TorrentKind.SERIES_SD),
        ("Some Album", "01 - Song.FLAC", TorrentKind.AUDIO),
        ("Film with soundtrack", "film.mkv", TorrentKind.FILM_SD),
        ("Film.1999.DVDRip", "film.iso", TorrentKind.FILM_SD),  # a picture of a disc holds anything
        ("something", "disc.iso", TorrentKind.SOFTWARE),
        ("The.Film.1080p", "film.r00", TorrentKind.FILM_HD),
        ("Apps", "tool.apk", TorrentKind.MOBILE),
        ("something", "no ending", TorrentKind.OTHER),
    ],
)
def test_the_largest_file_decides_where_the_name_says_nothing(
    name: str, largest_file: str, expected: TorrentKind
) -> None:
    assert guess(name, largest_file) == expected


FILES: dict[tuple[bytes, ...], int] = {
    (b"a.txt",): 5,
    (b"b", b"film.mkv"): 70_000,
    (b"b", b"film.srt"): 60_000,
}


def test_the_largest_file_of_v1_v2_and_hybrid_torrents_is_known() -> None:
    paths = [("/".join(part.decode() for part in path), size) for path, size in FILES.items()]
    for torrent in (make.v1(b"folder", files=FILES), bep52.v2(paths), bep52.hybrid(paths)):
        assert parse_torrent(torrent).largest_file == "film.mkv"
    assert parse_torrent(make.v1(b"alone.mkv")).largest_file == "alone.mkv"


@pytest.mark.django_db
def test_scrub_corrects_the_kind_in_the_index() -> None:
    deposit(make.v1(b"folder", files=FILES))
    Torrent.objects.update(words="=other folder")
    list(scrub())
    assert kind_from_index_words(Torrent.objects.get().words) == TorrentKind.FILM_SD
