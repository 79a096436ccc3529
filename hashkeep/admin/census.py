"""The admin of the census: the torrents whose peers are counted, their last counts and the next ones."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from archive.census.daily_peers import peer_history
from archive.census.liveness import find_alive
from archive.census.schedule import count_at_once
from archive.models import Watched
from hashkeep.admin.model_admin import InfohashAdmin, format_infohash, format_moment, selected_rows
from metainfo.errors import Refusal
from web.untrusted_text import make_printable

_DAYS = 30  # shown of one torrent
_MAX_COUNTRIES = 8  # of one day
_RECENT = timedelta(days=7)


class AskedFilter(admin.SimpleListFilter):
    """Filters by a column that has an index: reading fifty million rows would take minutes."""

    title = "who asked"
    parameter_name = "asked"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("lately", "somebody, in the last week")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "lately":
            return queryset.filter(asked_at__gt=timezone.now() - _RECENT).order_by("-asked_at")
        return queryset


class DueFilter(admin.SimpleListFilter):
    """Filters by the time of the next count."""

    title = "next look"
    parameter_name = "due"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("now", "due"), ("day", "within a day"), ("later", "later")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        now = timezone.now()
        tomorrow = now + timedelta(days=1)
        return {
            "now": queryset.filter(due__lte=now),
            "day": queryset.filter(due__gt=now, due__lte=tomorrow),
            "later": queryset.filter(due__gt=tomorrow),
        }.get(self.value() or "", queryset)


@admin.register(Watched)
class WatchedAdmin(InfohashAdmin):
    list_display = ("infohash", "name", "peer_count", "seeder_count", "last_look", "next_look")
    list_filter = (DueFilter, AskedFilter)
    list_select_related = ("torrent",)
    fields = (
        *(
            "infohash",
            "name",
            "is_alive",
            "looked_at",
            "peer_count",
            "seeder_count",
            "leecher_count",
            "downloads",
        ),
        *("misses", "due", "asked_at", "daily_peers"),
    )
    readonly_fields = fields
    ordering = ("due",)
    actions = ("look",)
    shows_row_name = False

    @admin.display(description="infohash")
    def infohash(self, watched: Watched) -> SafeString:
        return format_infohash(watched.torrent)

    @admin.display(description="name")
    def name(self, watched: Watched) -> str:
        return make_printable(watched.torrent.name, 80)

    @admin.display(description="peers")
    def peer_count(self, watched: Watched) -> int:
        return watched.peers

    @admin.display(description="seeders")
    def seeder_count(self, watched: Watched) -> int | None:
        return watched.seeders

    @admin.display(description="leechers")
    def leecher_count(self, watched: Watched) -> int | None:
        return watched.leechers

    @admin.display(description="downloads")
    def downloads(self, watched: Watched) -> int | None:
        return watched.completed

    @admin.display(description="last look")
    def last_look(self, watched: Watched) -> SafeString | str:
        return format_moment(watched.looked_at)

    @admin.display(description="next look")
    def next_look(self, watched: Watched) -> SafeString | str:
        return format_moment(watched.due)

    @admin.display(description="alive", boolean=True)
    def is_alive(self, watched: Watched) -> bool:
        return bool(find_alive([watched.pk]))

    @admin.display(description=f"peers by day, the last {_DAYS} days (UTC)")
    def daily_peers(self, watched: Watched) -> SafeString | str:
        today = datetime.now(UTC).date()
        days = peer_history(watched.torrent.infohash, today - timedelta(days=_DAYS - 1), today)
        lines = []
        for day in reversed(days):
            largest = sorted(day.countries.items(), key=lambda item: (-item[1], item[0]))[:_MAX_COUNTRIES]
            lines.append(
                (date_format(day.day), day.total, ", ".join(f"{code} {peers}" for code, peers in largest))
            )
        return format_html_join("", "<div>{}: {} ({})</div>", lines) or "-"

    def has_order_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("archive.change_watched")

    @admin.action(description="Look now", permissions=["order"])
    def look(self, request: HttpRequest, queryset: QuerySet[Watched]) -> None:
        if not (rows := selected_rows(request, queryset, "look at")):
            return
        try:
            changed = count_at_once(watched.pk for watched in rows)
        except Refusal as refusal:
            messages.error(request, str(refusal))
            return
        messages.success(request, f"{changed} will be looked at by the next census that runs.")
