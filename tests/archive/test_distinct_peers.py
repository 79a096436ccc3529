"""Each peer counts once a day, and nothing that was made of its address outlives that day or is stored."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db.models import BinaryField

from archive.census.distinct_peers import HASH_BYTES, DistinctPeers, hash_address, pack_hashes, unpack_hashes

KEY = bytes(32)
TODAY = dt.date(2026, 1, 1)


def test_the_hash_of_an_address_depends_on_the_key() -> None:
    assert hash_address("51.1.2.3", KEY) != hash_address("51.1.2.3", b"\1" * 32)
    assert len(hash_address("51.1.2.3", KEY)) == HASH_BYTES
    assert len({hash_address(f"51.{a}.{b}.9", KEY) for a in range(100) for b in range(250)}) == 25_000


def test_all_addresses_of_an_ipv6_network_are_one_peer() -> None:
    assert hash_address("2a01:4f8:1:2::1", KEY) == hash_address("2a01:4f8:1:2:aaaa:bbbb:cccc:dddd", KEY)
    assert hash_address("2a01:4f8:1:2::1", KEY) != hash_address("2a01:4f8:1:3::1", KEY)


def test_packed_hashes_are_unpacked_unchanged() -> None:
    hashes = {"BR": {b"abcdef", b"ghijkl"}, "ZZ": {bytes(6)}}
    assert unpack_hashes(pack_hashes(hashes)) == hashes
    assert pack_hashes({"BR": [b"abcdef"]}) == b"BR\0\0\1abcdef"


def test_a_peer_seen_twice_on_a_day_counts_once() -> None:
    distinct = DistinctPeers()
    assert distinct.add_peers(1, TODAY, {"BR": ["51.1.1.1", "51.1.1.2"]}) == {"BR": 2}
    more = {"BR": ["51.1.1.2", "51.1.1.3"], "US": ["62.1.1.2"]}
    assert distinct.add_peers(1, TODAY, more) == {"BR": 3, "US": 1}
    assert distinct.add_peers(1, TODAY, {}) == {"BR": 3, "US": 1}
    assert distinct.add_peers(2, TODAY, {"BR": ["51.1.1.1"]}) == {"BR": 1}


def test_the_key_and_all_hashes_are_dropped_when_the_next_day_begins() -> None:
    distinct = DistinctPeers()
    distinct.add_peers(1, TODAY, {"BR": ["51.1.1.1", "51.1.1.2"]})
    distinct.add_peers(2, TODAY, {"BR": ["51.1.1.1"]})
    before = set(bytes_inside(vars(distinct)))
    assert len(before) == 3
    assert distinct.add_peers(1, TODAY + dt.timedelta(days=1), {"BR": ["51.1.1.1"]}) == {"BR": 1}
    after = set(bytes_inside(vars(distinct)))
    assert len(after) == 2 and before.isdisjoint(after)


def bytes_inside(value: Any) -> Iterator[bytes]:
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from bytes_inside(inner)


def test_no_table_has_a_column_for_hashes_of_addresses() -> None:
    """Infohashes, and digests of torrents and of keys, are all that the index holds of bytes."""
    binary = {
        f"{model.__name__}.{field.name}"
        for model in apps.get_app_config("archive").get_models()
        for field in model._meta.get_fields()
        if isinstance(field, BinaryField)
    }
    infohashes = {f"{model}.{name}" for model in ("Torrent", "Wanted", "Belonging") for name in ("v1", "v2")}
    other = {"Wanted.names", "Block.short", "Block.infohash", "Film.short"}
    assert binary == infohashes | other | {"Torrent.digest", "IssuedKey.digest"}
