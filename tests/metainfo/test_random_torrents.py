"""Random, damaged and foreign torrents are read as libtorrent reads them."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import metainfo
from tests import bep52, mutations, oracle
from tests.torrent_corpus import TORRENTS

names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
paths = st.lists(names.filter(lambda name: "/" not in name), min_size=1, max_size=3).map("/".join)
file_lists = st.dictionaries(paths, st.integers(0, 200_000), min_size=1, max_size=6).map(
    mutations.drop_clashing_paths
)
piece_lengths = st.sampled_from([16_384, 32_768, 65_536])
extras = st.dictionaries(st.sampled_from(["source", "private", "x"]), st.integers(0, 3))


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.sampled_from([mutations.v1, bep52.v2, bep52.hybrid]), file_lists, piece_lengths, names, extras)
def test_made_up_torrents_are_read_as_libtorrent_reads_them(
    maker: Callable[..., bytes], files: bep52.Files, piece_length: int, name: str, extra: dict[str, int]
) -> None:
    oracle.assert_same_reading(maker(files, piece_length, name, **extra))


@settings(max_examples=4_000, derandomize=True, deadline=None)
@given(st.sampled_from(sorted(TORRENTS)), st.randoms(use_true_random=False))
def test_damaged_torrents_are_read_as_libtorrent_reads_them_or_refused(name: str, random: Random) -> None:
    oracle.assert_same_reading(mutations.mutate(TORRENTS[name], random))


@pytest.mark.parametrize("flags", oracle.KINDS)
def test_a_torrent_made_by_libtorrent_is_read_alike(flags: int, tmp_path: Path) -> None:
    """Where the maker of the corpus and the parser might share a misunderstanding."""
    for path, size in (("a", 100_000), ("b", 3), ("c/d", 65_536), ("c/e", 0)):
        file = tmp_path / "folder" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(bytes(range(256)) * (size // 256) + b"x" * (size % 256))
    torrent = oracle.create_with_libtorrent(tmp_path / "folder", flags)
    assert oracle.assert_same_reading(torrent)
    assert metainfo.parse_torrent(torrent).complete
