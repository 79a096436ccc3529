"""The admin of takedowns: pages that take torrents down and lift takedowns, and the reason, which may be edited."""

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet, TextField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString

from archive.errors import NotHeld
from archive.models import Block, Takedown
from archive.takedowns.takedown import lift_takedown, take_down
from hashkeep.admin.model_admin import InfohashAdmin, format_moment, selected_rows
from metainfo.errors import NotAnInfohash, Refusal
from metainfo.infohash import find_infohash, infohash_to_hex, truncate_infohash
from metainfo.link import is_magnet

_MAX_INFOHASHES = 4  # of a takedown, in the list


class TakedownForm(forms.Form):
    infohashes = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 8, "cols": 70, "class": "vLargeTextField"}),
        help_text="One a line, in any spelling, v1 or v2; magnet links will do. They need not be stored.",
    )
    reason = forms.CharField(
        widget=forms.TextInput(attrs={"size": 70, "class": "vTextField"}),
        help_text="Whoever asks for the torrent will read it.",
    )
    listed = forms.BooleanField(
        required=False,
        initial=True,
        label="Show on the public page",
        help_text="Not for material whose very hash must not be spread, such as child sexual abuse material.",
    )

    def clean_infohashes(self) -> list[bytes]:
        infohashes: dict[bytes, None] = {}
        for text in _split_texts(self.cleaned_data["infohashes"]):
            try:
                infohashes[find_infohash(text)] = None
            except NotAnInfohash as refusal:
                self.add_error("infohashes", f"{text}: {refusal}")
        return list(infohashes)


def _split_texts(text: str) -> Iterator[str]:
    """Infohashes and links, separated by white space; a magnet link may have spaces in it, and ends with its line."""
    for line in text.splitlines():
        yield from [line] if is_magnet(line) else line.split()


@admin.register(Takedown)
class TakedownAdmin(InfohashAdmin):
    list_display = ("infohashes", "reason", "is_listed", "taken_down_at")
    list_filter = ("listed",)
    fields = ("infohashes", "reason", "listed", "taken_at")
    readonly_fields = ("infohashes", "taken_at")
    formfield_overrides = {TextField: {"widget": AdminTextInputWidget}}
    actions = ("lift",)
    shows_row_name = False

    @admin.display(description="infohashes")
    def infohashes(self, takedown: Takedown) -> str:
        infohashes = sorted(str(block) for block in takedown.blocks.all())
        more = f" and {len(infohashes) - _MAX_INFOHASHES} more" if len(infohashes) > _MAX_INFOHASHES else ""
        return ", ".join(infohashes[:_MAX_INFOHASHES]) + more

    @admin.display(description="listed", boolean=True)
    def is_listed(self, takedown: Takedown) -> bool:
        return takedown.listed

    @admin.display(description="taken down")
    def taken_down_at(self, takedown: Takedown) -> SafeString | str:
        return format_moment(takedown.taken_at)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        return super().get_queryset(request).prefetch_related("blocks")

    def filter_by_infohash(self, rows: QuerySet[Model], infohash: bytes) -> QuerySet[Model]:
        return rows.filter(blocks__short=truncate_infohash(infohash))

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("archive.add_takedown")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("archive.change_takedown")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("archive.delete_takedown")

    def has_lift_permission(self, request: HttpRequest) -> bool:
        return self.has_delete_permission(request)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without Django's action to delete: the action `lift` has a page of its own."""
        return {
            name: action for name, action in super().get_actions(request).items() if name != "delete_selected"
        }

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Not in a transaction, as Django's own: the block must be committed before any bytes are deleted."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = TakedownForm(request.POST or None, initial={"infohashes": request.GET.get("infohashes", "")})
        if form.is_valid() and self._take_down(request, form.cleaned_data):
            return redirect("admin:archive_takedown_changelist")
        return self._render_page(request, "take_down", {"title": "Take down", "form": form})

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        takedown = self.get_object(request, object_id)
        if not self.has_delete_permission(request):
            raise PermissionDenied
        return (
            self._confirm_or_lift(request, [takedown])
            if takedown
            else redirect("admin:archive_takedown_changelist")
        )

    @admin.action(description="Lift…", permissions=["lift"])
    def lift(self, request: HttpRequest, queryset: QuerySet[Takedown]) -> HttpResponse | None:
        rows = selected_rows(request, queryset, "lift")
        return self._confirm_or_lift(request, rows) if rows else None

    def _confirm_or_lift(self, request: HttpRequest, takedowns: Sequence[Any]) -> HttpResponse:
        """Shows what would be lifted; lifts it once that page is submitted."""
        if "post" not in request.POST:
            return self._render_page(request, "lift", {"title": "Lift", "takedowns": takedowns})
        self.log_deletions(
            request, self.get_queryset(request).filter(pk__in=[takedown.pk for takedown in takedowns])
        )
        for takedown in takedowns:
            self._lift_takedown(request, takedown)
        return redirect("admin:archive_takedown_changelist")

    def _lift_takedown(self, request: HttpRequest, takedown: Takedown) -> None:
        infohashes, block = self.infohashes(takedown), takedown.blocks.first()
        try:
            lift_takedown(bytes(block.infohash)) if block and not block.hashed else takedown.delete()
        except NotHeld:
            pass  # another of these takedowns was of the same torrent
        except Refusal as refusal:
            messages.error(request, f"{infohashes}: {refusal}")
            return
        messages.success(request, f"{infohashes} may come in again.")

    def _take_down(self, request: HttpRequest, data: dict[str, Any]) -> bool:
        for infohash in data["infohashes"]:
            try:
                outcome = take_down(infohash, data["reason"], listed=data["listed"])
            except Refusal as refusal:
                messages.error(request, f"{infohash_to_hex(infohash)}: {refusal}")
                return False
            takedown = Block.objects.get(short=truncate_infohash(infohash)).takedown
            self.log_addition(request, takedown, [{"added": {}}])
            messages.success(request, f"{infohash_to_hex(infohash)} {outcome}")
        return True

    def _render_page(self, request: HttpRequest, template: str, texts: dict[str, Any]) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media, **texts}
        return TemplateResponse(request, f"admin/archive/takedown/{template}.html", context)
