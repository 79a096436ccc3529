"""URLs of the pages. /upload, /torrent/…, most of /api/… and /<infohash> belong to `api` and `soap`."""

from django.templatetags.static import static
from django.urls import path
from django.views.generic import RedirectView

from web import api_pages, front_page, search_page, stats_page, takedowns_page, torrent_page, wellknown

urlpatterns = [
    path("", front_page.front_page, name="front"),
    path("search", search_page.search_page, name="search"),
    path("find", torrent_page.find_torrent, name="find"),
    path("view/<str:infohash>", torrent_page.torrent_page, name="torrent"),
    path("view/<str:infohash>/files.txt", torrent_page.torrent_files, name="files"),
    path("store", front_page.store_files, name="store"),
    path("api", api_pages.api_page, name="api"),
    path("api/v1/docs", api_pages.rest_reference, name="reference"),
    path("stats", stats_page.stats_page, name="statistics"),
    path("takedowns", takedowns_page.takedowns_page, name="takedowns"),
    path("takedowns.txt", takedowns_page.takedowns_text, name="all_takedowns"),
    path("robots.txt", wellknown.robots_txt),
    path(".well-known/security.txt", wellknown.security_txt),
    path("favicon.ico", RedirectView.as_view(url=static("web/icon.svg"))),
]
