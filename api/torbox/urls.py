"""Every path under /v1/. Some clients end theirs with a slash."""

from django.urls import URLPattern, re_path

from api.torbox.methods.checkcached import cached, cached_many
from api.torbox.methods.controltorrent import control, delete
from api.torbox.methods.createtorrent import create, create_soon
from api.torbox.methods.edittorrent import edit
from api.torbox.methods.mylist import mylist
from api.torbox.methods.requestdl import requestdl
from api.torbox.methods.torrentinfo import export, info, info_of, magnet_to_file
from api.torbox.methods.user import me, not_queued, nothing
from api.torbox.responses import Act, speaks, unknown


def _at(path: str, **acts: Act) -> URLPattern:
    return re_path(rf"^api/{path}/?$", speaks(**acts))


urlpatterns = [
    _at("torrents/createtorrent", POST=create),
    _at("torrents/asynccreatetorrent", POST=create_soon),
    _at("torrents/controltorrent", POST=control),
    _at("torrents/controltorrent/(?P<number>[0-9]+)", DELETE=delete),
    _at("torrents/edittorrent", PUT=edit),
    _at("torrents/mylist", GET=mylist),
    _at("torrents/requestdl", GET=requestdl),
    _at("torrents/checkcached", GET=cached, POST=cached_many),
    _at("torrents/exportdata", GET=export),
    _at("torrents/torrentinfo", GET=info, POST=info_of),
    _at("torrents/magnettofile", POST=magnet_to_file),
    _at("(?:torrents|queued)/getqueued", GET=nothing),
    _at("(?:torrents|queued)/controlqueued", POST=not_queued),
    _at("(?:usenet|webdl)/(?:mylist|checkcached)", GET=nothing),
    _at("user/me", GET=me),
    re_path("", speaks(GET=unknown, POST=unknown, PUT=unknown, DELETE=unknown)),
]
