"""Peers that magnet links name go from the queue: nobody writes them down any more, and what was there is wiped."""

from django.db import migrations


def _wipe(apps, schema_editor):
    """SQLite else leaves what is deleted in the file until something else comes to lie there."""
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("PRAGMA secure_delete=ON")
    schema_editor.execute("UPDATE archive_wanted SET peers = '[]' WHERE peers <> '[]'")


class Migration(migrations.Migration):
    dependencies = [("archive", "0014_day_spans")]
    operations = [migrations.RunPython(_wipe), migrations.RemoveField("wanted", "peers")]
