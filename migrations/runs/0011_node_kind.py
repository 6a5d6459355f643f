"""The kinds of nodes that ended in runs, by which the list is filtered."""

import django.db.models.fields.json
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('runs', '0010_redaction'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='runevent',
            index=models.Index(django.db.models.fields.json.KeyTextTransform('node_kind', 'data'), models.F('run'), condition=models.Q(('kind__in', ('node_finished', 'node_failed'))), name='run_event_of_node'),
        ),
    ]
