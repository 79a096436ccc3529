"""Magnet links, as libtorrent reads them."""

import base64
from urllib.parse import quote

import libtorrent
import pytest

from metainfo.announce_url import clean_announce_url
from metainfo.errors import NotAnInfohash
from metainfo.infohash import find_infohash
from metainfo.magnet import Magnet, format_magnet, parse_magnet

V1 = "A01CF8D286CDF393F21AAC95F40BACC93BF12AC4"
V2 = "54B826A27886E3F889E1C556D249832F50CA7B611F7319163E2837940BC96602"


def hashes(link: str) -> tuple[str, str]:
    """v1 and v2 as libtorrent understands them; noughts for what is not there."""
    found = libtorrent.parse_magnet_uri(link).info_hashes
    return str(found.v1).upper(), str(found.v2).upper()


@pytest.mark.parametrize(("v1", "v2"), [(V1, None), (None, V2), (V1, V2)], ids=["v1", "v2", "hybrid"])
def test_a_magnet_names_each_infohash_that_there_is(v1: str | None, v2: str | None) -> None:
    assert hashes(format_magnet(v1, v2, "", [])) == (v1 or "0" * 40, v2 or "0" * 64)


@pytest.mark.parametrize("name", ["debian.iso", "a&tr=x", "50% + 1 #2", "день 日", 'say "hi"', "a\nb"])
def test_any_name_can_be_read_back_from_the_link(name: str) -> None:
    assert libtorrent.parse_magnet_uri(format_magnet(V1, None, name, [])).name == name


def test_half_of_a_surrogate_pair_in_a_name_does_not_raise() -> None:
    assert libtorrent.parse_magnet_uri(format_magnet(V1, None, "a\ud800b", [])).name == "a?b"


def test_the_link_has_the_trackers_in_their_order() -> None:
    trackers = ["udp://one.example:1/announce", "http://two.example/announce?key=a&b=c"]
    assert libtorrent.parse_magnet_uri(format_magnet(V1, None, "", trackers)).trackers == trackers


def test_the_link_has_the_first_twenty_of_many_trackers() -> None:
    trackers = [f"udp://tracker{n}.example:1/announce" for n in range(500)]
    assert libtorrent.parse_magnet_uri(format_magnet(V1, None, "", trackers)).trackers == trackers[:20]


def test_the_longest_names_and_trackers_still_make_a_link_that_can_be_opened() -> None:
    """Windows hands a link to its program on a command line, which ends at 32,767 characters."""
    assert len(format_magnet(V1, V2, "日" * 4_000, [f"http://{'日' * 150}/{n}" for n in range(500)])) < 32_768


BTIH, BASE32, BTMH = V1.lower(), base64.b32encode(bytes.fromhex(V1)).decode(), f"1220{V2.lower()}"


@pytest.mark.parametrize(
    "link",
    [
        f"magnet:?xt=urn:btih:{BTIH}",
        f"magnet:?xt=urn:btih:{BASE32}",
        f"magnet:?xt=urn:btmh:{BTMH}",
        f"magnet:?xt=urn:btih:{BTIH}&xt=urn:btmh:{BTMH}",
        f"magnet:?xt=urn:btih:{BTIH}&dn=Song #1&tr=udp://one.example:1/announce",
        f"magnet:?xt=urn:btih:{BTIH}" + "".join(f"&tr=udp://{n}.example:1" for n in range(21)),
        f"magnet:?xt=urn:btih:{BTIH}&dn=%D0%B4+a%26b&tr=udp%3A%2F%2Fone.example%3A1&tr=http://two.example/announce?k=a",
        f"magnet:?xt=urn:btih:{BTIH}&tr.1=udp://one.example:1&tr.2=http://two.example/",
        f"magnet:?dn=x&xt=urn:btih:{BTIH}&x.pe=8.8.8.8:6881&x.pe=[2606:4700::1]:51413",
    ],
)
def test_we_read_a_magnet_as_libtorrent_does(link: str) -> None:
    ours, theirs = parse_magnet(link), libtorrent.parse_magnet_uri(link)
    hashes = theirs.info_hashes
    assert ours.v1 == (hashes.v1.to_bytes() if hashes.has_v1() else None)
    assert ours.v2 == (hashes.v2.to_bytes() if hashes.has_v2() else None)
    assert (ours.name, list(ours.trackers)) == (theirs.name, theirs.trackers)
    assert list(ours.peers) == theirs.peers


def test_a_formatted_link_can_be_parsed() -> None:
    trackers = ("udp://one.example:1/announce", "http://two.example/announce?key=a&b=c")
    ours = parse_magnet(format_magnet(V1, V2, "a b", trackers))
    assert (ours.v1, ours.v2) == (bytes.fromhex(V1), bytes.fromhex(V2))
    assert (ours.name, ours.trackers) == ("a b", trackers)


@pytest.mark.parametrize(
    "peer",
    [
        *("127.0.0.1:1", "10.0.0.1:1", "192.168.1.1:1", "169.254.169.254:80", "100.64.0.1:1", "0.0.0.0:1"),
        *(
            "224.0.0.1:1",
            "255.255.255.255:1",
            "[::1]:1",
            "[fe80::1]:1",
            "[fd00::1]:1",
            "[::ffff:127.0.0.1]:1",
        ),
        *("localhost:1", "peer.example:6881", "8.8.8.8", "8.8.8.8:0", "8.8.8.8:65536", ":1", "8.8.8.8:x", ""),
    ],
)
def test_a_peer_without_a_public_address_is_left_out(peer: str) -> None:
    assert parse_magnet(f"magnet:?xt=urn:btih:{BTIH}&x.pe={peer}").peers == ()


def test_private_peers_are_kept_if_asked_for() -> None:
    link = f"magnet:?xt=urn:btih:{BTIH}&x.pe=127.0.0.1:6881"
    assert parse_magnet(link, private=True).peers == (("127.0.0.1", 6881),)


@pytest.mark.parametrize(
    "tracker", ["wss://a.example/", "file:///etc/passwd", "udp://", "x", "http://[", "http://a%00b/"]
)
def test_a_tracker_that_is_no_announce_url_is_left_out(tracker: str) -> None:
    assert parse_magnet(f"magnet:?xt=urn:btih:{BTIH}&tr={tracker}").trackers == ()


def test_very_many_trackers_and_peers_are_cut() -> None:
    hints = "".join(f"&tr=udp://t{n}.example:1&x.pe=8.8.8.8:{n + 1}" for n in range(500))
    found = parse_magnet(f"magnet:?xt=urn:btih:{BTIH}{hints}")
    assert (len(found.trackers), len(found.peers), len(found.unused)) == (100, 20, 20)


@pytest.mark.parametrize(
    ("text", "v1", "v2"),
    [(V1, V1, ""), (BASE32, V1, ""), (V2, "", V2), (f"https://a.example/{V1}.torrent", V1, "")],
)
def test_a_bare_infohash_is_read_too(text: str, v1: str, v2: str) -> None:
    assert parse_magnet(text).v1 == (bytes.fromhex(v1) or None)
    assert parse_magnet(text).v2 == (bytes.fromhex(v2) or None)


@pytest.mark.parametrize(
    "link",
    [
        "magnet:?dn=x",
        "magnet:?xt=urn:sha1:abc",
        f"magnet:?xt=urn:btih:{V2}",
        f"magnet:?xt=urn:btmh:1220{V1}",
        "x",
    ],
)
def test_text_without_an_infohash_is_refused(link: str) -> None:
    with pytest.raises(NotAnInfohash):
        parse_magnet(link)


def test_a_peer_whose_address_has_a_zone_is_left_out() -> None:
    """A zone may hold any text, such as another line for a client; on the open Internet there are none."""
    zoned = quote(f"[2606:4700::1%\nmagnet:?xt=urn:btih:{'5b' * 20}&x=]:6881", safe="")
    assert parse_magnet(f"magnet:?xt=urn:btih:{'5a' * 20}&x.pe={zoned}", private=True).peers == ()


ANNOUNCE = "udp://one.example:1/announce"


@pytest.mark.parametrize(
    "link",
    [
        "magnet:?XT=urn:btih:{0}&DN=a&TR={1}&X.PE=8.8.8.8:1",
        "MAGNET:?xt.1=URN:BTIH:{0}&dn=a&tr.17=%20{1}%20&x.pe=%208.8.8.8:1",
        "magnet:?xt=urn:btih:{0}&amp;dn=a&amp;tr={1}&amp;x.pe=8.8.8.8:1",
        "magnet:?xt=urn:btih:{0}&#38;dn=a&amp;amp;tr={1}&#x26;x.pe=8.8.8.8:1",
        "magnet:?xt=urn:btih:{0}&dn=a&tr=UDP://ONE.example:1/announce&tr={1}&x.pe=8.8.8.8:1",
        "magnet:?xt=urn:btih:nonsense&xt=urn:btih:{0}&xt=urn:btmh:12&dn=a&tr={1}&x.pe=8.8.8.8:1",
        "magnet:?xt=urn:sha1:x&xt=urn:btih:%20{0}%20&dn=a&tr={1}&x.pe=8.8.8.8:1",
        " <magnet:?xt=urn:btih:{0}&dn=a&tr={1}&x.pe=8.8.8.8:1> ",
        '\ufeff"magnet://?xt=urn:btih:{0}&dn=a&tr={1}&x.pe=8.8.8.8:1"',
        "magnet%3A%3Fxt%3Durn%3Abtih%3A{0}%26dn%3Da%26tr%3D{1}%26x.pe%3D8.8.8.8%3A1",
    ],
)
def test_other_spellings_of_a_link_mean_the_same(link: str) -> None:
    """Judge: what libtorrent reads of the plain link; these cannot mean anything else."""
    plain = f"magnet:?xt=urn:btih:{BTIH}&dn=a&tr={ANNOUNCE}&x.pe=8.8.8.8:1"
    theirs = libtorrent.parse_magnet_uri(plain)
    ours = parse_magnet(link.format(BTIH, ANNOUNCE))
    assert (ours.v1, ours.v2, ours.name) == (theirs.info_hashes.v1.to_bytes(), None, theirs.name)
    assert (list(ours.trackers), list(ours.peers)) == (theirs.trackers, theirs.peers)
    assert ours.unused == ()
    assert find_infohash(link.format(BTIH, ANNOUNCE)) == ours.v1


@pytest.mark.parametrize(
    "text",
    [
        "urn:btih:{0}",
        "URN:BTIH:{0}",
        " urn:btmh:1220{1}",
        "https://a.example/{0}.TORRENT#x",
        "http://a.example/{0}/?a#b",
    ],
)
def test_a_urn_and_any_url_that_ends_in_an_infohash_are_read(text: str) -> None:
    found = parse_magnet(text.format(V1, V2))
    assert found in (Magnet(bytes.fromhex(V1)), Magnet(v2=bytes.fromhex(V2)))


def test_of_two_good_infohashes_the_first_counts() -> None:
    assert parse_magnet(f"magnet:?xt=urn:btih:{BTIH}&xt=urn:btih:{'5a' * 20}").v1 == bytes.fromhex(BTIH)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("udp://one.example/announce", "udp://one.example:80/announce"),
        ("http://one.example/announce?a=1&amp;b=2", "http://one.example/announce?a=1&b=2"),
        ("HTTP://User:Pass@ONE.example:080/Announce", "http://User:Pass@one.example:80/Announce"),
        ("udp://[2606:4700::1]:1/a", "udp://[2606:4700::1]:1/a"),
        ("udp://one.example:99999/", None),
        ("udp://one.example:0/", None),
        ("http://one.example/a b", None),
    ],
)
def test_an_announce_url_has_one_spelling(text: str, url: str | None) -> None:
    """Judge: RFC 3986 6.2.2 (case of scheme and host); port 80 of a udp tracker is libtorrent's default."""
    assert clean_announce_url(text) == url


def test_what_is_not_used_of_a_link_is_said() -> None:
    link = f"magnet:?xt=urn:btih:{BTIH}&tr=wss://a.example/&x.pe=10.0.0.1:1&tr={ANNOUNCE}"
    assert parse_magnet(link).unused == ("wss://a.example/", "10.0.0.1:1")
