"""user/me, which clients call before they use an account, and the lists that are always empty here."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from api.torbox.authentication import auth_id, authenticate
from api.torbox.responses import TorboxError, success_response
from api.torbox.time_and_magnet_text import format_time

_PLAN = 2  # "pro": with other plans, clients do not use all that they could
_NEVER = "2099-12-31T23:59:59+00:00"  # a key does not expire, but clients need a date


def account_details(request: HttpRequest) -> HttpResponse:
    key = authenticate(request)
    issued_at = format_time(key.issued_at)
    data: dict[str, Any] = {
        "id": key.id,
        "auth_id": auth_id(key),
        "email": f"{key.prefix}@hashkeep.invalid",
        "plan": _PLAN,
        "is_subscribed": True,
        "premium_expires_at": _NEVER,
        "cooldown_until": issued_at,
        "created_at": issued_at,
        "updated_at": issued_at,
    }
    return success_response(data, "User data retrieved successfully.")


def empty_list(request: HttpRequest) -> HttpResponse:
    """Of queued torrents, since nothing is queued, and of other kinds than torrents."""
    authenticate(request)
    return success_response([], "List retrieved successfully.")


def empty_cached(request: HttpRequest) -> HttpResponse:
    """Of other kinds than torrents: in the form that `format` asks for, as torrents/checkcached answers."""
    authenticate(request)
    empty: list[Any] | None = [] if request.GET.get("format") == "list" else None
    return success_response(empty, "Cache status retrieved successfully.")


def refuse_unknown_item(request: HttpRequest) -> HttpResponse:
    authenticate(request)
    raise TorboxError("ITEM_NOT_FOUND", "There are only torrents here.", 404)


def refuse_other_kinds(request: HttpRequest) -> HttpResponse:
    authenticate(request)
    raise TorboxError("PLAN_RESTRICTED_FEATURE", "There are only torrents here.", 403)


def control_queued(request: HttpRequest) -> HttpResponse:
    authenticate(request)
    raise TorboxError("ITEM_NOT_FOUND", "Nothing is ever queued here.", 404)
