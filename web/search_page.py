"""The search page: one box for words, infohashes and magnet links, with filters and a feed."""

from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from archive.browse.search import SearchQuery, search_torrents
from archive.census.liveness import has_census_run
from metainfo.errors import NotAnInfohash
from metainfo.infohash import is_mistyped_infohash
from metainfo.magnet import parse_magnet
from web.errors import refusals_as_pages
from web.page_response import render_page

_HITS = 25  # a page
_MAX_QUERY = 2_000  # characters of the query that the page repeats
_MIB = 1024 * 1024
_MAX_MIB = 2**40  # more would not fit into the index, and no torrent is that large
_MAX_FILES = 2**31 - 1


def _number_field(label: str, max_value: int) -> forms.IntegerField:
    messages = dict.fromkeys(("invalid", "min_value"), "This is no number from 0 on.")
    messages["max_value"] = "This is more than anything has."
    return forms.IntegerField(
        label=label, min_value=0, max_value=max_value, required=False, error_messages=messages
    )


def _date_field(label: str) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"})
    messages = {"invalid": "This is no date, such as 2026-01-31."}
    return forms.DateField(label=label, widget=widget, required=False, error_messages=messages)


class SearchFilters(forms.Form):
    """The filters beside the search box. A value that is not valid is left out of the search, with a message."""

    min_mib = _number_field("At least, MiB", _MAX_MIB)
    max_mib = _number_field("At most, MiB", _MAX_MIB)
    min_files = _number_field("Files, at least", _MAX_FILES)
    max_files = _number_field("Files, at most", _MAX_FILES)
    since = _date_field("Stored from")
    until = _date_field("Stored until")
    alive = forms.BooleanField(label="Only what has peers", required=False)
    before = _number_field("", 2**62)  # the cursor of "Older"

    def valid_values(self) -> dict[str, Any]:
        """The filters that are set and valid; the form then shows these alone."""
        self.is_valid()
        shown_again = [name for name in self.cleaned_data if name in self.data]
        self.data = {name: self.data[name] for name in shown_again}
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, False)}

    def shown_fields(self) -> list[forms.BoundField]:
        """All but the cursor; without "Only what has peers" where no census has ever counted."""
        hidden = {"before"} if has_census_run() else {"before", "alive"}
        return [field for field in self if field.name not in hidden]


@require_safe
@refusals_as_pages
def search_page(request: HttpRequest) -> HttpResponseBase:
    text = request.GET.get("q", "")
    if _is_infohash(text):
        return redirect(f"{reverse('find')}?{urlencode({'q': text})}")
    form = SearchFilters(request.GET)
    filters = form.valid_values()
    before = filters.pop("before", None)
    found = search_torrents(_build_query(text, filters), limit=_HITS, before=before)
    context = {
        "query": text[:_MAX_QUERY],
        "words": text[:_MAX_QUERY].strip(),
        "digits": len(text.strip()) if is_mistyped_infohash(text.strip()) else 0,
        "filters": form.shown_fields(),
        "filtered": bool(filters) or bool(form.errors),
        "filter_labels": [form[name].label for name in filters],
        "hits": found.hits,
        "later": before is not None,
        "older": _next_page_url(request.GET, found.next_before) if found.next_before is not None else "",
        "feed": _feed_url(text[:_MAX_QUERY], filters),
    }
    return render_page("search.html", context)


def _is_infohash(text: str) -> bool:
    """Whether it is an infohash in any spelling, or a magnet link."""
    try:
        return bool(parse_magnet(text))
    except NotAnInfohash:
        return False


def _build_query(text: str, filters: dict[str, Any]) -> SearchQuery:
    return SearchQuery(
        text,
        min_size=filters["min_mib"] * _MIB if "min_mib" in filters else None,
        max_size=filters["max_mib"] * _MIB if "max_mib" in filters else None,
        min_files=filters.get("min_files"),
        max_files=filters.get("max_files"),
        since=datetime.combine(filters["since"], time.min, UTC) if "since" in filters else None,
        until=datetime.combine(filters["until"], time.max, UTC) if "until" in filters else None,
        alive="alive" in filters,
    )


def _feed_url(text: str, filters: dict[str, Any]) -> str:
    parameters = {"q": text} | ({"alive": "true"} if "alive" in filters else {})
    return f"{reverse('rss')}?{urlencode(parameters)}"


def _next_page_url(parameters: QueryDict, before: int) -> str:
    """The same search, for torrents older than those shown."""
    changed = parameters.copy()
    changed["before"] = str(before)
    return f"?{changed.urlencode()}"
