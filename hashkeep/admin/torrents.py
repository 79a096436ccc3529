"""The admin of stored torrents: shows them, and leads to the page that takes them down."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from archive.models import Torrent, Tracker
from archive.torrents.count import count_torrents
from hashkeep.admin.model_admin import (
    BoundedPaginator,
    InfohashAdmin,
    ReadOnlyAdmin,
    format_infohash,
    format_moment,
    infohash_field,
    selected_rows,
)
from web.templatetags.format_filters import format_size
from web.untrusted_text import make_printable

if TYPE_CHECKING:  # Django's own classes take no parameters when the program runs
    _TrackerInline = admin.TabularInline[Tracker, Torrent]
else:
    _TrackerInline = admin.TabularInline


class TorrentPaginator(BoundedPaginator):
    """Takes the number of all torrents from the counter, so that no row is counted without a filter."""

    @property
    def count_text(self) -> str:
        rows = self.object_list
        filtered = isinstance(rows, QuerySet) and rows.query.has_filters()
        return super().count_text if filtered else f"{self.count:,}"

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        return super().count if isinstance(rows, QuerySet) and rows.query.has_filters() else count_torrents()


class TrackerInline(ReadOnlyAdmin, _TrackerInline):
    model = Tracker
    verbose_name_plural = "trackers that later copies named"
    fields = ("url",)


@admin.register(Torrent)
class TorrentAdmin(InfohashAdmin):
    list_display = ("infohash", "printable_name", "content_size", "files", "stored_time")
    fields = (
        "v1_hex",
        "v2_hex",
        "printable_name",
        "content_size",
        "files",
        "length",
        "sha256",
        "complete",
        "stored_at",
        "links",
    )
    readonly_fields = fields
    paginator = TorrentPaginator
    inlines = (TrackerInline,)
    actions = ("take_down",)

    @admin.display(description="infohash")
    def infohash(self, torrent: Torrent) -> SafeString:
        return format_infohash(torrent)

    @admin.display(description="name")
    def printable_name(self, torrent: Torrent) -> str:
        return make_printable(torrent.name, 150)

    @admin.display(description="stored")
    def stored_time(self, torrent: Torrent) -> SafeString | str:
        return format_moment(torrent.stored_at)

    @admin.display(description="content")
    def content_size(self, torrent: Torrent) -> str:
        return format_size(torrent.size)

    v1_hex = infohash_field("v1", "v1 infohash")
    v2_hex = infohash_field("v2", "v2 infohash")

    @admin.display(description="SHA-256 of the torrent itself")
    def sha256(self, torrent: Torrent) -> str:
        return bytes(torrent.digest).hex()

    @admin.display(description="more of it")
    def links(self, torrent: Torrent) -> SafeString:
        public_page = reverse("torrent", args=[str(torrent)])
        peers = reverse("admin:archive_watched_changelist") + f"?q={torrent}"
        return format_html('<a href="{}">its public page</a>, <a href="{}">its peers</a>', public_page, peers)

    def has_take_down_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("archive.add_takedown")

    @admin.action(description="Take down…", permissions=["take_down"])
    def take_down(self, request: HttpRequest, queryset: QuerySet[Torrent]) -> HttpResponse | None:
        """The reason is asked for on the page that takes down any infohash."""
        rows = selected_rows(request, queryset, "take down")
        if not rows:
            return None
        query = urlencode({"infohashes": "\n".join(map(str, rows))})
        return redirect(f"{reverse('admin:archive_takedown_add')}?{query}")
