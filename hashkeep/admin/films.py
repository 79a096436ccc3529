"""The admin of films: which film a torrent is, by which source, and the titles it is compared with."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextInputWidget
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from archive.errors import NotAnImdbId
from archive.films.film_links import set_imdb_id, truncated_infohashes, undo_link
from archive.films.imdb_id import format_imdb_id, parse_imdb_id
from archive.films.imdb_titles import find_titles_starting_with
from archive.models import Film, Title
from hashkeep.admin.model_admin import ArchiveAdmin, InfohashAdmin, selected_rows
from metainfo.errors import NotAnInfohash
from metainfo.infohash import find_infohash, infohash_to_hex

if TYPE_CHECKING:  # Django's own classes take no parameters when the program runs
    _Form = forms.ModelForm[Any]
else:
    _Form = forms.ModelForm

_MAX_TITLES = 500  # with a given beginning
_SEARCH_HELP = "An IMDb id, or how a title begins"


class FilmForm(_Form):
    infohash = forms.CharField(
        widget=AdminTextInputWidget,
        help_text="In any spelling, v1 or v2, or a magnet link. It need not be stored.",
    )
    imdb_id = forms.CharField(label="IMDb id", widget=AdminTextInputWidget, help_text="Such as tt0133093.")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.pk:
            self.fields["infohash"].disabled = True
            self.initial["infohash"] = infohash_to_hex(bytes(self.instance.short))
            self.initial["imdb_id"] = format_imdb_id(self.instance.imdb)

    class Meta:
        model = Film
        fields = ("title",)
        widgets = {"title": AdminTextInputWidget}
        help_texts = {"title": "Left out, it is that of the list of titles."}

    def clean_infohash(self) -> bytes:
        try:
            return find_infohash(self.cleaned_data["infohash"])
        except NotAnInfohash as refusal:
            raise forms.ValidationError(str(refusal)) from refusal

    def clean_imdb_id(self) -> str:
        imdb = str(self.cleaned_data["imdb_id"]).strip()
        try:
            parse_imdb_id(imdb)
        except NotAnImdbId as refusal:
            raise forms.ValidationError(str(refusal)) from refusal
        return imdb


@admin.register(Film)
class FilmAdmin(InfohashAdmin):
    """What the operator enters here takes precedence over every other source. Deleting a row forgets it, so that
    `match_films` may set it again; undoing it notes that it is wrong."""

    list_display = ("infohash", "imdb_id", "title", "year", "confidence", "source", "undone")
    list_filter = ("confidence", "undone")
    form = FilmForm
    fields = ("infohash", "imdb_id", "title")
    search_help_text = f"An infohash in any spelling, or a magnet link. {_SEARCH_HELP}"
    ordering = ("-pk",)
    actions = ("undo",)
    add_title = "Say which film a torrent is"

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("archive.add_film")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("archive.change_film")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("archive.delete_film")

    @admin.display(description="infohash")
    def infohash(self, film: Film) -> SafeString:
        return format_html('<span class="hash">{}</span>', infohash_to_hex(bytes(film.short)))

    @admin.display(description="IMDb id")
    def imdb_id(self, film: Film) -> str:
        return format_imdb_id(film.imdb)

    def filter_by_infohash(self, rows: QuerySet[Model], infohash: bytes) -> QuerySet[Model]:
        return rows.filter(short__in=truncated_infohashes(infohash))

    def filter_by_text(
        self, request: HttpRequest, rows: QuerySet[Model], text: str, refusal: NotAnInfohash
    ) -> QuerySet[Model]:
        return rows.filter(imdb__in=_find_imdb_numbers(text))

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        data = form.cleaned_data
        source = f"operator {request.user.get_username()}"
        obj.pk = set_imdb_id(data["infohash"], data["imdb_id"], data["title"], source, final=True)
        obj.refresh_from_db()

    @admin.action(description="Undo: it is not that film", permissions=["change"])
    def undo(self, request: HttpRequest, queryset: QuerySet[Film]) -> None:
        for film in selected_rows(request, queryset, "undo"):
            undo_link(bytes(film.short))
            self.log_change(request, film, "undone")
            messages.success(request, f"{infohash_to_hex(bytes(film.short))} is not {film} any more.")


@admin.register(Title)
class TitleAdmin(ArchiveAdmin):
    list_display = ("imdb_id", "title", "year", "series")
    fields = ("imdb_id", "title", "year", "series", "plain", "plain_original")
    readonly_fields = ("imdb_id",)
    search_fields = ("imdb",)  # shows the box; get_search_results looks
    search_help_text = _SEARCH_HELP
    ordering = ("pk",)

    @admin.display(description="IMDb id")
    def imdb_id(self, title: Title) -> str:
        return format_imdb_id(title.imdb)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Model], search_term: str
    ) -> tuple[QuerySet[Model], bool]:
        return (queryset.filter(pk__in=_find_imdb_numbers(search_term)) if search_term else queryset), False


def _find_imdb_numbers(text: str) -> list[int]:
    """The numbers of the IMDb id, or of the titles that begin so, that the text of a search names."""
    try:
        return [parse_imdb_id(text.strip())]
    except NotAnImdbId:
        return find_titles_starting_with(text, _MAX_TITLES)
