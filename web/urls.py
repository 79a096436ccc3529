"""URLs of the pages. What lies at /upload, /torrent/…, /api/… and /<infohash> belongs to the other doors."""

from django.templatetags.static import static
from django.urls import path
from django.views.generic import RedirectView

from web import search_page, stats_page, views, wellknown

urlpatterns = [
    path("", views.front, name="front"),
    path("search", search_page.search_page, name="search"),
    path("find", views.find_torrent, name="find"),
    path("view/<str:infohash>", views.torrent, name="torrent"),
    path("view/<str:infohash>/files.txt", views.files, name="files"),
    path("store", views.store, name="store"),
    path("api", views.api, name="api"),
    path("api/v1/docs", views.reference, name="reference"),
    path("stats", stats_page.stats_page, name="statistics"),
    path("takedowns", views.takedowns, name="takedowns"),
    path("takedowns.txt", views.all_takedowns, name="all_takedowns"),
    path("robots.txt", wellknown.robots),
    path(".well-known/security.txt", wellknown.security),
    path("favicon.ico", RedirectView.as_view(url=static("web/icon.svg"))),
]
