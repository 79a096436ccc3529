"""Who asks: an account is a key, carried as Bearer or, in links, as the parameter `token`."""

from uuid import NAMESPACE_URL, uuid5

from django.http import HttpRequest

from archive.access.api_keys import Key, authorize, carried
from archive.access.rate_limit import spend
from archive.errors import NotAuthorized


def account(request: HttpRequest) -> Key:
    """Raises NotAuthorized, TooManyRequests, Unavailable. Whoever guesses is counted as well."""
    asker = request.META["REMOTE_ADDR"]
    try:
        key = authorize(carried(request.META, request.GET.get("token", "")))
    except NotAuthorized:
        spend(asker)
        raise
    spend(asker, key)
    return key


def auth_id(key: Key) -> str:
    """What is called so is a UUID of the account, and no secret."""
    return str(uuid5(NAMESPACE_URL, key.prefix))
