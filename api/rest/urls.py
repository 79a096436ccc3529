"""Every route under /api/v1/, but for the page about them, which is web/'s."""

from django.urls import path

from api.rest.routes import clients
from api.rest.routes.check import Check
from api.rest.routes.deposits import Deposits
from api.rest.routes.key import OwnKey
from api.rest.routes.search import Search
from api.rest.routes.stats import Days, Stats
from api.rest.routes.takedowns import Takedowns
from api.rest.routes.torrents import Download, Files, Lookup, Torrent
from api.rest.routes.wanted import Resolve, Wanted
from api.rest.schema import Schema

urlpatterns = [
    path("torrents", Deposits.as_view()),
    path("torrents/<str:infohash>", Torrent.as_view(), name="rest-torrent"),
    path("torrents/<str:infohash>/files", Files.as_view(), name="rest-files"),
    path("torrents/<str:infohash>/download", Download.as_view()),
    path("search", Search.as_view()),
    path("lookup", Lookup.as_view()),
    path("check", Check.as_view()),
    path("resolve", Resolve.as_view()),
    path("wanted/<str:infohash>", Wanted.as_view(), name="wanted"),
    path("takedowns", Takedowns.as_view()),
    path("stats", Stats.as_view(), name="stats"),
    path("stats/days", Days.as_view(), name="stats_days"),
    path("key", OwnKey.as_view()),
    path("clients", clients.Clients.as_view(), name="clients"),
    path("clients/<str:name>/torrents", clients.Torrents.as_view()),
    path("clients/<str:name>/torrents/<str:infohash>", clients.OneTorrent.as_view()),
    path("clients/<str:name>/torrents/<str:infohash>/files", clients.Files.as_view()),
    path("clients/<str:name>/torrents/<str:infohash>/trackers", clients.Trackers.as_view()),
    path("clients/<str:name>/torrents/<str:infohash>/<str:action>", clients.Action.as_view()),
    path("schema", Schema.as_view(), name="schema"),
]
