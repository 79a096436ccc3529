"""Every path under /v1/. Some clients end theirs with a slash."""

from django.urls import URLPattern, re_path

from api.torbox.methods.checkcached import check_cached, check_cached_list
from api.torbox.methods.controltorrent import control_torrent, delete_torrent
from api.torbox.methods.createtorrent import create_torrent, create_torrent_at_once
from api.torbox.methods.edittorrent import edit_torrent
from api.torbox.methods.mylist import list_torrents
from api.torbox.methods.requestdl import request_download
from api.torbox.methods.torrentinfo import export_data, magnet_to_file, torrent_info, torrent_info_of_body
from api.torbox.methods.user import account_details, control_queued, empty_list
from api.torbox.responses import Method, method_view, unknown_endpoint


def _at(path: str, **methods: Method) -> URLPattern:
    return re_path(rf"^api/{path}/?$", method_view(**methods))


urlpatterns = [
    _at("torrents/createtorrent", POST=create_torrent),
    _at("torrents/asynccreatetorrent", POST=create_torrent_at_once),
    _at("torrents/controltorrent", POST=control_torrent),
    _at("torrents/controltorrent/(?P<number>[0-9]+)", DELETE=delete_torrent),
    _at("torrents/edittorrent", PUT=edit_torrent),
    _at("torrents/mylist", GET=list_torrents),
    _at("torrents/requestdl", GET=request_download),
    _at("torrents/checkcached", GET=check_cached, POST=check_cached_list),
    _at("torrents/exportdata", GET=export_data),
    _at("torrents/torrentinfo", GET=torrent_info, POST=torrent_info_of_body),
    _at("torrents/magnettofile", POST=magnet_to_file),
    _at("(?:torrents|queued)/getqueued", GET=empty_list),
    _at("(?:torrents|queued)/controlqueued", POST=control_queued),
    _at("(?:usenet|webdl)/(?:mylist|checkcached)", GET=empty_list),
    _at("user/me", GET=account_details),
    re_path(
        "",
        method_view(
            GET=unknown_endpoint, POST=unknown_endpoint, PUT=unknown_endpoint, DELETE=unknown_endpoint
        ),
    ),
]
