"""URLs of the HTTP dialects."""

from django.urls import path, re_path

from api.stats import stats
from api.torrentcache import upload
from api.torrents import download

urlpatterns = [
    path("autoupload.php", upload),
    path("upload.php", upload),
    path("upload", upload, name="upload"),
    path("api/v1/stats", stats, name="stats"),
    re_path(r"^torrents?/.+$", download),
    re_path(r"^[^/]+\.torrent$", download),
    re_path(r"^(?:[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}|[A-Za-z2-7]{32})$", download, name="download"),
]
