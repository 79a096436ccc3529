"""The account of a request: an API key, sent as Bearer or, in links, as the parameter `token`."""

from uuid import NAMESPACE_URL, uuid5

from django.http import HttpRequest

from archive.access.api_keys import ApiKey, authorize_key, key_text_from_request
from archive.access.rate_limit import enforce_rate_limit
from archive.errors import NotAuthorized
from server.wait import outcome_of


def authenticate(request: HttpRequest) -> ApiKey:
    """The key, whose request is counted. Raises NotAuthorized, TooManyRequests, Unavailable.

    A wrong key counts for the rate limit of the address: it may be a guess.
    """
    try:
        key = authorize_key(key_text_from_request(request.META, request.GET.get("token", "")))
    except NotAuthorized:
        count_request(request)
        raise
    count_request(request, key)
    return key


def count_request(request: HttpRequest, key: ApiKey | None = None) -> None:
    """Once, though the view of a request that had to wait is called twice. Raises TooManyRequests."""
    if outcome_of(request.META) is None:
        enforce_rate_limit(request.META["REMOTE_ADDR"], key)


def auth_id(key: ApiKey) -> str:
    """TorBox's `auth_id`: a UUID of the account, which is no secret."""
    return str(uuid5(NAMESPACE_URL, key.prefix))
