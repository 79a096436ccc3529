"""requestdl: a link to a finished file, or to a zip of all of them."""

import json

from django.http import HttpRequest, HttpResponse

from api.files.open_client_files import list_files, open_file
from api.files.signed_link import FileLink, link_path
from api.torbox.authentication import authenticate
from api.torbox.request_body import is_true, parse_integer
from api.torbox.responses import success_response
from archive.access.api_keys import ApiKey, find_key_text

_MAX_DIGITS = 19  # of the largest number in the database; an id that is not in use is not found


def request_download(request: HttpRequest) -> HttpResponse:
    if missing := [name for name in ("token", "torrent_id") if not _has_parameter(request, name)]:
        return _missing_parameters_response(missing)
    key = authenticate(request)
    torrent_id = _integer_parameter(request, "torrent_id")
    is_zip = is_true(request.GET.get("zip_link", ""))
    link, name = _zip_link(key, torrent_id) if is_zip else _file_link(key, torrent_id, request)
    url = request.build_absolute_uri(link_path(link, name))
    if is_true(request.GET.get("redirect", "")):
        return HttpResponse(status=307, headers={"Location": url, "Cache-Control": "no-store"})
    return success_response(url, "Torrent download requested successfully.")


def _file_link(key: ApiKey, torrent_id: int, request: HttpRequest) -> tuple[FileLink, str]:
    """The link and the file's name. The file is opened once, so that whatever is wrong is said now.

    Without `file_id` it is file 0: Go programs, StremThru among them, leave a parameter out that is 0 (`omitempty`).
    """
    index = _integer_parameter(request, "file_id")
    file = open_file(key, torrent_id, index)
    file.file.close()
    return FileLink(key.id, torrent_id, index), file.name


def _zip_link(key: ApiKey, torrent_id: int) -> tuple[FileLink, str]:
    """As `_file_link`."""
    name, files = list_files(key, torrent_id)
    for file in files:
        file.open().file.close()
    return FileLink(key.id, torrent_id, None), f"{name}.zip"


def _has_parameter(request: HttpRequest, name: str) -> bool:
    """The key, here `token`, may also be in the header Authorization, as everywhere else."""
    return bool(
        request.GET.get(name) or (name == "token" and find_key_text(request.headers.get("Authorization", "")))
    )


def _integer_parameter(request: HttpRequest, name: str) -> int:
    return parse_integer(request.GET.get(name, "").strip() or "0", name, _MAX_DIGITS)


def _missing_parameters_response(names: list[str]) -> HttpResponse:
    """Without the envelope: as FastAPI, on which TorBox runs, answers."""
    detail = [{"type": "missing", "loc": ["query", name], "msg": "Field required"} for name in names]
    return HttpResponse(json.dumps({"detail": detail}), status=422, content_type="application/json")
