"""What is looked for: the queue that doors fill and resolvers empty."""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from archive.models import Wanted
from archive.queue.override import give_up_wishes, search_now
from hashkeep.admin.model_admin import InfohashAdmin, format_infohash, format_moment, selected_rows
from metainfo.errors import Refusal
from metainfo.infohash import infohash_to_hex, truncate_infohash

_GIVEN_UP = "Given up by the operator of this archive."


class StateFilter(admin.SimpleListFilter):
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
    list_display = ("infohash", "state", "attempts", "asked", "tried", "next_search")
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

    @admin.display(description="v1 or truncated v2 infohash")
    def v1_hex(self, wish: Wanted) -> str:
        return infohash_to_hex(bytes(wish.v1 or b"")) or "-"

    @admin.display(description="v2 infohash")
    def v2_hex(self, wish: Wanted) -> str:
        return infohash_to_hex(bytes(wish.v2 or b"")) or "-"

    @admin.display(description="state")
    def state(self, wish: Wanted) -> str:
        now = timezone.now()
        if wish.leased_until and wish.leased_until >= now:
            return "being searched for"
        if wish.given_up:
            return f"given up: {wish.given_up}"
        return "due" if wish.next_try <= now else "resting"

    @admin.display(description="last asked for")
    def asked(self, wish: Wanted) -> SafeString | str:
        return format_moment(wish.asked_at)

    @admin.display(description="last search")
    def tried(self, wish: Wanted) -> SafeString | str:
        return format_moment(wish.tried_at)

    @admin.display(description="next search")
    def next_search(self, wish: Wanted) -> SafeString | str:
        return format_moment(wish.next_try)

    def meant(self, rows: QuerySet[Model], infohash: bytes) -> QuerySet[Model]:
        truncated = (truncate_infohash(infohash) + bytes(12), truncate_infohash(infohash) + b"\xff" * 12)
        return rows.filter(Q(v1=truncate_infohash(infohash)) | Q(v2__range=truncated))

    def has_order_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("archive.change_wanted")

    @admin.action(description="Try again now", permissions=["order"])
    def try_now(self, request: HttpRequest, queryset: QuerySet[Wanted]) -> None:
        self._order(
            request, queryset, "try again", search_now, "will be searched for as soon as a resolver is free."
        )

    @admin.action(description="Give up", permissions=["order"])
    def give_up(self, request: HttpRequest, queryset: QuerySet[Wanted]) -> None:
        def order(wishes: Iterable[int]) -> int:
            return give_up_wishes(wishes, _GIVEN_UP)

        self._order(request, queryset, "give up", order, "will not be searched for within the next month.")

    def _order(
        self,
        request: HttpRequest,
        queryset: QuerySet[Wanted],
        what: str,
        order: Callable[[Iterable[int]], int],
        outcome: str,
    ) -> None:
        if not (wishes := selected_rows(request, queryset, what)):
            return
        try:
            done = order(wish.pk for wish in wishes)
        except Refusal as refusal:
            messages.error(request, str(refusal))
            return
        for wish in wishes:
            self.log_change(request, wish, what)
        messages.success(request, f"{done} of {len(wishes)} {outcome}")
