"""The front page, and the upload form on it as browsers without JavaScript send it."""

from typing import NamedTuple

from django.conf import settings
from django.core.exceptions import BadRequest, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from archive.access.api_keys import find_key_text, require_upload_key
from archive.torrents.count import count_torrents
from archive.torrents.deposit import Receipt, deposit_many
from metainfo.errors import Refusal
from server.body.form import BrokenForm, FormFile, FormLimits, SeveralFiles, read_files, read_form
from web.errors import refusals_as_pages
from web.page_response import render_page

_MAX_FILES = 100  # of one form


class UploadedTorrent(NamedTuple):
    """One file of the form, with either the receipt or the refusal that the archive gave for it."""

    filename: str
    receipt: Receipt | None = None
    refusal: Refusal | None = None


@require_safe
@refusals_as_pages
def front_page(request: HttpRequest) -> HttpResponse:
    context = {
        "count": count_torrents(),
        "max_bytes": settings.MAX_TORRENT_BYTES,
        "keys": settings.UPLOADS == "keys",
    }
    return render_page("front.html", context)


@csrf_exempt  # no session is used here, so that a foreign page has no rights to borrow
@require_POST
@refusals_as_pages
def store_files(request: HttpRequest) -> HttpResponse:
    """Deposits the files of the form and lists what became of each; 400 if there was none."""
    limits = FormLimits(_MAX_FILES, settings.MAX_TORRENT_BYTES)
    try:
        form = read_form(request, request.META.get("CONTENT_TYPE", ""), "torrent", limits, ["apikey"])
    except (BrokenForm, OSError):
        raise BadRequest("The form cannot be read.") from None
    except SeveralFiles:
        raise TooManyFilesSent(f"A form has at most {_MAX_FILES} files.") from None
    require_upload_key(find_key_text("", form.texts.get("apikey", "")))
    outcomes = deposit_many(read_files(form.files), entry_point="page")
    uploads = [_describe_upload(file, outcome) for file, outcome in zip(form.files, outcomes, strict=True)]
    return render_page("upload_results.html", {"outcomes": uploads}, 200 if uploads else 400)


def _describe_upload(file: FormFile, outcome: Receipt | Refusal) -> UploadedTorrent:
    if isinstance(outcome, Refusal):
        return UploadedTorrent(file.name, refusal=outcome)
    return UploadedTorrent(file.name, receipt=outcome)
