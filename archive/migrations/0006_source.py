from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('archive', '0005_search'),
    ]

    operations = [
        migrations.CreateModel(
            name='Source',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('url', models.TextField(unique=True)),
                ('until', models.DateField(null=True, verbose_name='what was stored there before this day has been seen')),
            ],
        ),
    ]
