"""Limits how many requests a minute one API key, or one address, may make.

The cache counts them, so machines with one cache (Redis) count together. It holds no address and no key, only keyed
hashes that are different every minute.
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


def enforce_rate_limit(address: str, key: ApiKey | None = None) -> None:
    """Count a request with this key, or else from this address. Raises TooManyRequests if it is one too many.

    Of an IPv6 address the network (/64) is counted. While the cache cannot be reached there is no limit, since that
    is better than no archive.
    """
    limit = settings.RATE_KEY if key else settings.RATE_ADDRESS
    if not limit:
        return
    minute, seconds = divmod(time.time(), _MINUTE)
    counted_for = f"key {key.id}" if key else f"address {address_block(address).hex()}"
    try:
        counted = _increment_counter(
            salted_hmac("archive.throttle", f"{minute} {counted_for}", algorithm="sha256").hexdigest()
        )
    except RedisError as error:
        _log.error("The cache fails: %s", error)
        return
    if counted > limit:
        whose = "This key" if key else "Your address"
        raise TooManyRequests(
            f"{whose} may make {limit:,} requests a minute; please wait.", _MINUTE - int(seconds)
        )


def _increment_counter(counter: str) -> int:
    cache.add(counter, 0, timeout=2 * _MINUTE)
    return cache.incr(counter)
