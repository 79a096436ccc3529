"""The pages, as a Django app: that is how their templates and static files are found."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "web"
