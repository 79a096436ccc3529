"""URLs of the HTTP dialects."""

from django.urls import include, path, re_path
from django.views.generic import RedirectView

from api.downloads import download
from api.feeds.rss import rss
from api.feeds.torznab import torznab
from api.files.views import hand_out
from api.hash2torrent import fetch, health_check
from api.monitoring import metrics, well
from api.send_to_client import send
from api.torrage.infohash_lists import hashes, names
from api.torrage.upload import upload
from api.torrent_api import PeerStats, add, films, info, peers

by_infohash = [
    # What follows an infohash may hold a new line, for which a dot does not stand.
    re_path(r"^torrents/[\s\S]*$", fetch),
    re_path(r"^torrent/[\s\S]*$", download),
    re_path(r"^[^/]+\.[Tt][Oo][Rr][Rr][Ee][Nn][Tt]$", download),  # Django reverses no (?i:)
    re_path(r"^(?:[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}|[A-Za-z2-7]{32})$", fetch, name="download"),
]
urlpatterns = [
    path("autoupload.php", upload),
    path("upload.php", upload),
    path("upload", upload, name="upload"),
    path("api/v1/", include("api.rest.urls")),
    path("api/v1", RedirectView.as_view(url="/api/v1/docs")),
    path("v1/", include("api.torbox.urls")),
    path("files/<str:link>", hand_out, name="finished"),
    path("files/<str:link>/<path:name>", hand_out),
    path("torznab", RedirectView.as_view(url="/torznab/api?t=caps")),
    path("torznab/api", torznab),
    path("sync/", names),
    path("sync/<str:name>", hashes),
    path("rss", rss, name="rss"),
    path("send/<str:infohash>", send, name="send"),
    path("health_check", health_check),
    path("health", well),
    path("metrics", metrics),
    path("torrent/list/imdb/<str:imdb>", PeerStats.as_view(act=films)),
    path("torrent/info/<str:infohash>", PeerStats.as_view(act=info)),
    path("torrent/peers/<str:infohash>", PeerStats.as_view(act=peers)),
    path("torrent/add", PeerStats.as_view(verb="POST", act=add)),
    *by_infohash,
]
