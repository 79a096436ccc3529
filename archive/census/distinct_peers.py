"""Who was counted today, in memory alone: nothing that was made of an address is ever written anywhere.

What is remembered is a keyed hash of each address, so that who is seen twice on a day counts once. The key is made of
chance when the day begins and is gone when it ends, with all that it hashed; a process that ends takes both along. On
a disk even hashes would tell too much: there are few addresses of IPv4, and who has the key can try them all.
"""

import secrets
from collections.abc import Iterable, Mapping
from datetime import date
from hashlib import blake2b

from archive.address_block import address_block

HASH_BYTES = 6  # bytes of a mark: a million peers of one torrent share one on one day in 560

HashesByCountry = dict[str, set[bytes]]  # by country, two letters


class DistinctPeers:
    """Of one process; another one knows nothing of it."""

    def __init__(self) -> None:
        self.name = secrets.randbits(63)
        self._day: date | None = None
        self._key = b""
        self._marks: dict[int, bytes] = {}

    def add(self, torrent: int, day: date, peers: Mapping[str, Iterable[str]]) -> dict[str, int]:
        """Addresses by country, of one look; gives back how many distinct ones there have been on this day."""
        if day != self._day:
            self._day, self._key, self._marks = day, secrets.token_bytes(32), {}
        marks = unpack_hashes(self._marks.get(torrent, b""))
        for country, addresses in peers.items():
            marks.setdefault(country, set()).update(hash_address(address, self._key) for address in addresses)
        if marks:
            self._marks[torrent] = pack_hashes(marks)
        return {country: len(some) for country, some in marks.items()}


def hash_address(address: str, key: bytes) -> bytes:
    """Of an IPv6 address the network counts (/64): the rest changes daily with many."""
    return blake2b(address_block(address), key=key, digest_size=HASH_BYTES).digest()


def pack_hashes(marks: Mapping[str, Iterable[bytes]]) -> bytes:
    """For each country its two letters, how many marks in three bytes, and the marks: a fifth of what sets take."""
    parts = []
    for country, some in sorted(marks.items()):
        joined = b"".join(sorted(some))
        parts += [country.encode(), (len(joined) // HASH_BYTES).to_bytes(3), joined]
    return b"".join(parts)


def unpack_hashes(packed: bytes) -> HashesByCountry:
    marks: HashesByCountry = {}
    at = 0
    while at < len(packed):
        country, end = (
            packed[at : at + 2].decode(),
            at + 5 + HASH_BYTES * int.from_bytes(packed[at + 2 : at + 5]),
        )
        marks[country] = {packed[n : n + HASH_BYTES] for n in range(at + 5, end, HASH_BYTES)}
        at = end
    return marks
