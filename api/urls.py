"""URLs of the HTTP dialects."""

from django.urls import include, path, re_path

from api.hash2torrent import fetch, health_check
from api.operations import metrics, well
from api.torrentcache import upload
from api.torrents import download

urlpatterns = [
    path("autoupload.php", upload),
    path("upload.php", upload),
    path("upload", upload, name="upload"),
    path("api/v1/", include("api.rest.urls")),
    path("health_check", health_check),
    path("health", well),
    path("metrics", metrics),
    re_path(r"^torrents/.+$", fetch),
    re_path(r"^torrent/.+$", download),
    re_path(r"^[^/]+\.torrent$", download),
    re_path(r"^(?:[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}|[A-Za-z2-7]{32})$", fetch, name="download"),
]
