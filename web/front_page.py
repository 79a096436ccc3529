"""The front page, and the upload form on it as browsers without JavaScript send it."""

from typing import NamedTuple

from django.conf import settings
from django.core.exceptions import BadRequest
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from archive.access.api_keys import find_key_text, require_upload_key
from archive.torrents.count import count_torrents
from archive.torrents.deposit import Receipt, deposit_many
from metainfo.errors import Refusal
from server.uploads import read_uploaded_files
from web.errors import refusals_as_pages
from web.page_response import render_page


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
    try:
        key, files = request.POST.get("apikey", ""), request.FILES.getlist("torrent")
    except (LookupError, TypeError, UnicodeError):
        # Unknown charsets and malformed parameters, which Python's header parser raises these for.
        raise BadRequest("The form cannot be read.") from None
    require_upload_key(find_key_text("", key))
    outcomes = deposit_many(read_uploaded_files(files), entry_point="page")
    uploads = [_describe_upload(file, outcome) for file, outcome in zip(files, outcomes, strict=True)]
    return render_page("upload_results.html", {"outcomes": uploads}, 200 if uploads else 400)


def _describe_upload(file: "UploadedFile[bytes]", outcome: Receipt | Refusal) -> UploadedTorrent:
    filename = file.name or ""
    if isinstance(outcome, Refusal):
        return UploadedTorrent(filename, refusal=outcome)
    return UploadedTorrent(filename, receipt=outcome)
