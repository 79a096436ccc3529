"""Every path under /v1/ and its functions, one an HTTP method."""

from django.urls import URLPattern, re_path

from api.torbox.endpoint import Method, method_view, unknown_endpoint
from api.torbox.methods.account import (
    account_details,
    control_queued,
    empty_cached,
    empty_list,
    refuse_other_kinds,
    refuse_unknown_item,
)
from api.torbox.methods.checkcached import check_cached, check_cached_list
from api.torbox.methods.controltorrent import control_torrent, delete_torrent
from api.torbox.methods.createtorrent import create_torrent, create_torrent_at_once
from api.torbox.methods.edittorrent import edit_torrent
from api.torbox.methods.mylist import list_torrents
from api.torbox.methods.requestdl import request_download
from api.torbox.methods.torrentinfo import export_data, magnet_to_file, torrent_info, torrent_info_of_body


def _method_path(path: str, **methods: Method) -> URLPattern:
    """Some clients end a path with a slash."""
    return re_path(rf"^api/{path}/?$", method_view(**methods))


urlpatterns = [
    _method_path("torrents/createtorrent", POST=create_torrent),
    _method_path("torrents/asynccreatetorrent", POST=create_torrent_at_once),
    _method_path("torrents/controltorrent", POST=control_torrent),
    _method_path("torrents/controltorrent/(?P<number>[0-9]+)", DELETE=delete_torrent),
    _method_path("torrents/edittorrent", PUT=edit_torrent),
    _method_path("torrents/mylist", GET=list_torrents),
    _method_path("torrents/requestdl", GET=request_download),
    _method_path("torrents/checkcached", GET=check_cached, POST=check_cached_list),
    _method_path("torrents/exportdata", GET=export_data),
    _method_path("torrents/torrentinfo", GET=torrent_info, POST=torrent_info_of_body),
    _method_path("torrents/magnettofile", POST=magnet_to_file),
    _method_path("(?:torrents|queued)/getqueued", GET=empty_list),
    _method_path("(?:torrents|queued)/controlqueued", POST=control_queued),
    # user/me names a plan that has these, so they answer: there is never anything in them.
    _method_path("(?:usenet|webdl)/mylist", GET=empty_list),
    _method_path("(?:usenet|webdl)/checkcached", GET=empty_cached, POST=empty_cached),
    _method_path("webdl/hosters", GET=empty_list),
    _method_path("(?:usenet|webdl)/requestdl", GET=refuse_unknown_item),
    _method_path(
        "usenet/(?:controlusenetdownload|editusenetdownload)",
        POST=refuse_unknown_item,
        PUT=refuse_unknown_item,
    ),
    _method_path(
        "webdl/(?:controlwebdownload|editwebdownload)", POST=refuse_unknown_item, PUT=refuse_unknown_item
    ),
    _method_path("usenet/(?:async)?createusenetdownload", POST=refuse_other_kinds),
    _method_path("webdl/(?:async)?createwebdownload", POST=refuse_other_kinds),
    _method_path("user/me", GET=account_details),
    re_path(
        "",
        method_view(
            GET=unknown_endpoint, POST=unknown_endpoint, PUT=unknown_endpoint, DELETE=unknown_endpoint
        ),
    ),
]
