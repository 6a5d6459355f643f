"""Keeps JSON of authors as it was written: jsonb sorts keys."""

from django.db import migrations

TO_JSON = "ALTER TABLE {0} ALTER COLUMN {1} TYPE json USING {1}::json"
TO_JSONB = "ALTER TABLE {0} ALTER COLUMN {1} TYPE jsonb USING {1}::jsonb"
COLUMNS = (("apps_app", "draft"), ("apps_app", "import_extras"), ("apps_appversion", "config"))


class Migration(migrations.Migration):

    dependencies = [
        ('apps', '0003_import_extras'),
    ]

    operations = [
        migrations.RunSQL(TO_JSON.format(*column), TO_JSONB.format(*column)) for column in COLUMNS
    ]
