"""Each day knows the lowest and the highest of its rows. What is there already is looked through after this."""

from django.db import migrations, models

# By hand: Django would build SQLite's table anew for a column, and the triggers name it.
_COLUMNS = [
    "ALTER TABLE archive_storedday ADD COLUMN lowest bigint NOT NULL DEFAULT 9223372036854775807",
    "ALTER TABLE archive_storedday ADD COLUMN highest bigint NOT NULL DEFAULT 0",
]

_SQLITE = [
    *_COLUMNS,
    "DROP TRIGGER torrent_added",
    """
    CREATE TRIGGER torrent_added AFTER INSERT ON archive_torrent BEGIN
        UPDATE archive_tally SET stored = stored + 1, v2 = v2 + (NEW.v1 IS NULL),
            hybrid = hybrid + (NEW.v1 IS NOT NULL AND NEW.v2 IS NOT NULL) WHERE shard = 0;
        INSERT INTO archive_storedday (day, shard, stored) SELECT date(NEW.stored_at), 0, 0
            WHERE NOT EXISTS (SELECT 1 FROM archive_storedday WHERE day = date(NEW.stored_at) AND shard = 0);
        UPDATE archive_storedday SET stored = stored + 1, lowest = min(lowest, NEW.id),
            highest = max(highest, NEW.id) WHERE day = date(NEW.stored_at) AND shard = 0;
    END
    """,
]

_POSTGRESQL = [
    # First, and a new one afterwards: so nobody is in the middle of the old function when it goes.
    "DROP TRIGGER torrent_added ON archive_torrent",
    *_COLUMNS,
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
        INSERT INTO archive_storedday AS known (day, shard, stored, lowest, highest)
            SELECT (stored_at AT TIME ZONE 'UTC')::date, mine, sign * count(*), min(id), max(id)
                FROM changed GROUP BY 1
            ON CONFLICT (day, shard) DO UPDATE SET stored = known.stored + excluded.stored,
                lowest = least(known.lowest, excluded.lowest), highest = greatest(known.highest, excluded.highest);
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER torrent_added AFTER INSERT ON archive_torrent
        REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION archive_tally()
    """,
]


def _widen(apps, schema_editor):
    for statement in {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("archive", "0013_unfinished_takedowns")]
    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunPython(_widen)],
            [
                migrations.AddField(
                    "storedday",
                    "lowest",
                    models.BigIntegerField(
                        db_default=9223372036854775807, verbose_name="number of the first row of that day"
                    ),
                ),
                migrations.AddField(
                    "storedday",
                    "highest",
                    models.BigIntegerField(db_default=0, verbose_name="and of the last"),
                ),
            ],
        )
    ]
