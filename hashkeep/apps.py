"""The Django app `hashkeep`: so Django finds its commands, admin pages, templates, static files and checks."""

from django.apps import AppConfig

from hashkeep.settings_checks import register_checks


class HashkeepConfig(AppConfig):
    name = "hashkeep"

    def ready(self) -> None:
        register_checks()
