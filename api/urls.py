"""URLs of the HTTP dialects."""

from django.urls import path, re_path

from api import clients
from api.hash2torrent import fetch, health_check
from api.operations import metrics, well
from api.stats import stats
from api.torrentcache import upload
from api.torrents import download
from api.wanted import resolve, wanted

urlpatterns = [
    path("autoupload.php", upload),
    path("upload.php", upload),
    path("upload", upload, name="upload"),
    path("api/v1/stats", stats, name="stats"),
    path("api/v1/resolve", resolve, name="resolve"),
    path("api/v1/wanted/<str:infohash>", wanted, name="wanted"),
    path("api/v1/clients/", clients.Clients.as_view(), name="clients"),
    path("api/v1/clients/<str:name>/torrents", clients.Torrents.as_view(), name="client"),
    path("api/v1/clients/<str:name>/torrents/<str:infohash>", clients.Torrent.as_view()),
    path("api/v1/clients/<str:name>/torrents/<str:infohash>/files", clients.Files.as_view()),
    path("api/v1/clients/<str:name>/torrents/<str:infohash>/trackers", clients.Trackers.as_view()),
    path("api/v1/clients/<str:name>/torrents/<str:infohash>/<str:action>", clients.Action.as_view()),
    path("send/<str:infohash>", clients.send, name="send"),
    path("health_check", health_check),
    path("health", well),
    path("metrics", metrics),
    re_path(r"^torrents/.+$", fetch),
    re_path(r"^torrent/.+$", download),
    re_path(r"^[^/]+\.torrent$", download),
    re_path(r"^(?:[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}|[A-Za-z2-7]{32})$", fetch, name="download"),
]
