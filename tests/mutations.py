"""Mutate torrents at random, for tests and for the long fuzz: bytes changed, deleted, repeated, tokens inserted."""

from collections.abc import Mapping
from random import Random
from typing import Any

from tests import bep52

# Tokens that parsers read differently, keys that have a meaning, and halves of tokens.
TOKENS = tuple(
    (
        b"i0e i-0e i00e i-1e i5e i05e i+5e ie i9223372036854775807e i9223372036854775808e i16384e i2e "
        b"0: 1:a 01:a 2: 0:0: de le d0:dee l0:e d1:a0:e e ee d l i "
        b"4:attr1:p 4:attr1:l 4:attr2:lp 6:lengthi5e 6:lengthi0e 7:privatei1e 6:pieces0: 4:name1:b "
        b"4:pathl1:ae 4:pathle 10:path.utf-8l1:be 10:name.utf-81:c 5:filesle 5:filesde 8:announce9:udp://a:1"
    ).split()
) + (
    b"12:meta versioni2e",
    b"9:file treede",
    b"12:symlink pathl1:ae",
    b"12:piece layersde",
    b"13:announce-listll9:udp://b:1eee",
)


def mutate(torrent: bytes, random: Random) -> bytes:
    """The torrent after one to four mutations."""
    for _ in range(random.choice((1, 1, 1, 2, 2, 4))):
        torrent = random.choice(_MUTATIONS)(torrent, random)
    return torrent


def v1(files: bep52.Files, piece_length: int, name: str, **extra: Any) -> bytes:
    """A v1 torrent with the same parameters as those of `bep52`."""
    listed = [{"length": size, "path": path.split("/")} for path, size in files]
    pieces = b"\x5a" * 20 * -(-sum(size for _, size in files) // piece_length)
    info = {"files": listed, "name": name, "piece length": piece_length, "pieces": pieces}
    return bep52.encode(info | extra)


def drop_clashing_paths(files: Mapping[str, int]) -> list[tuple[str, int]]:
    """The files sorted as bencode sorts them, without those that lie in a folder that is a file."""
    kept: dict[str, int] = {}
    for path in sorted(files, key=lambda path: [element.encode() for element in path.split("/")]):
        if not any(path.startswith(other + "/") for other in kept):
            kept[path] = files[path]
    return list(kept.items())


def _replace_byte(torrent: bytes, random: Random) -> bytes:
    at = random.randrange(len(torrent) + 1)
    return torrent[:at] + random.randbytes(1) + torrent[at + 1 :]


def _replace_digit(torrent: bytes, random: Random) -> bytes:
    """Change a digit: of an integer, or of a length, after which all else is read differently."""
    digits = [at for at, byte in enumerate(torrent) if byte in b"0123456789"]
    if not digits:
        return torrent
    at = random.choice(digits)
    return torrent[:at] + b"%d" % random.randrange(10) + torrent[at + 1 :]


def _delete_span(torrent: bytes, random: Random) -> bytes:
    start, end = _choose_span(torrent, random)
    return torrent[:start] + torrent[end:]


def _repeat_span(torrent: bytes, random: Random) -> bytes:
    start, end = _choose_span(torrent, random)
    return torrent[:end] + torrent[start:end] + torrent[end:]


def _insert_token(torrent: bytes, random: Random) -> bytes:
    at = random.randrange(len(torrent) + 1)
    return torrent[:at] + random.choice(TOKENS) + torrent[at:]


def _insert_token_after_end(torrent: bytes, random: Random) -> bytes:
    """Put a token where another ends, so that the result is often well-formed."""
    ends = [at + 1 for at, byte in enumerate(torrent) if byte == ord("e")] or [0]
    at = random.choice(ends)
    return torrent[:at] + random.choice(TOKENS) + torrent[at:]


def _choose_span(torrent: bytes, random: Random) -> tuple[int, int]:
    start = random.randrange(len(torrent) + 1)
    return start, start + random.choice((1, 2, 3, 5, 10, 30))


_MUTATIONS = (
    _replace_byte,
    _replace_digit,
    _replace_digit,
    _delete_span,
    _repeat_span,
    _insert_token,
    _insert_token_after_end,
    _insert_token_after_end,
)
