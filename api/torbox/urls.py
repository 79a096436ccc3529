"""Every path under /v1/api/. Some clients end theirs with a slash."""

from django.urls import URLPattern, re_path

from api.torbox.envelope import Act, speaks, unknown
from api.torbox.requestdl import requestdl


def _at(path: str, **acts: Act) -> URLPattern:
    return re_path(rf"^{path}/?$", speaks(**acts))


urlpatterns = [
    _at("api/torrents/requestdl", GET=requestdl),
    re_path("", speaks(GET=unknown, POST=unknown, PUT=unknown, DELETE=unknown)),
]
