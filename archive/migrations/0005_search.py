"""The words of each torrent's name, and what finds them: FTS5 with triggers on SQLite, a GIN index on PostgreSQL.
And the archives that this one mirrors.

Both indexes follow the column in the transaction that writes it, so a row and its words come and go together.
"""

from django.db import migrations, models

from archive.naming.torrent_kind import guess_kind
from archive.naming.search_words import kind_word, split_words

_COLUMN = "ALTER TABLE archive_torrent ADD COLUMN words text NOT NULL DEFAULT ''"
_BATCH = 5_000

# detail=none and columnsize=0: nobody asks where in a name a word stands, and the index is a quarter as large.
# The text itself is only in archive_torrent. The words are split and folded already: all that parts them is a space.
_SQLITE = [
    """
    CREATE VIRTUAL TABLE archive_search USING fts5(
        words, content='archive_torrent', content_rowid='id', detail=none, columnsize=0,
        tokenize="ascii tokenchars '='"
    )
    """,
    "INSERT INTO archive_search (archive_search) VALUES ('rebuild')",
    """
    CREATE TRIGGER torrent_searchable AFTER INSERT ON archive_torrent BEGIN
        INSERT INTO archive_search (rowid, words) VALUES (new.id, new.words);
    END
    """,
    """
    CREATE TRIGGER torrent_gone AFTER DELETE ON archive_torrent BEGIN
        INSERT INTO archive_search (archive_search, rowid, words) VALUES ('delete', old.id, old.words);
    END
    """,
    """
    CREATE TRIGGER torrent_reworded AFTER UPDATE OF words ON archive_torrent WHEN old.words <> new.words BEGIN
        INSERT INTO archive_search (archive_search, rowid, words) VALUES ('delete', old.id, old.words);
        INSERT INTO archive_search (rowid, words) VALUES (new.id, new.words);
    END
    """,
]

# Without fastupdate each upload pays for itself: with it, one now and then pays for thousands, and every search
# reads what is pending.
_POSTGRESQL = [
    """
    CREATE INDEX archive_torrent_words ON archive_torrent
        USING gin (array_to_tsvector(string_to_array(words, ' '))) WITH (fastupdate = off)
    """,
]

_UNDO = {
    "sqlite": [
        *(f"DROP TRIGGER {name}" for name in ("torrent_searchable", "torrent_gone", "torrent_reworded")),
        "DROP TABLE archive_search",
    ],
    "postgresql": ["DROP INDEX archive_torrent_words"],
}


def _fill(apps, schema_editor):
    """By their names; the words of their files, where SEARCH_FILES is on, come with the next scrub."""
    rows = apps.get_model("archive", "Torrent").objects.order_by("pk").values_list("pk", "name")
    last = 0
    while page := list(rows.filter(pk__gt=last)[:_BATCH]):
        last = page[-1][0]
        with schema_editor.connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE archive_torrent SET words = %s WHERE id = %s", [(_found_by(name), pk) for pk, name in page]
            )


def _found_by(name):
    named = list(split_words(name))
    return " ".join(dict.fromkeys([kind_word(guess_kind(name, named, '')), *named]))


def _add(apps, schema_editor):
    for statement in {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)


def _remove(apps, schema_editor):
    for statement in _UNDO[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("archive", "0004_key")]
    operations = [
        # By hand: Django would build SQLite's table anew for a column, and lose its triggers.
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(_COLUMN, "ALTER TABLE archive_torrent DROP COLUMN words")],
            [
                migrations.AddField(
                    "torrent",
                    "words",
                    models.TextField(
                        db_default="", verbose_name="what it is found by; triggers and indexes follow"
                    ),
                )
            ],
        ),
        migrations.RunPython(_fill, migrations.RunPython.noop),
        migrations.RunPython(_add, _remove),
        migrations.CreateModel(
            "Source",
            [
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("url", models.TextField(unique=True)),
                (
                    "until",
                    models.DateField(
                        null=True, verbose_name="what was stored there before this day has been seen"
                    ),
                ),
            ],
        ),
    ]
