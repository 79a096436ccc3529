"""What the operator's pages call wishes and the census."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("archive", "0009_films")]
    operations = [
        migrations.AlterModelOptions("wanted", {"verbose_name": "wish", "verbose_name_plural": "wishes"}),
        migrations.AlterModelOptions(
            "watched",
            {"verbose_name": "torrent in the census", "verbose_name_plural": "torrents in the census"},
        ),
    ]
