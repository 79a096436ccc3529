"""The Django project as an app: that is how its commands, admin pages, templates and static files are found."""

from django.apps import AppConfig


class HashkeepConfig(AppConfig):
    name = "hashkeep"
