"""The old caches' HTTP POST: Torrage's and thetorrent.org's headers at once, always with status 200.

Body and header lines are Torrage's own (0.4, autoupload.php) for its numbers 10 to 14; 15 to 18 are ours, and a
client of Torrage takes them for "unknown error". The body of a success has no newline: torrentool pastes it into
a URL, and the PHP sample of Torrage takes its first 40 characters.
"""

from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.views.decorators.csrf import csrf_exempt

from archive.deposit import deposit
from archive.errors import (
    EmptyTorrent,
    NotATorrent,
    NotAuthorized,
    PrivateTorrent,
    Refusal,
    TakenDown,
    TooLarge,
    Unavailable,
)
from archive.keys import admit, find

_ENVELOPE = 100_000  # bytes that a form may have besides the torrent
_BROKEN = "Broken torrent file, please recreate it and try again."
_TROUBLE = "Something didn't work, please try again later!"


class NothingSent(Refusal):
    """There is no file in the field `torrent`."""


@csrf_exempt
def upload(request: HttpRequest) -> HttpResponse:
    """Store the file in the multipart field `torrent`. A key may be in a field too, `apikey`."""
    if request.method != "POST":
        text = "POST a form (multipart/form-data) with a .torrent in its file field `torrent` to this URL.\n"
        return HttpResponse(text, status=405, headers={"Allow": "POST"}, content_type="text/plain")
    try:
        receipt = deposit(_torrent(request))
    except Refusal as refusal:
        return _failed(refusal)
    return _answer(
        receipt.infohash,
        {
            "X-Thetorrent-Result": "stored",
            "X-Thetorrent-Hash": receipt.infohash,
            "X-Torrage-Infohash": receipt.infohash,
        },
    )


def _torrent(request: HttpRequest) -> bytes:
    limit = settings.MAX_TORRENT_BYTES
    if int(request.META.get("CONTENT_LENGTH") or 0) > limit + _ENVELOPE:
        raise TooLarge(f"The file has more than the {limit:,} bytes that this archive takes.")
    try:
        file, key = request.FILES.get("torrent"), request.POST.get("apikey", "")
    except (MultiPartParserError, RequestDataTooBig, SuspiciousOperation, BadRequest):
        raise NothingSent("The form is broken; send it as multipart/form-data.") from None
    except OSError as error:  # the caller went away, or there is no room for the upload
        raise Unavailable("The upload did not arrive.") from error
    _admit(request, key)
    if not isinstance(file, UploadedFile):
        raise NothingSent(
            "No file arrived; send it in the multipart file field `torrent`, with a file name in ASCII or UTF-8."
        )
    return bytes(file.read())


def _admit(request: HttpRequest, field: str) -> None:
    authorization, header = request.headers.get("Authorization", ""), request.headers.get("X-Api-Key", "")
    admit(find(authorization, header, request.GET.get("apikey", ""), field))


def _failed(refusal: Refusal) -> HttpResponse:
    number, header, body = _torrage(refusal)
    return _answer(
        f"Error {number}: {body}\n",
        {
            "X-Thetorrent-Result": "failed",
            "X-Thetorrent-Error": str(refusal),
            "X-Torrage-Error-Msg": header,
        },
    )


def _torrage(refusal: Refusal) -> tuple[int, str, str]:
    """Number, header text and body text."""
    words = str(refusal)
    match refusal:
        case NothingSent():
            return 10, "File empty.", "File not found."  # Torrage's own discrepancy
        case EmptyTorrent():
            return 11, "File empty.", "File empty."
        case NotATorrent():
            return 12, _BROKEN, _BROKEN
        case TooLarge():
            return 15, words, words
        case PrivateTorrent():
            return 16, words, words
        case TakenDown():
            deleted = f"Deleted torrent: {refusal.reason}"  # torcache's beginning
            return 17, deleted, deleted
        case NotAuthorized():
            return 18, words, words
        case _:
            return 14, _TROUBLE, _TROUBLE


def _answer(body: str, headers: dict[str, str]) -> HttpResponse:
    response = HttpResponse(body, content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "no-store"
    response["Content-Length"] = str(len(response.content))
    for name, value in headers.items():
        # An operator's reason may hold anything; a header is one line of Latin-1.
        response[name] = " ".join(value.split()).encode("latin-1", "replace").decode("latin-1")
    return response
