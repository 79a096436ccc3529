"""What the lists have in common: they never count or pass over millions of rows, and are searched by infohash."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from archive.models import Torrent
from metainfo.errors import NotAnInfohash
from metainfo.infohash import find_infohash

if TYPE_CHECKING:  # Django's own classes take no parameters when the program runs
    _Paginator = Paginator[Model]
    _Admin = admin.ModelAdmin[Model]
else:
    _Paginator, _Admin = Paginator, admin.ModelAdmin

MAX_ROWS = 100  # rows of a page, and of an action
_ID = 18  # characters: a number below 2**63
_PAGES = 100  # who wants what lies further back searches for it


class BoundedPaginator(_Paginator):
    """Counts no further than its last page."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._most = self.per_page * _PAGES

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if isinstance(rows, QuerySet):
            return rows.order_by()[: self._most + 1].values("pk").count()
        return len(rows)

    @cached_property
    def num_pages(self) -> int:
        return min(super().num_pages, _PAGES)

    @property
    def told(self) -> str:
        """How many there are, as the foot of the list says it."""
        return f"more than {self._most:,}" if self.count > self._most else f"{self.count:,}"


class ReadOnlyAdmin:
    """Rows that nobody adds, changes or deletes by hand; a subclass allows what makes sense."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ArchiveAdmin(ReadOnlyAdmin, _Admin):
    list_per_page = MAX_ROWS
    list_max_show_all = 0
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # they count
    paginator = BoundedPaginator
    sortable_by = ()  # there is no index but that of the usual order
    adding = ""  # the title of the form that makes a new one
    named = True  # a row's name is worth a line above it

    class Media:
        css = {"all": ["admin/hashkeep.css"]}

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Model | None:
        """A database stumbles over larger numbers than it can hold."""
        return super().get_object(request, object_id, from_field) if len(object_id) <= _ID else None

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """What the filters beside the list ask, and no more: Django's own passes over every row, or stumbles."""
        return any(lookup == _parameter(one) for one in self.list_filter)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Django's title would be "Select … to view"."""
        title = {"title": capfirst(str(self.opts.verbose_name_plural))}
        return super().changelist_view(request, {**title, **(extra_context or {})})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Django's title would be "Change …", whether or not that can be; and one row is all one wants to save."""
        told = {"title": capfirst(str(self.opts.verbose_name)) if object_id else self.adding}
        told |= {} if self.named else {"subtitle": ""}
        buttons = {"show_save_and_continue": False, "show_save_and_add_another": False}
        return super().changeform_view(
            request, object_id, form_url, {**told, **buttons, **(extra_context or {})}
        )


def _parameter(list_filter: Any) -> str:
    """By which it asks: a field, alone or with its kind of filter, or a filter of ours."""
    if isinstance(list_filter, type):
        return str(getattr(list_filter, "parameter_name", ""))
    return f"{list_filter if isinstance(list_filter, str) else list_filter[0]}__exact"


class InfohashAdmin(ArchiveAdmin):
    """Searched by infohash."""

    search_fields = ("pk",)  # shows the box; get_search_results looks
    search_help_text = "An infohash in any spelling, v1 or v2, or a magnet link"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Model], search_term: str
    ) -> tuple[QuerySet[Model], bool]:
        if not search_term:
            return queryset, False
        try:
            return self.meant(queryset, find_infohash(search_term)), False
        except NotAnInfohash as refusal:
            return self.otherwise(request, queryset, search_term, refusal), False

    def otherwise(
        self, request: HttpRequest, rows: QuerySet[Model], text: str, refusal: NotAnInfohash
    ) -> QuerySet[Model]:
        """Those that are meant by what is no infohash."""
        messages.warning(request, str(refusal))
        return rows.none()

    def meant(self, rows: QuerySet[Model], infohash: bytes) -> QuerySet[Model]:
        """Those of this infohash; here where rows have the numbers of torrents."""
        held = Torrent.objects.find(infohash)
        return rows.filter(pk=held.pk) if held else rows.none()


def format_infohash(name: object) -> SafeString:
    return format_html('<span class="hash">{}</span>', name)


def format_moment(moment: datetime | None) -> SafeString | str:
    """Short enough for a column."""
    if moment is None:
        return "-"
    day, _, time = date_format(moment, "DATETIME_FORMAT").rpartition(", ")
    return format_html('<span class="day">{},</span> <span class="day">{}</span>', day, time)


def selected_rows(request: HttpRequest, rows: QuerySet[Any], what: str) -> list[Any]:
    """The rows of an action; none, and a word on the page, where they are more than a page shows."""
    some = list(rows[: MAX_ROWS + 1])
    if len(some) > MAX_ROWS:
        messages.error(request, f"Please {what} no more than {MAX_ROWS} at once.")
        return []
    return some
