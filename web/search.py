"""The page that searches: one box for words, infohashes and magnet links, and some filters."""

from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from archive.errors import NotAnInfohash
from archive.magnet import read
from archive.search import Query, search
from web.page import page, refusals

_HITS = 25
_SHOWN = 2_000  # characters of what was asked for
_MIB = 1024 * 1024
_LARGEST = 2**40  # MiB; more would not fit into the index, and nothing is that large


class Filters(forms.Form):
    """What cannot be understood is left out: a search is no examination."""

    min_mib = forms.IntegerField(min_value=0, max_value=_LARGEST, required=False)
    max_mib = forms.IntegerField(min_value=0, max_value=_LARGEST, required=False)
    min_files = forms.IntegerField(min_value=0, max_value=2**31 - 1, required=False)
    max_files = forms.IntegerField(min_value=0, max_value=2**31 - 1, required=False)
    since = forms.DateField(required=False)
    until = forms.DateField(required=False)
    before = forms.IntegerField(min_value=0, max_value=2**62, required=False)

    def understood(self) -> dict[str, Any]:
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value is not None}


@require_safe
@refusals
def search_page(request: HttpRequest) -> HttpResponseBase:
    text = request.GET.get("q", "")
    if settings.LISTING and _spells_an_infohash(text):
        return redirect(f"{reverse('find')}?{urlencode({'q': text})}")
    asked = Filters(request.GET).understood()
    before = asked.pop("before", None)
    found = search(_query(text, asked), limit=_HITS, before=before)
    context = {
        "query": text[:_SHOWN],
        "asked": {name: str(value) for name, value in asked.items()},
        "hits": found.hits,
        "later": before is not None,
        "older": _same_search(request.GET, found.older) if found.older is not None else "",
        "feed": f"{reverse('rss')}?{urlencode({'q': text[:_SHOWN]})}",
    }
    return page("search.html", context)


def _spells_an_infohash(text: str) -> bool:
    try:
        return bool(read(text))
    except NotAnInfohash:
        return False


def _query(text: str, asked: dict[str, Any]) -> Query:
    return Query(
        text,
        min_size=asked["min_mib"] * _MIB if "min_mib" in asked else None,
        max_size=asked["max_mib"] * _MIB if "max_mib" in asked else None,
        min_files=asked.get("min_files"),
        max_files=asked.get("max_files"),
        since=datetime.combine(asked["since"], time.min, UTC) if "since" in asked else None,
        until=datetime.combine(asked["until"], time.max, UTC) if "until" in asked else None,
    )


def _same_search(asked: QueryDict, before: int) -> str:
    """The rest of it, further back."""
    more = asked.copy()
    more["before"] = str(before)
    return f"?{more.urlencode()}"
