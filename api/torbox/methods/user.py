"""What clients ask of an account before they use it, and the lists of kinds that there are none of here."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from api.torbox.authentication import auth_id, authenticate
from api.torbox.mylist_row import format_time
from api.torbox.responses import TorboxError, success_response

_PLAN = 2  # "pro": with others, clients hold back what they could do
_NEVER = "2099-12-31T23:59:59+00:00"  # a key does not expire, but clients want to know when


def account_details(request: HttpRequest) -> HttpResponse:
    key = authenticate(request)
    issued = format_time(key.issued_at)
    told: dict[str, Any] = {
        "id": key.id,
        "auth_id": auth_id(key),
        "email": f"{key.prefix}@hashkeep.invalid",
        "plan": _PLAN,
        "is_subscribed": True,
        "premium_expires_at": _NEVER,
        "cooldown_until": issued,
        "created_at": issued,
        "updated_at": issued,
    }
    return success_response(told, "User data retrieved successfully.")


def empty_list(request: HttpRequest) -> HttpResponse:
    """There is no queue, and there are only torrents."""
    authenticate(request)
    return success_response([], "List retrieved successfully.")


def control_queued(request: HttpRequest) -> HttpResponse:
    authenticate(request)
    raise TorboxError("ITEM_NOT_FOUND", "Nothing is ever queued here.", 404)
