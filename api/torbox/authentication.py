"""The account of a request: an API key, sent as Bearer or, in links, as the parameter `token`."""

from uuid import NAMESPACE_URL, uuid5

from django.http import HttpRequest

from archive.access.api_keys import ApiKey, authorize_key, key_text_from_request
from archive.access.rate_limit import enforce_rate_limit
from archive.errors import NotAuthorized


def authenticate(request: HttpRequest) -> ApiKey:
    """The key, whose request is counted. Raises NotAuthorized, TooManyRequests, Unavailable.

    A wrong key counts for the rate limit of the address: it may be a guess.
    """
    address = request.META["REMOTE_ADDR"]
    try:
        key = authorize_key(key_text_from_request(request.META, request.GET.get("token", "")))
    except NotAuthorized:
        enforce_rate_limit(address)
        raise
    enforce_rate_limit(address, key)
    return key


def auth_id(key: ApiKey) -> str:
    """TorBox's `auth_id`: a UUID of the account, which is no secret."""
    return str(uuid5(NAMESPACE_URL, key.prefix))
