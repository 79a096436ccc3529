"""Every route under /api/v1/, but for the page about them, which is web/'s."""

from django.urls import path

from api.rest.openapi import SchemaView
from api.rest.routes import torrent_clients
from api.rest.routes.check import HeldView
from api.rest.routes.deposits import DepositView
from api.rest.routes.own_key import OwnKeyView
from api.rest.routes.resolve import ResolveView, WantedView
from api.rest.routes.search import SearchView
from api.rest.routes.stats import DailyStatsView, StatsView
from api.rest.routes.takedowns import TakedownListView
from api.rest.routes.torrents import DownloadView, FileListView, LookupView, TorrentView

urlpatterns = [
    path("torrents", DepositView.as_view()),
    path("torrents/<str:infohash>", TorrentView.as_view(), name="rest-torrent"),
    path("torrents/<str:infohash>/files", FileListView.as_view(), name="rest-files"),
    path("torrents/<str:infohash>/download", DownloadView.as_view()),
    path("search", SearchView.as_view()),
    path("lookup", LookupView.as_view()),
    path("check", HeldView.as_view()),
    path("resolve", ResolveView.as_view()),
    path("wanted/<str:infohash>", WantedView.as_view(), name="wanted"),
    path("takedowns", TakedownListView.as_view()),
    path("stats", StatsView.as_view(), name="stats"),
    path("stats/days", DailyStatsView.as_view(), name="stats_days"),
    path("key", OwnKeyView.as_view()),
    path("clients", torrent_clients.ClientListView.as_view(), name="clients"),
    path("clients/<str:name>/torrents", torrent_clients.ClientTorrentListView.as_view()),
    path("clients/<str:name>/torrents/<str:infohash>", torrent_clients.ClientTorrentView.as_view()),
    path("clients/<str:name>/torrents/<str:infohash>/files", torrent_clients.ClientFileListView.as_view()),
    path("clients/<str:name>/torrents/<str:infohash>/trackers", torrent_clients.ClientTrackersView.as_view()),
    path(
        "clients/<str:name>/torrents/<str:infohash>/<str:action>", torrent_clients.ClientActionView.as_view()
    ),
    path("schema", SchemaView.as_view(), name="schema"),
]
