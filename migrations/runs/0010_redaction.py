"""What redaction takes away of open runs, and which files runs were given."""

import django.db.models.deletion
from django.db import migrations, models

# The files that are named already: those of the question, and those among the inputs.
FILES = r"""
INSERT INTO runs_runfile (run_id, file_id)
SELECT run_id, file_id::uuid FROM (
    SELECT run.id AS run_id, item ->> 'id' AS file_id FROM runs_run AS run,
           json_array_elements(CASE json_typeof(run.spec -> 'files') WHEN 'array' THEN run.spec -> 'files'
                               ELSE '[]'::json END) AS item
    UNION
    SELECT run.id, found #>> '{}' FROM runs_run AS run, unnest(ARRAY['id', 'upload_file_id', 'related_id']) AS name,
           jsonb_path_query(run.inputs, ('strict $.**.' || name)::jsonpath, '{}', true) AS found
     WHERE run.inputs <> '{}'
) AS named
 WHERE file_id ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
    ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):

    dependencies = [
        ('runs', '0009_model_index'),
    ]

    operations = [
        migrations.AddField(
            model_name='run',
            name='is_redacted',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='run',
            name='sealed',
            field=models.TextField(null=True),
        ),
        migrations.AddField(
            model_name='runevent',
            name='sealed',
            field=models.TextField(null=True),
        ),
        migrations.AddField(
            model_name='runvalue',
            name='sealed',
            field=models.TextField(null=True),
        ),
        migrations.CreateModel(
            name='RunFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('file_id', models.UUIDField(db_index=True)),
                ('run', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='files', to='runs.run')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('run', 'file_id'), name='run_file_once')],
            },
        ),
        migrations.RunSQL(FILES, migrations.RunSQL.noop),
    ]
