"""The bytes of a .torrent file that is made of found metadata."""

from swarm import FoundMetadata, build_torrent


def test_a_torrent_names_its_trackers_and_keeps_the_info_dictionary_as_it_is() -> None:
    unsorted = b"d4:name1:x6:lengthi1ee"
    made = build_torrent(
        FoundMetadata(unsorted, None, 0.0), ("udp://a.example:1/announce", "http://b.example/announce")
    )
    assert made == (
        b"d8:announce26:udp://a.example:1/announce"
        b"13:announce-listll26:udp://a.example:1/announceel25:http://b.example/announceee"
        b"4:info" + unsorted + b"e"
    )


def test_a_torrent_without_trackers_is_the_info_dictionary_and_its_sorted_piece_layers() -> None:
    assert (
        build_torrent(FoundMetadata(b"de", {b"b": b"2", b"a": b"1"}, 0.0))
        == b"d4:infode12:piece layersd1:a1:11:b1:2ee"
    )
    assert build_torrent(FoundMetadata(b"de", {}, 0.0)) == b"d4:infode12:piece layersdee"
