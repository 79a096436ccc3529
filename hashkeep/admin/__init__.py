"""The admin, a module for each table. It shows and asks; functions of `archive` do whatever changes anything."""

from django.contrib import admin

from hashkeep.admin import api_keys, census, films, takedowns, torrents, wishes

__all__ = ["api_keys", "census", "films", "takedowns", "torrents", "wishes"]

admin.site.site_header = admin.site.site_title = "Hashkeep"
admin.site.index_title = "What is kept here"
