"""How much one address may ask of the network. No address is kept: only keyed hashes, in memory, for an hour."""

import secrets
import threading
import time
from hashlib import blake2b

from archive.address_block import address_block
from archive.errors import TooManyWishes

_HOUR = 3600.0
_SHARE = 5_000  # new wishes an hour in each process: bulk work fits in, filling the queue does not
_ASKERS = 100_000  # remembered at once


class _Ledger:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begin(time.monotonic())

    def _begin(self, now: float) -> None:
        """A new key each time: nobody can follow an address from one hour into the next."""
        self._since, self._key, self._spent = now, secrets.token_bytes(16), dict[bytes, int]()

    def charge(self, asker: str, wishes: int) -> None:
        now = time.monotonic()
        with self._lock:
            if now - self._since > _HOUR or len(self._spent) >= _ASKERS:
                self._begin(now)
            name = blake2b(address_block(asker), key=self._key, digest_size=16).digest()
            spent = self._spent.get(name, 0) + wishes
            if spent > _SHARE:
                left = int(self._since + _HOUR - now) + 1
                raise TooManyWishes(
                    "Your address has asked for very many torrents; please go on later.", left
                )
            self._spent[name] = spent


_ledger = _Ledger()


def charge_searches(asker: str, wishes: int) -> None:
    """Count these against the address that asks for them; "" is the operator, who asks as much as he likes.

    Raises TooManyWishes.
    """
    if asker and wishes:
        _ledger.charge(asker, wishes)
