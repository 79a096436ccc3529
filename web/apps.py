"""Registers the pages as a Django app, so that their templates and static files are found."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "web"
