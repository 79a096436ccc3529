"""How many requests a minute one key, or one address, may make.

The cache counts them, so with one cache for all machines they count together. No address is in it, only keyed
hashes that are others every minute.
"""

import logging
import time

from django.conf import settings
from django.core.cache import cache
from django.utils.crypto import salted_hmac
from redis.exceptions import RedisError

from archive.access.api_keys import ApiKey
from archive.address_block import address_block
from archive.errors import TooManyRequests

_MINUTE = 60  # seconds
_log = logging.getLogger(__name__)


def enforce_rate_limit(asker: str, key: ApiKey | None = None) -> None:
    """Count a request from this address, or with this key. Raises TooManyRequests.

    A cache that is away counts nothing: better no limit than no archive.
    """
    share = settings.RATE_KEY if key else settings.RATE_ADDRESS
    if not share:
        return
    minute, gone = divmod(time.time(), _MINUTE)
    who = f"key {key.id}" if key else f"address {address_block(asker).hex()}"
    try:
        spent = _count(salted_hmac("archive.throttle", f"{minute} {who}", algorithm="sha256").hexdigest())
    except RedisError as error:
        _log.error("The cache fails: %s", error)
        return
    if spent > share:
        whose = "This key" if key else "Your address"
        raise TooManyRequests(
            f"{whose} may make {share:,} requests a minute; please wait.", _MINUTE - int(gone)
        )


def _count(counter: str) -> int:
    cache.add(counter, 0, timeout=2 * _MINUTE)
    return cache.incr(counter)
