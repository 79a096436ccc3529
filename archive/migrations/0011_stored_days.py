"""The tally of stored torrents by kind and by day. The triggers of 0002 go, and ones that keep all of it come."""

from django.db import migrations, models

# By hand: Django would build SQLite's table anew for a column, and the triggers name it.
_COLUMNS = [
    "ALTER TABLE archive_tally ADD COLUMN v2 bigint NOT NULL DEFAULT 0",
    "ALTER TABLE archive_tally ADD COLUMN hybrid bigint NOT NULL DEFAULT 0",
]

# The second statement cannot be an upsert: where a torrent is inserted OR IGNORE, that would be meant here too.
_SQLITE = [
    "DROP TRIGGER torrent_added",
    "DROP TRIGGER torrent_removed",
    """
    CREATE TRIGGER torrent_added AFTER INSERT ON archive_torrent BEGIN
        UPDATE archive_tally SET stored = stored + 1, v2 = v2 + (NEW.v1 IS NULL),
            hybrid = hybrid + (NEW.v1 IS NOT NULL AND NEW.v2 IS NOT NULL) WHERE shard = 0;
        INSERT INTO archive_storedday (day, shard, stored) SELECT date(NEW.stored_at), 0, 0
            WHERE NOT EXISTS (SELECT 1 FROM archive_storedday WHERE day = date(NEW.stored_at) AND shard = 0);
        UPDATE archive_storedday SET stored = stored + 1 WHERE day = date(NEW.stored_at) AND shard = 0;
    END
    """,
    """
    CREATE TRIGGER torrent_removed AFTER DELETE ON archive_torrent BEGIN
        UPDATE archive_tally SET stored = stored - 1, v2 = v2 - (OLD.v1 IS NULL),
            hybrid = hybrid - (OLD.v1 IS NOT NULL AND OLD.v2 IS NOT NULL) WHERE shard = 0;
        UPDATE archive_storedday SET stored = stored - 1 WHERE day = date(OLD.stored_at) AND shard = 0;
    END
    """,
]

# As in 0002. The day's row is in the same shard, so whoever holds the one waits for nobody at the other.
_POSTGRESQL = [
    """
    CREATE OR REPLACE FUNCTION archive_tally() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        sign integer := CASE WHEN TG_OP = 'INSERT' THEN 1 ELSE -1 END;
        mine integer := mod(pg_backend_pid(), 16);
    BEGIN
        UPDATE archive_tally SET stored = archive_tally.stored + sign * one.stored,
            v2 = archive_tally.v2 + sign * one.v2, hybrid = archive_tally.hybrid + sign * one.hybrid
            FROM (SELECT count(*) AS stored, count(*) - count(v1) AS v2,
                count(*) FILTER (WHERE v1 IS NOT NULL AND v2 IS NOT NULL) AS hybrid FROM changed) AS one
            WHERE shard = mine;
        INSERT INTO archive_storedday AS known (day, shard, stored)
            SELECT (stored_at AT TIME ZONE 'UTC')::date, mine, sign * count(*) FROM changed GROUP BY 1
            ON CONFLICT (day, shard) DO UPDATE SET stored = known.stored + excluded.stored;
        RETURN NULL;
    END $$
    """,
    # New ones, so that nobody stores anything between this and the count of what is there.
    "DROP TRIGGER torrent_added ON archive_torrent",
    """
    CREATE TRIGGER torrent_added AFTER INSERT ON archive_torrent
        REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION archive_tally()
    """,
]

_DAYS = {"sqlite": "date(stored_at)", "postgresql": "(stored_at AT TIME ZONE 'UTC')::date"}
_FILL = [
    "INSERT INTO archive_storedday (day, shard, stored) SELECT {day}, 0, count(*) FROM archive_torrent GROUP BY 1",
    """
    UPDATE archive_tally SET
        v2 = (SELECT count(*) FROM archive_torrent WHERE v1 IS NULL),
        hybrid = (SELECT count(*) FROM archive_torrent WHERE v1 IS NOT NULL AND v2 IS NOT NULL)
        WHERE shard = 0
    """,
]


def _count(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    for statement in [*{"sqlite": _SQLITE, "postgresql": _POSTGRESQL}[vendor], *_FILL]:
        schema_editor.execute(statement.replace("{day}", _DAYS[vendor]), params=None)


class Migration(migrations.Migration):
    dependencies = [("archive", "0010_names")]
    operations = [
        migrations.CreateModel(
            "StoredDay",
            [
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "day", "shard", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("day", models.DateField()),
                ("shard", models.SmallIntegerField()),
                ("stored", models.BigIntegerField()),
            ],
        ),
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(_COLUMNS)],
            [
                migrations.AddField(
                    "tally",
                    "v2",
                    models.BigIntegerField(
                        db_default=0, verbose_name="of them, those without a v1 infohash"
                    ),
                ),
                migrations.AddField(
                    "tally",
                    "hybrid",
                    models.BigIntegerField(db_default=0, verbose_name="of them, those with both"),
                ),
            ],
        ),
        migrations.RunPython(_count),
    ]
