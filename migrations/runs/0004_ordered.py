"""Keeps the spec of a run as it was written: jsonb sorts keys."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('runs', '0003_graphs'),
    ]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE runs_run ALTER COLUMN spec TYPE json USING spec::json",
            "ALTER TABLE runs_run ALTER COLUMN spec TYPE jsonb USING spec::jsonb",
        ),
    ]
