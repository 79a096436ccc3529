"""Hostile torrents of any size: such as cost other parsers seconds or gigabytes, or make them crash."""

from collections.abc import Iterator

_BITCOMET = b"24:_____padding_file_0_____ee"
_TAIL = b"4:name1:x12:piece lengthi16384e"


def hostile_torrents(size: int) -> Iterator[tuple[str, bytes]]:
    """Each with a name, and of about `size` bytes. Those of 10 MB stay within the limit of tokens."""
    yield "integers", _in_list(b"i1e", size)
    yield "empty strings", _in_list(b"0:", size * 59 // 100)
    yield "empty lists", _in_list(b"le", size * 29 // 100)
    yield "nested lists", b"d1:x" + b"l" * (size - 4)
    yield "nested dictionaries", b"d1:a" * (size // 4)
    yield "distinct keys", _keys(range(size // 13))
    yield "keys in disorder", _keys(range(size // 13, 0, -1))
    yield "an integer", b"d1:xi" + b"9" * (size - 7) + b"ee"
    yield (
        "announce lists",
        b"d13:announce-listl" + b"l0:e" * (size * 7 // 100) + b"e" + _with_files(b"", 0)[1:],
    )
    yield "a name", _with_name(size - 200)
    yield "integers under keys", b"d1:xd" + b"1:ai0e" * (size * 3 // 20) + b"ee"
    yield "integers between strings", _in_list(b"i0e0:", size * 7 // 10)
    yield from _hostile_file_lists(size)
    yield from _hostile_file_trees(size)


def _hostile_file_lists(size: int) -> Iterator[tuple[str, bytes]]:
    yield "files", _with_files(b"d6:lengthi1e4:pathl1:aee", size * 37 // 1_000)
    yield "unsorted files", _with_files(b"d4:pathl1:ae6:lengthi1ee", size * 37 // 1_000)
    yield "odd files", _with_files(b"d1:a0:6:lengthi1e4:pathl1:ae1:z0:e", size * 28 // 1_000)
    yield "pad files", _with_files(b"d4:attr2:ple", size * 74 // 1_000)
    yield (
        "a file of many keys",
        _with_files(b"d" + b"1:ai0e" * (size * 3 // 20) + b"6:lengthi1e4:pathl1:aee", 1),
    )
    yield "a path", _with_files(b"d6:lengthi1e4:pathl" + b"0:" * (size * 29 // 100) + b"ee", 1)
    yield "long paths", _with_files(b"d6:lengthi1e4:pathl" + b"1:a" * 91 + b"ee", size * 3 // 1_000)
    yield "BitComet's pad files", _with_files(b"d6:lengthi1e4:pathl" + b"0:" * 72 + _BITCOMET, size // 200)


def _hostile_file_trees(size: int) -> Iterator[tuple[str, bytes]]:
    yield (
        "files of v2",
        _with_file_tree(b"".join(b"6:%06d" % n + _leaf(20_000, n + 1) for n in range(size // 87))),
    )
    folders = (b"5:%05dd" % n + b"1:ad" * 93 + b"1:f" + _leaf(1, 1) + b"e" * 94 for n in range(size // 1_050))
    yield "folders of v2", _with_file_tree(b"".join(folders))
    keys = b"".join(b"3:%03di0e" % n for n in range(900))
    yield (
        "odd files of v2",
        _with_file_tree(b"".join(b"4:%04dd0:d" % n + keys + b"ee" for n in range(size // 7_300))),
    )
    links = (b"6:%06dd1:fd0:d4:attr1:leee" % n for n in range(size // 33))
    yield "a link in each folder", _with_file_tree(b"".join(links))
    yield "hybrid", _hybrid(size // 165)
    hashes = (size - 300) // 32
    layer = b"32:%032d%d:" % (1, 32 * hashes) + b"x" * (32 * hashes)
    yield "a piece layer", _with_file_tree(b"1:f" + _leaf(hashes << 14, 1), layer)


def _in_list(token: bytes, size: int) -> bytes:
    return b"d1:xl" + token * ((size - 8) // len(token)) + b"ee"


def _keys(numbers: range) -> bytes:
    return b"d" + b"".join(b"7:%07di0e" % number for number in numbers) + b"e"


def _with_name(length: int) -> bytes:
    info = b"d6:lengthi1e4:name%d:" % length + b"\xff" * length + _TAIL.removeprefix(b"4:name1:x")
    return b"d4:info" + info + b"6:pieces20:" + b"x" * 20 + b"ee"


def _with_files(entry: bytes, count: int) -> bytes:
    pieces = 20 * -(-count // 16_384)
    return (
        b"d4:infod5:filesl" + entry * count + b"e" + _TAIL + b"6:pieces%d:" % pieces + b"x" * pieces + b"ee"
    )


def _hybrid(count: int) -> bytes:
    """Files of a byte, with pad files between them: each list is read twice."""
    pad = b"d4:attr1:p6:lengthi16383e4:pathl1:aee"
    old = b"".join(b"d6:lengthi1e4:pathl6:%06dee" % n + pad for n in range(count))
    new = b"".join(b"6:%06d" % n + _leaf(1, n + 1) for n in range(count))
    pieces = b"6:pieces%d:" % (20 * count) + b"x" * 20 * count
    lists = b"d9:file treed" + new + b"e5:filesl" + old + b"e"
    return b"d4:info" + lists + b"12:meta versioni2e" + _TAIL + pieces + b"ee"


def _with_file_tree(entries: bytes, layers: bytes = b"") -> bytes:
    info = b"d9:file treed" + entries + b"e12:meta versioni2e" + _TAIL + b"e"
    return b"d4:info" + info + b"12:piece layersd" + layers + b"ee"


def _leaf(size: int, root: int) -> bytes:
    return b"d0:d6:lengthi%de11:pieces root32:%032dee" % (size, root)
