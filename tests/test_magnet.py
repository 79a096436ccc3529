"""Magnet links, as libtorrent reads them."""

import libtorrent
import pytest

from archive.magnet import magnet

V1 = "A01CF8D286CDF393F21AAC95F40BACC93BF12AC4"
V2 = "54B826A27886E3F889E1C556D249832F50CA7B611F7319163E2837940BC96602"


def hashes(link: str) -> tuple[str, str]:
    """v1 and v2 as libtorrent understands them; noughts for what is not there."""
    found = libtorrent.parse_magnet_uri(link).info_hashes
    return str(found.v1).upper(), str(found.v2).upper()


@pytest.mark.parametrize(("v1", "v2"), [(V1, None), (None, V2), (V1, V2)], ids=["v1", "v2", "hybrid"])
def test_a_magnet_names_each_infohash_that_there_is(v1: str | None, v2: str | None) -> None:
    assert hashes(magnet(v1, v2, "", [])) == (v1 or "0" * 40, v2 or "0" * 64)


@pytest.mark.parametrize("name", ["debian.iso", "a&tr=x", "50% + 1 #2", "день 日", 'say "hi"', "a\nb"])
def test_any_name_arrives_as_it_was(name: str) -> None:
    assert libtorrent.parse_magnet_uri(magnet(V1, None, name, [])).name == name


def test_half_of_a_surrogate_pair_in_a_name_is_no_crash() -> None:
    assert libtorrent.parse_magnet_uri(magnet(V1, None, "a\ud800b", [])).name == "a?b"


def test_the_trackers_are_in_it_in_their_order() -> None:
    trackers = ["udp://one.example:1/announce", "http://two.example/announce?key=a&b=c"]
    assert libtorrent.parse_magnet_uri(magnet(V1, None, "", trackers)).trackers == trackers


def test_of_very_many_trackers_the_first_twenty_are_in_it() -> None:
    trackers = [f"udp://tracker{n}.example:1/announce" for n in range(500)]
    assert libtorrent.parse_magnet_uri(magnet(V1, None, "", trackers)).trackers == trackers[:20]


def test_the_longest_names_and_trackers_still_make_a_link_that_can_be_opened() -> None:
    """Windows hands a link to its program on a command line, which ends at 32,767 characters."""
    assert len(magnet(V1, V2, "日" * 4_000, [f"http://{'日' * 150}/{n}" for n in range(500)])) < 32_768
