"""edittorrent: give a torrent of the account another name. Tags and other hashes are not stored."""

from django.http import HttpRequest, HttpResponse

from api.torbox.authentication import authenticate
from api.torbox.methods.controltorrent import parse_torrent_id
from api.torbox.request_body import parse_body
from api.torbox.responses import TorboxError, success_response
from archive.access.key_torrents import MAX_NAME_LENGTH, get_key_torrent, rename_key_torrent


def edit_torrent(request: HttpRequest) -> HttpResponse:
    key = authenticate(request)
    body = parse_body(request)
    name = body.text("name")
    mine = get_key_torrent(key, parse_torrent_id(body.text("torrent_id")))
    if "name" not in body.fields or name == mine.name:
        raise TorboxError("NO_CHANGES", "There is nothing to change.")
    if not name:
        raise TorboxError("NAME_TOO_SHORT", "A name has at least one letter.")
    if len(name) > MAX_NAME_LENGTH:
        raise TorboxError("NAME_TOO_LONG", f"A name has at most {MAX_NAME_LENGTH} letters.")
    rename_key_torrent(key, mine.id, name)
    return success_response(None, "Torrent edited successfully.")
