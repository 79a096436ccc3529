"""Who asks: an account is a key, carried as Bearer or, in links, as the parameter `token`."""

from uuid import NAMESPACE_URL, uuid5

from django.http import HttpRequest

from archive.access.api_keys import ApiKey, authorize_key, key_text_from_request
from archive.access.rate_limit import enforce_rate_limit
from archive.errors import NotAuthorized


def authenticate(request: HttpRequest) -> ApiKey:
    """Raises NotAuthorized, TooManyRequests, Unavailable. Whoever guesses is counted as well."""
    asker = request.META["REMOTE_ADDR"]
    try:
        key = authorize_key(key_text_from_request(request.META, request.GET.get("token", "")))
    except NotAuthorized:
        enforce_rate_limit(asker)
        raise
    enforce_rate_limit(asker, key)
    return key


def auth_id(key: ApiKey) -> str:
    """What is called so is a UUID of the account, and no secret."""
    return str(uuid5(NAMESPACE_URL, key.prefix))
