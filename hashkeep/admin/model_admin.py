"""Base classes of the admin's pages: lists that stay fast with millions of rows, and the search by infohash."""

from collections.abc import Callable
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
from metainfo.infohash import find_infohash, infohash_to_hex

if TYPE_CHECKING:  # Django's own classes take no parameters when the program runs
    _Paginator = Paginator[Model]
    _Admin = admin.ModelAdmin[Model]
else:
    _Paginator, _Admin = Paginator, admin.ModelAdmin

MAX_ROWS = 100  # of a page, and of an action
_MAX_ID_LENGTH = 18  # digits: such a number is below 2**63
_MAX_PAGES = 100  # rows further back are found by search


class BoundedPaginator(_Paginator):
    """A paginator that counts no rows beyond its last page."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._max_count = self.per_page * _MAX_PAGES

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if isinstance(rows, QuerySet):
            return rows.order_by()[: self._max_count + 1].values("pk").count()
        return len(rows)

    @cached_property
    def num_pages(self) -> int:
        return min(super().num_pages, _MAX_PAGES)

    @property
    def count_text(self) -> str:
        """The number of rows as the foot of the list shows it: `1,234` or `more than 10,000`."""
        return f"more than {self._max_count:,}" if self.count > self._max_count else f"{self.count:,}"


class ReadOnlyAdmin:
    """Forbids to add, change and delete rows; a subclass allows what makes sense."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ArchiveAdmin(ReadOnlyAdmin, _Admin):
    """A list without sorting, facets and full counts: no query reads a whole table."""

    list_per_page = MAX_ROWS
    list_max_show_all = 0
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # facets count rows
    paginator = BoundedPaginator
    sortable_by = ()  # the default order alone has an index
    add_title = ""  # of the form that adds a row
    shows_row_name = True  # as a line above its form

    class Media:
        css = {"all": ["admin/hashkeep.css"]}

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Model | None:
        """None for an id that no row can have: a database fails at a number above 64 bits."""
        return (
            super().get_object(request, object_id, from_field) if len(object_id) <= _MAX_ID_LENGTH else None
        )

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only the filters beside the list: other lookups would read every row, or fail."""
        return any(lookup == _lookup_of(list_filter) for list_filter in self.list_filter)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The table's name as title, where Django's is "Select … to view"."""
        title = {"title": capfirst(str(self.opts.verbose_name_plural))}
        return super().changelist_view(request, {**title, **(extra_context or {})})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """The table's name as title, where Django's is "Change …" also if nothing can be changed; one save button."""
        texts = {"title": capfirst(str(self.opts.verbose_name)) if object_id else self.add_title}
        texts |= {} if self.shows_row_name else {"subtitle": ""}
        buttons = {"show_save_and_continue": False, "show_save_and_add_another": False}
        return super().changeform_view(
            request, object_id, form_url, {**texts, **buttons, **(extra_context or {})}
        )


def _lookup_of(list_filter: Any) -> str:
    """The lookup of an entry of `list_filter`: a filter class, a field, or a field with its filter class."""
    if isinstance(list_filter, type):
        return str(getattr(list_filter, "parameter_name", ""))
    return f"{list_filter if isinstance(list_filter, str) else list_filter[0]}__exact"


class InfohashAdmin(ArchiveAdmin):
    """A list that is searched by infohash. Here a row has the primary key of its torrent; else see
    `filter_by_infohash`."""

    search_fields = ("pk",)  # shows the box; get_search_results looks
    search_help_text = "An infohash in any spelling, v1 or v2, or a magnet link"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Model], search_term: str
    ) -> tuple[QuerySet[Model], bool]:
        if not search_term:
            return queryset, False
        try:
            return self.filter_by_infohash(queryset, find_infohash(search_term)), False
        except NotAnInfohash as refusal:
            return self.filter_by_text(request, queryset, search_term, refusal), False

    def filter_by_text(
        self, request: HttpRequest, rows: QuerySet[Model], text: str, refusal: NotAnInfohash
    ) -> QuerySet[Model]:
        """The rows for a search text that is no infohash: here none, and the refusal as a message."""
        messages.warning(request, str(refusal))
        return rows.none()

    def filter_by_infohash(self, rows: QuerySet[Model], infohash: bytes) -> QuerySet[Model]:
        """The rows of this infohash."""
        held = Torrent.objects.find(infohash)
        return rows.filter(pk=held.pk) if held else rows.none()


def format_infohash(infohash: object) -> SafeString:
    return format_html('<span class="hash">{}</span>', infohash)


def format_moment(moment: datetime | None) -> SafeString | str:
    """Date and time, to be broken only between them: short enough for a column. `-` for None."""
    if moment is None:
        return "-"
    day, _, time = date_format(moment, "DATETIME_FORMAT").rpartition(", ")
    return format_html('<span class="day">{},</span> <span class="day">{}</span>', day, time)


def selected_rows(request: HttpRequest, queryset: QuerySet[Any], action: str) -> list[Any]:
    """The rows of an action; of more than MAX_ROWS none, and an error message that names the action."""
    rows = list(queryset[: MAX_ROWS + 1])
    if len(rows) > MAX_ROWS:
        messages.error(request, f"Please {action} no more than {MAX_ROWS} at once.")
        return []
    return rows


def infohash_field(field: str, description: str) -> Callable[[Any, Any], str]:
    """A read-only field of a ModelAdmin: the row's binary infohash in `field` as hex digits, `-` if it has none."""

    @admin.display(description=description)
    def show_infohash(model_admin: Any, row: Any) -> str:
        return infohash_to_hex(bytes(getattr(row, field) or b"")) or "-"

    return show_infohash
