"""requestdl: a link to a finished file, or to a zip of all of them."""

import json

from django.http import HttpRequest, HttpResponse

from api.files.locate import list_files, open_file
from api.files.signed_link import FileLink, link_path
from api.torbox.authentication import authenticate
from api.torbox.request_body import is_true, parse_integer
from api.torbox.responses import TorboxError, success_response
from archive.access.api_keys import ApiKey, find_key_text

_DIGITS = 19  # of the largest number; what is no torrent's or file's is not found


def request_download(request: HttpRequest) -> HttpResponse:
    if missing := [name for name in ("token", "torrent_id") if not _given(request, name)]:
        return _unprocessable(missing)
    key = authenticate(request)
    number = _number(request, "torrent_id")
    zipped = is_true(request.GET.get("zip_link", ""))
    link, name = _zip(key, number) if zipped else _file(key, number, request)
    url = request.build_absolute_uri(link_path(link, name))
    if is_true(request.GET.get("redirect", "")):
        return HttpResponse(status=307, headers={"Location": url, "Cache-Control": "no-store"})
    return success_response(url, "Torrent download requested successfully.")


def _file(key: ApiKey, number: int, request: HttpRequest) -> tuple[FileLink, str]:
    """Whatever keeps the link from working is better told now."""
    if not request.GET.get("file_id"):
        raise TorboxError(
            "MISSING_REQUIRED_OPTION", "Send file_id, or zip_link=true for all files in one zip."
        )
    index = _number(request, "file_id")
    found = open_file(key, number, index)
    found.file.close()
    return FileLink(key.id, number, index), found.name


def _zip(key: ApiKey, number: int) -> tuple[FileLink, str]:
    name, files = list_files(key, number)
    for each in files:
        each.open().file.close()
    return FileLink(key.id, number, None), f"{name}.zip"


def _given(request: HttpRequest, name: str) -> bool:
    """A key may also come as it does everywhere else."""
    return bool(
        request.GET.get(name) or (name == "token" and find_key_text(request.headers.get("Authorization", "")))
    )


def _number(request: HttpRequest, name: str) -> int:
    return parse_integer(request.GET[name], name, _DIGITS)


def _unprocessable(missing: list[str]) -> HttpResponse:
    """As FastAPI, on which TorBox runs, says it of a parameter; without the envelope."""
    detail = [{"type": "missing", "loc": ["query", name], "msg": "Field required"} for name in missing]
    return HttpResponse(json.dumps({"detail": detail}), status=422, content_type="application/json")
