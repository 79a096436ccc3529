"""Lists of infohashes and links, in the encodings and line ends of every editor."""

import pytest

from metainfo.infohash import find_infohash
from metainfo.infohash_list import decode_lines, list_entries

ONE, TWO = "0A" * 20, "0B" * 20
TEXT = f"# a list\n{ONE}\n\n  magnet:?xt=urn:btih:{TWO}&dn=Song #1; x&tr=udp://a.example:1  \n{ONE} # first\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_a_list_is_read_in_every_encoding_of_windows_editors(encoding: str, newline: str, size: int) -> None:
    """Judge: Notepad, which writes a byte order mark for "UTF-8 with BOM" and "Unicode"."""
    data = TEXT.replace("\n", newline).encode(encoding)
    chunks = [data[start : start + size] for start in range(0, len(data), size)]
    entries = list(list_entries(decode_lines(chunks)))
    assert entries == [ONE, f"magnet:?xt=urn:btih:{TWO}&dn=Song #1; x&tr=udp://a.example:1", ONE]
    assert [find_infohash(entry).hex().upper() for entry in entries] == [ONE, TWO, ONE]


def test_the_mark_of_text_that_is_decoded_already_is_left_out() -> None:
    assert list(list_entries(["\ufeff" + ONE, "\ufeff# nothing", "; nothing"])) == [ONE]


def test_a_file_in_another_encoding_is_an_error() -> None:
    with pytest.raises(UnicodeDecodeError):
        list(decode_lines([b"\xe4\n"]))
