"""Telling peers apart without knowing them. A mark is three bytes of a keyed hash of an address.

The key is another each day and destroyed with it. And while it lives, each mark still stands for 256 addresses of
IPv4, so that not even key and marks together, in a backup say, tell who was there. The price is that two peers of
a country share a mark now and then: of 1,000 one in 30 days, and `number` corrects for what is to be expected.
"""

import math
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address

WIDTH = 3  # bytes
_POSSIBLE = 1 << 8 * WIDTH

Marks = dict[str, set[bytes]]  # by country, two letters


def mark(address: str, key: bytes) -> bytes:
    """Of an IPv6 address the network counts (/64): the rest changes daily with many."""
    parsed = ip_address(address)
    name = parsed.packed[:8] if isinstance(parsed, IPv6Address) else parsed.packed
    return blake2b(name, key=key, digest_size=WIDTH).digest()


def number(marks: int) -> int:
    """How many peers leave so many distinct marks, most likely."""
    share = min(marks, _POSSIBLE - 1) / _POSSIBLE
    return round(-_POSSIBLE * math.log1p(-share))


def pack(marks: Mapping[str, Iterable[bytes]]) -> bytes:
    """For each country its two letters, how many marks in three bytes, and the marks."""
    parts = []
    for country, some in sorted(marks.items()):
        joined = b"".join(sorted(some))
        parts += [country.encode(), (len(joined) // WIDTH).to_bytes(3), joined]
    return b"".join(parts)


def unpack(packed: bytes) -> Marks:
    marks: Marks = {}
    at = 0
    while at < len(packed):
        country, end = packed[at : at + 2].decode(), at + 5 + WIDTH * int.from_bytes(packed[at + 2 : at + 5])
        marks[country] = {packed[n : n + WIDTH] for n in range(at + 5, end, WIDTH)}
        at = end
    return marks
