"""Triggers that keep the number of stored torrents, so that whatever changes the rows changes the count with them."""

from django.db import migrations

_SQLITE = [
    """
    CREATE TRIGGER torrent_added AFTER INSERT ON archive_torrent BEGIN
        UPDATE archive_tally SET stored = stored + 1 WHERE shard = 0;
    END
    """,
    """
    CREATE TRIGGER torrent_removed AFTER DELETE ON archive_torrent BEGIN
        UPDATE archive_tally SET stored = stored - 1 WHERE shard = 0;
    END
    """,
]

# A statement of any number of rows is one update; connections spread over the shards, so that they rarely wait.
_POSTGRESQL = [
    """
    CREATE FUNCTION archive_tally() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            UPDATE archive_tally SET stored = stored + (SELECT count(*) FROM changed)
                WHERE shard = mod(pg_backend_pid(), 16);
        ELSE
            UPDATE archive_tally SET stored = stored - (SELECT count(*) FROM changed)
                WHERE shard = mod(pg_backend_pid(), 16);
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER torrent_added AFTER INSERT ON archive_torrent
        REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION archive_tally()
    """,
    """
    CREATE TRIGGER torrent_removed AFTER DELETE ON archive_torrent
        REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION archive_tally()
    """,
]

_UNDO = {
    "sqlite": ["DROP TRIGGER torrent_added", "DROP TRIGGER torrent_removed"],
    "postgresql": ["DROP FUNCTION archive_tally() CASCADE"],
}


def _add(apps, schema_editor):
    for statement in {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def _remove(apps, schema_editor):
    for statement in _UNDO[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("archive", "0001_tables")]
    operations = [migrations.RunPython(_add, _remove)]
