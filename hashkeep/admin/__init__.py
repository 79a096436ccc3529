"""The operator's pages, a module a table. They show and ask; use cases do whatever changes."""

from django.contrib import admin

from hashkeep.admin import api_keys, census, films, takedowns, torrents, wishes

__all__ = ["api_keys", "census", "films", "takedowns", "torrents", "wishes"]

admin.site.site_header = admin.site.site_title = "Hashkeep"
admin.site.index_title = "What is kept here"
