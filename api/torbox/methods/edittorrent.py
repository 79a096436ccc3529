"""edittorrent: another name. Tags and other hashes are not kept."""

from django.http import HttpRequest, HttpResponse

from api.torbox.authentication import account
from api.torbox.methods.controltorrent import number_of
from api.torbox.request_body import given
from api.torbox.responses import Failed, success
from archive.access.key_torrents import MAX_NAME_LENGTH, get_key_torrent, rename_key_torrent


def edit(request: HttpRequest) -> HttpResponse:
    key = account(request)
    asked = given(request)
    name = asked.text("name")
    mine = get_key_torrent(key, number_of(asked.text("torrent_id")))
    if "name" not in asked.fields or name == mine.name:
        raise Failed("NO_CHANGES", "There is nothing to change.")
    if not name:
        raise Failed("NAME_TOO_SHORT", "A name has at least one letter.")
    if len(name) > MAX_NAME_LENGTH:
        raise Failed("NAME_TOO_LONG", f"A name has at most {MAX_NAME_LENGTH} letters.")
    rename_key_torrent(key, mine.id, name)
    return success(None, "Torrent edited successfully.")
