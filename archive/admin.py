"""The operator's pages: what is stored, what is taken down, and who holds a key. Use cases do whatever changes."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.http import urlencode

from archive import keys
from archive.count import count
from archive.errors import NotAnInfohash, Refusal
from archive.infohash import find, short, spell
from archive.models import Block, IssuedKey, Takedown, Torrent, Tracker
from archive.takedown import lift, take_down

if TYPE_CHECKING:  # Django's own classes take no parameters when the program runs
    _TorrentAdmin = admin.ModelAdmin[Torrent]
    _TakedownAdmin = admin.ModelAdmin[Takedown]
    _KeyAdmin = admin.ModelAdmin[IssuedKey]
    _TrackerInline = admin.TabularInline[Tracker, Torrent]
    _TorrentPaginator = Paginator[Torrent]
else:
    _TorrentAdmin = _TakedownAdmin = _KeyAdmin = admin.ModelAdmin
    _TrackerInline, _TorrentPaginator = admin.TabularInline, Paginator

_AT_ONCE = 100  # torrents that one page lists, and that one action takes down

admin.site.site_header = admin.site.site_title = "Hashkeep"


class TallyPaginator(_TorrentPaginator):
    """The number of all torrents is known; to count fifty million rows takes seconds."""

    @cached_property
    def count(self) -> int:
        filtered = isinstance(self.object_list, QuerySet) and self.object_list.query.has_filters()
        return super().count if filtered else count()


class ReadOnly:
    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class LaterTrackers(ReadOnly, _TrackerInline):
    model = Tracker
    verbose_name_plural = "trackers that later copies named"
    fields = ("url",)


@admin.register(Torrent)
class TorrentAdmin(ReadOnly, _TorrentAdmin):
    list_display = ("infohash", "name", "size", "files", "stored_at")
    fields = ("v1_hex", "v2_hex", "name", "size", "files", "length", "sha256", "complete", "stored_at")
    sortable_by = ()
    search_fields = ("v1",)  # shows the box; get_search_results looks
    search_help_text = "An infohash in any spelling, v1 or v2, or a magnet link"
    list_per_page = _AT_ONCE
    list_max_show_all = 0
    show_full_result_count = False
    paginator = TallyPaginator
    inlines = (LaterTrackers,)
    actions = ("take_down",)

    @admin.display(description="infohash")
    def infohash(self, torrent: Torrent) -> str:
        return str(torrent)

    @admin.display(description="v1 infohash")
    def v1_hex(self, torrent: Torrent) -> str:
        return spell(bytes(torrent.v1 or b"")) or "-"

    @admin.display(description="v2 infohash")
    def v2_hex(self, torrent: Torrent) -> str:
        return spell(bytes(torrent.v2 or b"")) or "-"

    @admin.display(description="SHA-256 of the torrent itself")
    def sha256(self, torrent: Torrent) -> str:
        return bytes(torrent.digest).hex()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Torrent], search_term: str
    ) -> tuple[QuerySet[Torrent], bool]:
        if not search_term:
            return queryset, False
        try:
            held = Torrent.objects.find(find(search_term))
        except NotAnInfohash as refusal:
            messages.warning(request, str(refusal))
            held = None
        return queryset.filter(pk=held.pk) if held else queryset.none(), False

    def has_take_down_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("archive.add_takedown")

    @admin.action(description="Take down…", permissions=["take_down"])
    def take_down(self, request: HttpRequest, queryset: QuerySet[Torrent]) -> HttpResponse | None:
        """The reason is asked for on the page that takes down any infohash."""
        chosen = list(queryset[: _AT_ONCE + 1])
        if len(chosen) > _AT_ONCE:
            messages.error(request, f"Please take down no more than {_AT_ONCE} at once.")
            return None
        query = urlencode({"infohashes": "\n".join(map(str, chosen))})
        return redirect(f"{reverse('admin:archive_takedown_add')}?{query}")


class TakedownForm(forms.Form):
    infohashes = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 8, "cols": 70}),
        help_text="One a line, in any spelling, v1 or v2; magnet links will do. They need not be stored.",
    )
    reason = forms.CharField(
        widget=forms.TextInput(attrs={"size": 70}), help_text="Whoever asks for the torrent will read it."
    )
    listed = forms.BooleanField(
        required=False,
        initial=True,
        label="Show on the public page",
        help_text="Not for material whose very hash must not be spread, such as child sexual abuse material.",
    )

    def clean_infohashes(self) -> list[bytes]:
        found: dict[bytes, None] = {}
        for text in self.cleaned_data["infohashes"].split():
            try:
                found[find(text)] = None
            except NotAnInfohash as refusal:
                self.add_error("infohashes", f"{text}: {refusal}")
        return list(found)


@admin.register(Takedown)
class TakedownAdmin(_TakedownAdmin):
    list_display = ("infohashes", "reason", "listed", "taken_at")
    fields = ("infohashes", "reason", "listed", "taken_at")
    readonly_fields = ("infohashes", "taken_at")
    search_fields = ("reason",)  # shows the box; get_search_results looks
    search_help_text = "An infohash in any spelling, v1 or v2, or a magnet link"
    show_full_result_count = False

    @admin.display(description="infohashes")
    def infohashes(self, takedown: Takedown) -> str:
        return ", ".join(sorted(str(block) for block in takedown.blocks.all()))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Takedown]:
        return super().get_queryset(request).prefetch_related("blocks")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Takedown], search_term: str
    ) -> tuple[QuerySet[Takedown], bool]:
        if not search_term:
            return queryset, False
        try:
            return queryset.filter(blocks__short=short(find(search_term))), False
        except NotAnInfohash as refusal:
            messages.warning(request, str(refusal))
            return queryset.none(), False

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Django's own holds a transaction open, but a block must be in force before any bytes are deleted."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = TakedownForm(request.POST or None, initial={"infohashes": request.GET.get("infohashes", "")})
        if form.is_valid() and self._take_down(request, form.cleaned_data):
            return redirect("admin:archive_takedown_changelist")
        context = {
            **self.admin_site.each_context(request),
            "title": "Take down",
            "opts": self.opts,
            "form": form,
        }
        return TemplateResponse(request, "admin/archive/takedown/take_down.html", context)

    def _take_down(self, request: HttpRequest, wish: dict[str, Any]) -> bool:
        for infohash in wish["infohashes"]:
            try:
                take_down(infohash, wish["reason"], listed=wish["listed"])
            except Refusal as refusal:
                messages.error(request, f"{spell(infohash)}: {refusal}")
                return False
            takedown = Block.objects.get(short=short(infohash)).takedown
            self.log_addition(request, takedown, [{"added": {}}])
            messages.success(request, f"{spell(infohash)} is taken down.")
        return True

    def delete_model(self, request: HttpRequest, obj: Takedown) -> None:
        block = obj.blocks.first()
        lift(bytes(block.infohash)) if block else obj.delete()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Takedown]) -> None:
        for takedown in queryset:
            self.delete_model(request, takedown)


@admin.register(IssuedKey)
class KeyAdmin(_KeyAdmin):
    """A key is not deleted but revoked: what was done with it keeps its name."""

    list_display = ("prefix", "name", "client", "state", "issued_at")
    list_filter = ("state",)
    search_fields = ("prefix", "name", "client")
    fields = ("name", "client")
    actions = ("suspend", "resume", "revoke")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: IssuedKey, form: Any, change: bool) -> None:
        if change:
            obj.save(update_fields=["name", "client"])
            return
        key, text = keys.issue(obj.name, client=obj.client)
        obj.pk, obj.prefix = key.id, key.prefix
        messages.warning(request, f"Write this key down now, it is shown this once: {text}")

    @admin.action(description="Suspend", permissions=["change"])
    def suspend(self, request: HttpRequest, queryset: QuerySet[IssuedKey]) -> None:
        self._turn(request, queryset, keys.suspend)

    @admin.action(description="Resume", permissions=["change"])
    def resume(self, request: HttpRequest, queryset: QuerySet[IssuedKey]) -> None:
        self._turn(request, queryset, keys.resume)

    @admin.action(description="Revoke for good", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[IssuedKey]) -> None:
        self._turn(request, queryset, keys.revoke)

    def _turn(
        self, request: HttpRequest, chosen: QuerySet[IssuedKey], turn: Callable[[str], keys.Key]
    ) -> None:
        for row in chosen:
            try:
                key = turn(row.prefix)
            except Refusal as refusal:
                messages.error(request, f"{row}: {refusal}")
            else:
                self.log_change(request, row, key.state)
                messages.success(request, f"{row} is {key.state}.")
