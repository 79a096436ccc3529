"""The page that searches: one box for words, infohashes and magnet links, and some filters."""

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
from metainfo.infohash import nearly
from metainfo.magnet import read
from web.page_response import refusals_as_pages, render_page

_HITS = 25
_SHOWN = 2_000  # characters of what was asked for
_MIB = 1024 * 1024
_LARGEST = 2**40  # MiB; more would not fit into the index, and nothing is that large
_MOST_FILES = 2**31 - 1


def _number(label: str, most: int) -> forms.IntegerField:
    told = dict.fromkeys(("invalid", "min_value"), "This is no number from 0 on.")
    told["max_value"] = "This is more than anything has."
    return forms.IntegerField(label=label, min_value=0, max_value=most, required=False, error_messages=told)


def _date(label: str) -> forms.DateField:
    box = forms.DateInput(attrs={"type": "date"})
    told = {"invalid": "This is no date, such as 2026-01-31."}
    return forms.DateField(label=label, widget=box, required=False, error_messages=told)


class SearchFilters(forms.Form):
    """What cannot be understood is left out, and said so beside it: a search is no examination."""

    min_mib = _number("At least, MiB", _LARGEST)
    max_mib = _number("At most, MiB", _LARGEST)
    min_files = _number("Files, at least", _MOST_FILES)
    max_files = _number("Files, at most", _MOST_FILES)
    since = _date("Stored from")
    until = _date("Stored until")
    alive = forms.BooleanField(label="Only what has peers", required=False)
    before = _number("", 2**62)

    def understood(self) -> dict[str, Any]:
        self.is_valid()
        shown_again = [name for name in self.cleaned_data if name in self.data]
        self.data = {name: self.data[name] for name in shown_again}
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, False)}

    def shown(self) -> list[forms.BoundField]:
        """Nothing is alive where nobody ever looked."""
        hidden = {"before"} if has_census_run() else {"before", "alive"}
        return [field for field in self if field.name not in hidden]


@require_safe
@refusals_as_pages
def search_page(request: HttpRequest) -> HttpResponseBase:
    text = request.GET.get("q", "")
    if _spells_an_infohash(text):
        return redirect(f"{reverse('find')}?{urlencode({'q': text})}")
    filters = SearchFilters(request.GET)
    asked = filters.understood()
    before = asked.pop("before", None)
    found = search_torrents(_query(text, asked), limit=_HITS, before=before)
    context = {
        "query": text[:_SHOWN],
        "words": text[:_SHOWN].strip(),
        "digits": len(text.strip()) if nearly(text.strip()) else 0,
        "filters": filters.shown(),
        "filtered": bool(asked) or bool(filters.errors),
        "in_the_way": [filters[name].label for name in asked],
        "hits": found.hits,
        "later": before is not None,
        "older": _same_search(request.GET, found.older) if found.older is not None else "",
        "feed": _feed(text[:_SHOWN], asked),
    }
    return render_page("search.html", context)


def _spells_an_infohash(text: str) -> bool:
    try:
        return bool(read(text))
    except NotAnInfohash:
        return False


def _query(text: str, asked: dict[str, Any]) -> SearchQuery:
    return SearchQuery(
        text,
        min_size=asked["min_mib"] * _MIB if "min_mib" in asked else None,
        max_size=asked["max_mib"] * _MIB if "max_mib" in asked else None,
        min_files=asked.get("min_files"),
        max_files=asked.get("max_files"),
        since=datetime.combine(asked["since"], time.min, UTC) if "since" in asked else None,
        until=datetime.combine(asked["until"], time.max, UTC) if "until" in asked else None,
        alive="alive" in asked,
    )


def _feed(text: str, asked: dict[str, Any]) -> str:
    return f"{reverse('rss')}?{urlencode({'q': text} | ({'alive': 'true'} if 'alive' in asked else {}))}"


def _same_search(asked: QueryDict, before: int) -> str:
    """The rest of it, further back."""
    more = asked.copy()
    more["before"] = str(before)
    return f"?{more.urlencode()}"
