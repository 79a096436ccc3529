"""What clients ask of an account before they use it, and the lists of kinds that there are none of here."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from api.torbox.authentication import account, auth_id
from api.torbox.mylist_row import moment
from api.torbox.responses import Failed, success

_PLAN = 2  # "pro": with others, clients hold back what they could do
_NEVER = "2099-12-31T23:59:59+00:00"  # a key does not expire, but clients want to know when


def me(request: HttpRequest) -> HttpResponse:
    key = account(request)
    issued = moment(key.issued_at)
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
    return success(told, "User data retrieved successfully.")


def nothing(request: HttpRequest) -> HttpResponse:
    """There is no queue, and there are only torrents."""
    account(request)
    return success([], "List retrieved successfully.")


def not_queued(request: HttpRequest) -> HttpResponse:
    account(request)
    raise Failed("ITEM_NOT_FOUND", "Nothing is ever queued here.", 404)
