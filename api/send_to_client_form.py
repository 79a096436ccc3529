"""The button "Send to …" of a torrent's page: a form, answered by that page with a message."""

from django.conf import settings
from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from api.client_pool import UnknownClient, connect_client
from archive.torrents.retrieve import retrieve
from clients import ClientError, TorrentToAdd
from metainfo import compute_infohashes
from metainfo.errors import Refusal
from metainfo.infohash import parse_infohash


@require_POST
@staff_member_required
def send_to_client(request: HttpRequest, infohash: str) -> HttpResponse:
    name = request.POST.get("client", "")
    try:
        torrent = retrieve(parse_infohash(infohash)).torrent
        source = TorrentToAdd(torrent, compute_infohashes(torrent, settings.MAX_TORRENT_BYTES))
        with connect_client(name) as client:
            new = client.add(source, paused="paused" in request.POST)
        messages.success(request, f"Sent to {name}." if new else f"{name} has it already.")
    except (ClientError, Refusal, UnknownClient) as error:
        messages.error(request, str(error))
    return redirect("torrent", infohash)
