"""The census's sums by day. What was derived from addresses goes: it lives in the census's memory from now on."""

from django.db import migrations, models

# Rows lie in the order of their key, so that a torrent's days are neighbours and no index repeats them.
_TOGETHER = """
    CREATE TABLE archive_peerday_new (
        torrent_id bigint NOT NULL REFERENCES archive_torrent (id) DEFERRABLE INITIALLY DEFERRED,
        day date NOT NULL,
        countries text NOT NULL CHECK (JSON_VALID(countries)),
        PRIMARY KEY (torrent_id, day)
    ) WITHOUT ROWID
"""


def _lay_together(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for statement in (
            _TOGETHER,
            "INSERT INTO archive_peerday_new SELECT torrent_id, day, countries FROM archive_peerday",
            "DROP TABLE archive_peerday",
            "ALTER TABLE archive_peerday_new RENAME TO archive_peerday",
        ):
            schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("archive", "0011_stored_days")]
    operations = [
        migrations.DeleteModel("DayKey"),
        migrations.DeleteModel("DayMarks"),
        migrations.AddField(
            "watched",
            "known_to",
            models.BigIntegerField(null=True, verbose_name="the census that knows who was counted today"),
        ),
        migrations.RunPython(_lay_together),
        migrations.CreateModel(
            "CensusDay",
            [
                ("day", models.DateField(primary_key=True, serialize=False)),
                ("looked", models.BigIntegerField()),
                ("alive", models.BigIntegerField()),
                ("peers", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            "CountryDay",
            [
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "day", "country", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("day", models.DateField()),
                ("country", models.TextField(verbose_name="ISO 3166-1 alpha-2 code")),
                ("peers", models.BigIntegerField()),
            ],
        ),
    ]
