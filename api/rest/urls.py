"""Every route under /api/v1/, but for the page about them, which is web/'s."""

from django.urls import path

from api.rest import clients
from api.rest.check import Check
from api.rest.deposits import Deposits
from api.rest.description import Schema
from api.rest.key import OwnKey
from api.rest.search import Search
from api.rest.stats import Days, Stats
from api.rest.takedowns import Takedowns
from api.rest.torrents import Download, Files, Lookup, Torrent
from api.rest.wanted import Resolve, Wanted

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
