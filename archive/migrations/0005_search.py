"""Add the search words of each torrent and the index over them: FTS5 with triggers on SQLite, GIN on PostgreSQL.
Add the table of the archives that this one mirrors.

Both indexes follow the column in the transaction that writes it, so a row and its words come and go together.

A migration is frozen: the functions that make the words are copied here as they were when it was written, since
`archive.naming` may change.
"""

import re
import unicodedata

from django.db import migrations, models

_COLUMN = "ALTER TABLE archive_torrent ADD COLUMN words text NOT NULL DEFAULT ''"
_BATCH = 5_000

# detail=none and columnsize=0: no query asks where in a name a word stands, and the index is a quarter as large.
# The text itself is only in archive_torrent. The words are split and folded already, with one space between them.
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

# With fastupdate, one upload now and then would pay for the index entries of thousands, and every search would read
# the list of pending entries.
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


_KIND_OF_ENDING = {
    ending: kind
    for kind, endings in {
        "film": "avi divx flv m2ts m4v mkv mov mp4 mpeg mpg ogv ts vob webm wmv",
        "audio": "aac aiff ape flac m4a m4b mka mp3 ogg opus wav wma",
        "book": "azw3 cbr cbz chm djvu epub fb2 lit mobi pdf",
        "software": "appimage appx bin deb dmg exe img iso jar msi pkg qcow2 rpm vdi vmdk xpi",
        "mobile": "apk apkm ipa xapk",
    }.items()
    for ending in endings.split()
}
_KIND_OF_WORD = {
    word: kind
    for kind, words in {
        "adult": "xxx",
        "film": (
            "1080i 1080p 2160p 480p 576p 720p av1 bdremux bdrip bluray brrip camrip dvdrip dvdscr hdcam hdrip hdtv "
            "hevc hdts remux uhd vhsrip webdl webrip x264 x265 xvid"
        ),
        "audio": "320kbps 192kbps 256kbps v0 audiobook discography flac mp3 ost soundtrack vinyl",
        "book": "ebook ebooks epub mobi pdf comic comics manga magazine",
        "mobile": "android apk ios ipa",
        "software": "amd64 crack cracked keygen linux macos portable repack win64 windows x86 x64",
    }.items()
    for word in words.split()
}
_KINDS_BY_PRIORITY = ("adult", "film", "audio", "book", "mobile", "software")
_EPISODE = re.compile(r"s\d{1,3}(e\d{1,4})*|\d{1,2}x\d{2,3}|season|seasons|hdtv|pdtv")
_DATE = re.compile(r"\b(19|20)\d\d (0[1-9]|1[0-2]) (0[1-9]|[12]\d|3[01])\b")
_ANIME = re.compile(r"\[[^\]]{1,40}\].*( - \d{1,4}(v\d)?\b|[\[(][0-9A-Fa-f]{8}[\])])")
_CJK = re.compile(
    r"[\u2e80-\u303f\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


class _Letters(dict):
    """For str.translate: keep letters, digits and their marks, drop accents, make all else a space."""

    def __missing__(self, code):
        character = chr(code)
        if 0x300 <= code < 0x370:
            self[code] = ""
        elif unicodedata.category(character)[0] in "LNM":
            self[code] = f" {character} " if _CJK.match(character) else character
        else:
            self[code] = " "
        return self[code]


_LETTERS = _Letters()


def _split_words(text):
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return [word[:60] for word in folded.translate(_LETTERS).split()]


def _guess_kind(name, words):
    hints = {_KIND_OF_WORD[word] for word in words if word in _KIND_OF_WORD}
    by_ending = _KIND_OF_ENDING.get(name[-10:].lower().rpartition(".")[2])
    by_words = next((kind for kind in _KINDS_BY_PRIORITY if kind in hints), None)
    kind = "adult" if "adult" in hints else by_ending or by_words
    is_episode = any(_EPISODE.fullmatch(word) for word in words) or bool(_DATE.search(" ".join(words)))
    if kind in ("film", None) and "anime" in words or kind == "film" and _ANIME.match(name[:300]):
        return "anime"
    if kind == "film" or (kind is None and is_episode):
        return f"{'series' if is_episode else 'film'}{_guess_resolution(words)}"
    return kind or "other"


def _guess_resolution(words):
    if not {"2160p", "4k", "uhd"}.isdisjoint(words):
        return "uhd"
    return "sd" if {"720p", "1080p", "1080i", "bluray"}.isdisjoint(words) else "hd"


def _index_words(name):
    words = _split_words(name)
    return " ".join(dict.fromkeys([f"={_guess_kind(name, words)}", *words]))


def _fill_words(apps, schema_editor):
    """Write the words of the names. Those of file paths, where SEARCH_FILES is on, come with the next scrub."""
    rows = apps.get_model("archive", "Torrent").objects.order_by("pk").values_list("pk", "name")
    last = 0
    while page := list(rows.filter(pk__gt=last)[:_BATCH]):
        last = page[-1][0]
        with schema_editor.connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE archive_torrent SET words = %s WHERE id = %s", [(_index_words(name), pk) for pk, name in page]
            )


def _create_index(apps, schema_editor):
    for statement in {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)


def _drop_index(apps, schema_editor):
    for statement in _UNDO[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("archive", "0004_key")]
    operations = [
        # Hand-written SQL: to add a column, Django would rebuild SQLite's table and lose its triggers.
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
        migrations.RunPython(_fill_words, migrations.RunPython.noop),
        migrations.RunPython(_create_index, _drop_index),
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
