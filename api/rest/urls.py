"""Every route under /api/v1/, but for the page about them, which is web/'s."""

from django.urls import path

from api.rest.openapi import Schema
from api.rest.routes import torrent_clients
from api.rest.routes.deposits import Deposits
from api.rest.routes.held import Check
from api.rest.routes.own_key import OwnKey
from api.rest.routes.resolve import Resolve, Wanted
from api.rest.routes.search import Search
from api.rest.routes.stats import Days, Stats
from api.rest.routes.takedowns import Takedowns
from api.rest.routes.torrents import Download, Files, Lookup, Torrent

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
    path("clients", torrent_clients.Clients.as_view(), name="clients"),
    path("clients/<str:name>/torrents", torrent_clients.Torrents.as_view()),
    path("clients/<str:name>/torrents/<str:infohash>", torrent_clients.OneTorrent.as_view()),
    path("clients/<str:name>/torrents/<str:infohash>/files", torrent_clients.Files.as_view()),
    path("clients/<str:name>/torrents/<str:infohash>/trackers", torrent_clients.Trackers.as_view()),
    path("clients/<str:name>/torrents/<str:infohash>/<str:action>", torrent_clients.Action.as_view()),
    path("schema", Schema.as_view(), name="schema"),
]
