"""URLs of the HTTP dialects."""

from django.urls import include, path, re_path
from django.views.generic import RedirectView

from api.downloads import download
from api.feeds.rss import rss_feed
from api.feeds.torznab import torznab_api
from api.files.views import serve_file
from api.hash2torrent import fetch_torrent, health_check
from api.monitoring import health_view, metrics_view
from api.send_to_client_form import send_to_client
from api.torrage.infohash_lists import infohash_list, list_index
from api.torrage.upload import upload
from api.torrent_api.methods import count_peers, list_film_torrents, request_torrent, torrent_info
from api.torrent_api.view import TorrentApiView

by_infohash = [
    # What follows an infohash may hold a new line, for which a dot does not stand.
    re_path(r"^torrents/[\s\S]*$", fetch_torrent),
    re_path(r"^torrent/[\s\S]*$", download),
    re_path(r"^[^/]+\.[Tt][Oo][Rr][Rr][Ee][Nn][Tt]$", download),  # Django reverses no (?i:)
    re_path(r"^(?:[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}|[A-Za-z2-7]{32})$", fetch_torrent, name="download"),
]
urlpatterns = [
    path("autoupload.php", upload),
    path("upload.php", upload),
    path("upload", upload, name="upload"),
    path("api/v1/", include("api.rest.urls")),
    path("api/v1", RedirectView.as_view(url="/api/v1/docs")),
    path("v1/", include("api.torbox.urls")),
    path("files/<str:link>", serve_file, name="finished"),
    path("files/<str:link>/<path:name>", serve_file),
    path("torznab", RedirectView.as_view(url="/torznab/api?t=caps")),
    path("torznab/api", torznab_api),
    path("sync/", list_index),
    path("sync/<str:name>", infohash_list),
    path("rss", rss_feed, name="rss"),
    path("send/<str:infohash>", send_to_client, name="send"),
    path("health_check", health_check),
    path("health", health_view),
    path("metrics", metrics_view),
    path("torrent/list/imdb/<str:imdb>", TorrentApiView.as_view(method=list_film_torrents)),
    path("torrent/info/<str:infohash>", TorrentApiView.as_view(method=torrent_info)),
    path("torrent/peers/<str:infohash>", TorrentApiView.as_view(method=count_peers)),
    path("torrent/add", TorrentApiView.as_view(verb="POST", method=request_torrent)),
    *by_infohash,
]
