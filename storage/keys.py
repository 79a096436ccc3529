"""The keys of stored objects: `<INFOHASH>.torrent` in upper-case hex, with `.damaged` after it for a damaged one."""

import re

# `scrub` moves a damaged object to a key of its own, which Storage.keys() does not list.
KEY_PATTERN = re.compile(r"(?:[0-9A-F]{40}|[0-9A-F]{64})\.torrent(?:\.damaged)?")
TORRENT_KEY_PATTERN = re.compile(r"(?:[0-9A-F]{40}|[0-9A-F]{64})\.torrent")


def check_key(key: str) -> str:
    """The key itself. Raises ValueError for text that is no key."""
    if not KEY_PATTERN.fullmatch(key):
        raise ValueError(f"{key!r} is no key: <INFOHASH>.torrent in upper-case hex is.")
    return key
