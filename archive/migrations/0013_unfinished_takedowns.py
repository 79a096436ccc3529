"""Takedowns that broke off before the bytes were deleted are known, so that the next start can go on with them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("archive", "0012_census_totals")]
    operations = [
        migrations.AddField(
            "takedown",
            "unfinished",
            models.BooleanField(db_default=False, verbose_name="bytes or row may be left"),
        ),
    ]
