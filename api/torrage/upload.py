"""The old caches' HTTP POST, with Torrage's and thetorrent.org's headers at once; the status is always 200.

A failure's body and header are Torrage's own (0.4, autoupload.php) for its numbers 10 to 14. Numbers 15 to 19 are
ours; a client of Torrage takes them for "unknown error". The body of a success has no newline: torrentool pastes it
into a URL, and the PHP sample of Torrage takes its first 40 characters.

`read_request` and `store_uploads` work without a Django request, so that the fast path uses them too and stores many
uploads together.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from archive.access.api_keys import (
    find_key_text,
    key_text_from_request,
    key_texts_in_query,
    require_upload_key,
)
from archive.errors import NotAuthorized, PrivateTorrent, TakenDown, Unavailable
from archive.torrents.deposit import Receipt, deposit_many
from metainfo.errors import EmptyTorrent, NotATorrent, Refusal, TooLarge
from server.body.form import FORM_OVERHEAD, BrokenForm, FormLimits, FormReader, SeveralFiles, read_form

_BROKEN = "Broken torrent file, please recreate it and try again."
_TROUBLE = "Something didn't work, please try again later!"
_LATIN_QUOTES = str.maketrans("“”‘’", "\"\"''")  # our sentences have quotation marks that Latin-1 lacks

UploadResponse = tuple[bytes, dict[str, str]]  # body and headers


class NoFileSent(Refusal):
    """There is no file in the field `torrent`."""


class SeveralFilesSent(Refusal):
    """There is more than one file. (PHP took the last, and forgot the others.)"""


_OUR_NUMBERS = {TooLarge: 15, PrivateTorrent: 16, NotAuthorized: 18, SeveralFilesSent: 19}


class TorrageUpload(NamedTuple):
    """`length` is the body's, in bytes; `key` is an API key of the headers or the query, "" if there is none."""

    body: FormReader
    content_type: str
    length: int
    key: str


@csrf_exempt
def upload(request: HttpRequest) -> HttpResponse:
    """Store the file in the multipart field `torrent`. A key may be in the form too, in its field `apikey`."""
    if request.method != "POST":
        text = "POST a form (multipart/form-data) with a .torrent in its file field `torrent` to this URL.\n"
        return HttpResponse(text, status=405, headers={"Allow": "POST"}, content_type="text/plain")
    [(body, headers)] = store_uploads([read_request(request.META, request)])
    return HttpResponse(body, headers=headers)


def read_request(environ: Mapping[str, Any], body: FormReader) -> TorrageUpload:
    return TorrageUpload(
        body,
        content_type=environ.get("CONTENT_TYPE", ""),
        length=int(environ.get("CONTENT_LENGTH") or 0),
        key=key_text_from_request(environ, *key_texts_in_query(environ)),
    )


def store_uploads(uploads: Sequence[TorrageUpload]) -> list[UploadResponse]:
    """Store the files of all these forms together; the responses are in the order of the uploads."""
    outcomes = deposit_many(map(_read_torrent, uploads), entry_point="post")
    return [
        _failure_response(outcome) if isinstance(outcome, Refusal) else _success_response(outcome)
        for outcome in outcomes
    ]


def _read_torrent(upload: TorrageUpload) -> bytes | Refusal:
    try:
        return _parse_upload(upload)
    except Refusal as refusal:
        return refusal


def _parse_upload(upload: TorrageUpload) -> bytes:
    limit = settings.MAX_TORRENT_BYTES
    if upload.length > limit + FORM_OVERHEAD:
        raise TooLarge(f"The file has more than the {limit:,} bytes that this archive takes.")
    try:
        form = read_form(upload.body, upload.content_type, "torrent", FormLimits(1, limit), ["apikey"])
    except BrokenForm:
        raise NoFileSent("The form is broken; send it as multipart/form-data.") from None
    except SeveralFiles:
        raise SeveralFilesSent(
            "Several files arrived in the field `torrent`; please send each in a form of its own."
        ) from None
    except OSError as error:  # the client went away, or the disk has no room for the upload
        raise Unavailable("The upload did not arrive.") from error
    require_upload_key(find_key_text("", upload.key, form.texts.get("apikey", "")))
    if (torrent := form.file) is None:
        raise NoFileSent("No file arrived; send it in the multipart file field `torrent`, with a file name.")
    return torrent


def refuse_request(reason: str) -> UploadResponse:
    """The response to a request whose body could not be read for this reason, which is as one without a file."""
    return _failure_response(NoFileSent(reason))


def _success_response(receipt: Receipt) -> UploadResponse:
    infohash = receipt.infohash
    return _build_response(
        infohash,
        {
            "X-Thetorrent-Result": "stored",
            "X-Thetorrent-Hash": infohash,
            "X-Torrage-Infohash": infohash,
            "X-Hashkeep-New": "yes" if receipt.new else "no",
        },
    )


def _failure_response(refusal: Refusal) -> UploadResponse:
    number, header, body = _torrage_error(refusal)
    return _build_response(
        f"Error {number}: {body}\n",
        {
            "X-Thetorrent-Result": "failed",
            "X-Thetorrent-Error": str(refusal),
            "X-Torrage-Error-Msg": header,
        },
    )


def _torrage_error(refusal: Refusal) -> tuple[int, str, str]:
    """Torrage's number, its text in the header, and its text in the body."""
    sentence = str(refusal)
    for kind, number in _OUR_NUMBERS.items():
        if isinstance(refusal, kind):
            return number, sentence, sentence
    match refusal:
        case NoFileSent():
            return 10, "File empty.", "File not found."  # Torrage's own discrepancy
        case EmptyTorrent():
            return 11, "File empty.", "File empty."
        case NotATorrent():
            return 12, _BROKEN, _BROKEN
        case TakenDown():
            deleted = f"Deleted torrent: {refusal.reason}"  # torcache's beginning
            return 17, deleted, deleted
        case _:
            return 14, _TROUBLE, _TROUBLE


def _build_response(text: str, headers: dict[str, str]) -> UploadResponse:
    body = text.encode()
    plain_headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
    }
    return body, plain_headers | {name: _header_value(value) for name, value in headers.items()}


def _header_value(text: str) -> str:
    """On one line and in Latin-1; an operator's reason for a takedown may hold anything."""
    return " ".join(text.split()).translate(_LATIN_QUOTES).encode("latin-1", "replace").decode("latin-1")
