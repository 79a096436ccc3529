"""The old caches' HTTP POST: Torrage's and thetorrent.org's headers at once, always with status 200.

Body and header lines are Torrage's own (0.4, autoupload.php) for its numbers 10 to 14; 15 to 19 are ours, and a
client of Torrage takes them for "unknown error". The body of a success has no newline: torrentool pastes it into
a URL, and the PHP sample of Torrage takes its first 40 characters.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from api.http.multipart import FORM_OVERHEAD, BrokenForm, FormReader, SeveralFiles, read_form
from archive.access.api_keys import (
    find_key_text,
    key_text_from_request,
    key_texts_in_query,
    require_upload_key,
)
from archive.errors import NotAuthorized, PrivateTorrent, TakenDown, Unavailable
from archive.torrents.deposit import Receipt, deposit_many
from metainfo.errors import EmptyTorrent, NotATorrent, Refusal, TooLarge

_BROKEN = "Broken torrent file, please recreate it and try again."
_TROUBLE = "Something didn't work, please try again later!"
_STRAIGHT = str.maketrans("“”‘’", "\"\"''")  # of the quotation marks in our sentences, which Latin-1 lacks


class NoFileSent(Refusal):
    """There is no file in the field `torrent`."""


class SeveralFilesSent(Refusal):
    """More than one, of which PHP took the last and forgot the others."""


_OURS = {TooLarge: 15, PrivateTorrent: 16, NotAuthorized: 18, SeveralFilesSent: 19}


class UploadRequest(NamedTuple):
    """An upload: its body, of this Content-Type and so many bytes, and the key, if it is not in the form."""

    form: FormReader
    kind: str
    length: int
    key: str


@csrf_exempt
def upload(request: HttpRequest) -> HttpResponse:
    """Store the file in the multipart field `torrent`. A key may be in a field too, `apikey`."""
    if request.method != "POST":
        text = "POST a form (multipart/form-data) with a .torrent in its file field `torrent` to this URL.\n"
        return HttpResponse(text, status=405, headers={"Allow": "POST"}, content_type="text/plain")
    [(body, headers)] = store_uploads([read_request(request.META, request)])
    return HttpResponse(body, headers=headers)


def read_request(environ: Mapping[str, Any], form: FormReader) -> UploadRequest:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    return UploadRequest(
        form,
        environ.get("CONTENT_TYPE", ""),
        length,
        key_text_from_request(environ, *key_texts_in_query(environ)),
    )


def store_uploads(uploads: Sequence[UploadRequest]) -> list[tuple[bytes, dict[str, str]]]:
    """Store the files in the forms' field `torrent`; body and headers of each answer, whose status is 200.

    The key may be in the form too, in its field `apikey`.
    """
    outcomes = deposit_many(map(_sent_in, uploads), entry_point="post")
    return [_failed(one) if isinstance(one, Refusal) else _stored(one) for one in outcomes]


def _sent_in(upload: UploadRequest) -> bytes | Refusal:
    try:
        return _torrent(*upload)
    except Refusal as refusal:
        return refusal


def _stored(receipt: Receipt) -> tuple[bytes, dict[str, str]]:
    infohash = receipt.infohash
    return _answer(
        infohash,
        {
            "X-Thetorrent-Result": "stored",
            "X-Thetorrent-Hash": infohash,
            "X-Torrage-Infohash": infohash,
            "X-Hashkeep-New": "yes" if receipt.new else "no",
        },
    )


def _torrent(form: FormReader, kind: str, length: int, key: str) -> bytes:
    limit = settings.MAX_TORRENT_BYTES
    if length > limit + FORM_OVERHEAD:
        raise TooLarge(f"The file has more than the {limit:,} bytes that this archive takes.")
    try:
        torrent, words = read_form(form, kind, "torrent", ["apikey"])
    except BrokenForm:
        raise NoFileSent("The form is broken; send it as multipart/form-data.") from None
    except SeveralFiles:
        raise SeveralFilesSent(
            "Several files arrived in the field `torrent`; please send each in a form of its own."
        ) from None
    except OSError as error:  # the caller went away, or there is no room for the upload
        raise Unavailable("The upload did not arrive.") from error
    require_upload_key(find_key_text("", key, words.get("apikey", "")))
    if torrent is None:
        raise NoFileSent("No file arrived; send it in the multipart file field `torrent`, with a file name.")
    return torrent


def _failed(refusal: Refusal) -> tuple[bytes, dict[str, str]]:
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
    for kind, number in _OURS.items():
        if isinstance(refusal, kind):
            return number, words, words
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


def _answer(text: str, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    body = text.encode()
    plain = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
    }
    # An operator's reason may hold anything; a header is one line of Latin-1.
    return body, plain | {name: _line(value) for name, value in headers.items()}


def _line(text: str) -> str:
    return " ".join(text.split()).translate(_STRAIGHT).encode("latin-1", "replace").decode("latin-1")
