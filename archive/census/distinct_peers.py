"""Counts each peer of a torrent once a day, without keeping its address: only keyed hashes, in memory alone.

    addresses of one count ──► keyed hash of each ──► set of this torrent and country ──► size of the set

The key is random and belongs to one day. When the next day begins, the key and all hashes are dropped; a process
that ends takes both along. Nothing that was made of an address is ever written to a disk, where even hashes would
tell too much: IPv4 has so few addresses that the holder of the key could try them all.

A set of Python takes five times as much memory as its hashes, so between two counts the sets of a torrent are packed
into one `bytes`: for each country its code, the number of hashes, and the hashes end to end.

      B    R  │ 0    0    2 │ hash 1 (6 bytes) │ hash 2 (6 bytes) │  U    S  │ …
    2 letters │   3 bytes   │            HASH_BYTES each          │ next country
"""

import secrets
from collections.abc import Iterable, Mapping
from datetime import date
from hashlib import blake2b

from archive.address_block import address_block

HASH_BYTES = 6  # of a million peers of one torrent on one day, two share a hash on one day in 560
_HEADER_BYTES = 5  # a country's code and its number of hashes

HashesByCountry = dict[str, set[bytes]]  # by ISO 3166-1 alpha-2 code, or ZZ


class DistinctPeers:
    """The hashes that one census process has seen today. Used by one thread at a time.

    `census_id` is a random number that names this process in the schedule: it alone knows which peers it has counted.
    """

    def __init__(self) -> None:
        self.census_id = secrets.randbits(63)
        self._day: date | None = None
        self._key = b""
        self._packed: dict[int, bytes] = {}  # by the torrent's row id

    def add_peers(self, torrent: int, day: date, addresses: Mapping[str, Iterable[str]]) -> dict[str, int]:
        """Add the addresses that one count found, by country; returns this day's distinct peers by country.

        `torrent` is its row id. The first call of a new day drops all that was known of the day before.
        """
        if day != self._day:
            self._day, self._key, self._packed = day, secrets.token_bytes(32), {}
        hashes = unpack_hashes(self._packed.get(torrent, b""))
        for country, found in addresses.items():
            hashes.setdefault(country, set()).update(hash_address(address, self._key) for address in found)
        if hashes:
            self._packed[torrent] = pack_hashes(hashes)
        return {country: len(distinct) for country, distinct in hashes.items()}


def hash_address(address: str, key: bytes) -> bytes:
    """A keyed hash of HASH_BYTES. Of IPv6 the network is hashed (/64): many hosts change the rest daily."""
    return blake2b(address_block(address), key=key, digest_size=HASH_BYTES).digest()


def pack_hashes(hashes: Mapping[str, Iterable[bytes]]) -> bytes:
    """The hashes by country as one `bytes`, in the form that the module's head draws."""
    parts = []
    for country, distinct in sorted(hashes.items()):
        joined = b"".join(sorted(distinct))
        parts += [country.encode(), (len(joined) // HASH_BYTES).to_bytes(3), joined]
    return b"".join(parts)


def unpack_hashes(packed: bytes) -> HashesByCountry:
    """The reverse of pack_hashes; b"" is no country."""
    hashes: HashesByCountry = {}
    offset = 0
    while offset < len(packed):
        start = offset + _HEADER_BYTES
        end = start + HASH_BYTES * int.from_bytes(packed[offset + 2 : start])
        hashes[packed[offset : offset + 2].decode()] = {
            packed[n : n + HASH_BYTES] for n in range(start, end, HASH_BYTES)
        }
        offset = end
    return hashes
