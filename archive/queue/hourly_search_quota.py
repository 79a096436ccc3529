"""How many searches of the network one address may ask for in an hour.

No address is kept: only keyed hashes of address blocks, in the memory of each process, for an hour.
"""

import secrets
import threading
import time
from hashlib import blake2b

from archive.address_block import address_block
from archive.errors import TooManyWishes

_HOUR = 3600.0
_SEARCHES_PER_HOUR = 5_000  # in each process: work in bulk fits in, filling the queue does not
_MAX_BLOCKS = 100_000  # address blocks remembered at once


class _Quota:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begin_hour(time.monotonic())

    def _begin_hour(self, now: float) -> None:
        """With a new key, so that no address can be followed from one hour into the next."""
        self._began, self._key, self._spent = now, secrets.token_bytes(16), dict[bytes, int]()

    def charge(self, address: str, searches: int) -> None:
        now = time.monotonic()
        with self._lock:
            if now - self._began > _HOUR or len(self._spent) >= _MAX_BLOCKS:
                self._begin_hour(now)
            block = blake2b(address_block(address), key=self._key, digest_size=16).digest()
            spent = self._spent.get(block, 0) + searches
            if spent > _SEARCHES_PER_HOUR:
                seconds_left = int(self._began + _HOUR - now) + 1
                raise TooManyWishes(
                    "Your address has asked for very many torrents; please go on later.", seconds_left
                )
            self._spent[block] = spent


_quota = _Quota()


def charge_searches(address: str, searches: int) -> None:
    """Count these searches against the address; "" is the operator, who has no quota. Thread-safe.

    Raises TooManyWishes, and then counts nothing.
    """
    if address and searches:
        _quota.charge(address, searches)
