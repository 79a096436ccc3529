"""The admin of API keys: issues, suspends, resumes and revokes them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextInputWidget
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from archive.access import api_keys
from archive.models import IssuedKey
from hashkeep.admin.model_admin import ArchiveAdmin, format_moment
from metainfo.errors import Refusal

if TYPE_CHECKING:  # Django's own classes take no parameters when the program runs
    _Form = forms.ModelForm[Any]
else:
    _Form = forms.ModelForm


class KeyForm(_Form):
    client = forms.ChoiceField(
        required=False, help_text="Whoever has this key may use it: see docs/clients.md."
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        known = dict.fromkeys([*settings.CLIENTS, self.instance.client])
        self.fields["client"] = forms.ChoiceField(
            required=False,
            choices=[("", "none"), *((name, name) for name in known if name)],
            label="Torrent client",
            help_text="One of those that the setting CLIENTS names: what its holder stores is handed to it.",
        )

    class Meta:
        model = IssuedKey
        fields = ("name", "client")
        widgets = {"name": AdminTextInputWidget}


@admin.register(IssuedKey)
class KeyAdmin(ArchiveAdmin):
    """A key is revoked, never deleted: what was done with it still shows its name."""

    list_display = ("prefix", "name", "client", "state", "issue_time")
    list_filter = ("state",)
    search_fields = ("prefix", "name", "client")
    fields = ("name", "client")
    form = KeyForm
    actions = ("suspend", "resume", "revoke")
    add_title = "Issue a key"

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("archive.add_issuedkey")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("archive.change_issuedkey")

    @admin.display(description="issued")
    def issue_time(self, key: IssuedKey) -> SafeString | str:
        return format_moment(key.issued_at)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            obj.save(update_fields=["name", "client"])
            return
        key, text = api_keys.issue_key(obj.name, client=obj.client)
        obj.pk, obj.prefix = key.id, key.prefix
        messages.warning(request, f"Write this key down now, it is shown this once: {text}")

    @admin.action(description="Suspend", permissions=["change"])
    def suspend(self, request: HttpRequest, queryset: QuerySet[IssuedKey]) -> None:
        self._change_state(request, queryset, api_keys.suspend_key)

    @admin.action(description="Resume", permissions=["change"])
    def resume(self, request: HttpRequest, queryset: QuerySet[IssuedKey]) -> None:
        self._change_state(request, queryset, api_keys.resume_key)

    @admin.action(description="Revoke for good", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[IssuedKey]) -> None:
        self._change_state(request, queryset, api_keys.revoke_key)

    def _change_state(
        self,
        request: HttpRequest,
        queryset: QuerySet[IssuedKey],
        change_state: Callable[[str], api_keys.ApiKey],
    ) -> None:
        for row in queryset:
            try:
                key = change_state(row.prefix)
            except Refusal as refusal:
                messages.error(request, f"{row}: {refusal}")
            else:
                self.log_change(request, row, key.state)
                messages.success(request, f"{row} is {key.state}.")
