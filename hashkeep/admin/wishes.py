"""The admin of the queue: the wishes for torrents that are not held, and their searches."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from django.contrib import admin, messages
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from archive.models import Wanted
from archive.queue.operator_overrides import give_up_wishes, search_now
from hashkeep.admin.model_admin import (
    InfohashAdmin,
    format_infohash,
    format_moment,
    infohash_field,
    selected_rows,
)
from metainfo.errors import Refusal
from metainfo.infohash import truncate_infohash

_GIVE_UP_REASON = "Given up by the operator of this archive."


class _Change(NamedTuple):
    """A change to wishes: its name, the function that makes it, given their primary keys, and what it means."""

    action: str
    apply: Callable[[Iterable[int]], int]
    outcome: str


def _give_up(wishes: Iterable[int]) -> int:
    return give_up_wishes(wishes, _GIVE_UP_REASON)


_SEARCH_NOW = _Change("try again", search_now, "will be searched for as soon as a resolver is free.")
_GIVE_UP = _Change("give up", _give_up, "will not be searched for within the next month.")


class StateFilter(admin.SimpleListFilter):
    """Filters by the states that the column `state` shows."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("searching", "being searched for"),
            ("due", "due"),
            ("resting", "searched for in vain, and resting"),
            ("given-up", "given up"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        now = timezone.now()
        return {
            "searching": queryset.filter(leased_until__gte=now),
            "due": queryset.filter(next_try__lte=now).exclude(leased_until__gte=now),
            "resting": queryset.filter(next_try__gt=now, given_up="").exclude(leased_until__gte=now),
            "given-up": queryset.exclude(given_up=""),
        }.get(self.value() or "", queryset)


@admin.register(Wanted)
class WantedAdmin(InfohashAdmin):
    list_display = ("infohash", "state", "attempts", "last_asked", "last_search", "next_search")
    list_filter = (StateFilter, ("awaited", admin.BooleanFieldListFilter))
    fields = (
        *("v1_hex", "v2_hex", "state", "since", "asked_at", "attempts", "tried_at", "next_try"),
        *("trackers", "awaited", "leased_by", "leased_until", "deserted"),
    )
    readonly_fields = fields
    ordering = ("-asked_at",)
    actions = ("try_now", "give_up")

    @admin.display(description="infohash")
    def infohash(self, wish: Wanted) -> SafeString:
        return format_infohash(wish)

    v1_hex = infohash_field("v1", "v1 or truncated v2 infohash")
    v2_hex = infohash_field("v2", "v2 infohash")

    @admin.display(description="state")
    def state(self, wish: Wanted) -> str:
        now = timezone.now()
        if wish.leased_until and wish.leased_until >= now:
            return "being searched for"
        if wish.given_up:
            return f"given up: {wish.given_up}"
        return "due" if wish.next_try <= now else "resting"

    @admin.display(description="last asked for")
    def last_asked(self, wish: Wanted) -> SafeString | str:
        return format_moment(wish.asked_at)

    @admin.display(description="last search")
    def last_search(self, wish: Wanted) -> SafeString | str:
        return format_moment(wish.tried_at)

    @admin.display(description="next search")
    def next_search(self, wish: Wanted) -> SafeString | str:
        return format_moment(wish.next_try)

    def filter_by_infohash(self, rows: QuerySet[Model], infohash: bytes) -> QuerySet[Model]:
        truncated = (truncate_infohash(infohash) + bytes(12), truncate_infohash(infohash) + b"\xff" * 12)
        return rows.filter(Q(v1=truncate_infohash(infohash)) | Q(v2__range=truncated))

    def has_order_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("archive.change_wanted")

    @admin.action(description="Try again now", permissions=["order"])
    def try_now(self, request: HttpRequest, queryset: QuerySet[Wanted]) -> None:
        self._change_wishes(request, queryset, _SEARCH_NOW)

    @admin.action(description="Give up", permissions=["order"])
    def give_up(self, request: HttpRequest, queryset: QuerySet[Wanted]) -> None:
        self._change_wishes(request, queryset, _GIVE_UP)

    def _change_wishes(self, request: HttpRequest, queryset: QuerySet[Wanted], change: _Change) -> None:
        if not (wishes := selected_rows(request, queryset, change.action)):
            return
        try:
            changed = change.apply(wish.pk for wish in wishes)
        except Refusal as refusal:
            messages.error(request, str(refusal))
            return
        for wish in wishes:
            self.log_change(request, wish, change.action)
        messages.success(request, f"{changed} of {len(wishes)} {change.outcome}")
