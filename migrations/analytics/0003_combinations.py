"""Sums by all dimensions together; what was counted before is counted again, whole, for them."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

RECOUNT = """
INSERT INTO analytics_change (workspace_id, hour)
SELECT DISTINCT workspace_id, date_trunc('hour', created_at, 'UTC') FROM runs_run;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_audit_kept'),
        ('analytics', '0002_settled'),
    ]

    operations = [
        migrations.CreateModel(
            name='Combination',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('app_id', models.UUIDField()),
                ('version', models.IntegerField()),
                ('model', models.CharField(max_length=300)),
                ('source', models.CharField(max_length=40)),
                ('key_id', models.UUIDField()),
                ('member_id', models.UUIDField()),
                ('error_code', models.CharField(max_length=80)),
                ('node', models.CharField(max_length=80)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='CombinedRollup',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('grain', models.CharField(choices=[('h', 'Hour'), ('d', 'Day')], max_length=1)),
                ('at', models.DateTimeField()),
                ('runs', models.BigIntegerField()),
                ('errors', models.BigIntegerField()),
                ('likes', models.BigIntegerField()),
                ('dislikes', models.BigIntegerField()),
                ('prompt_tokens', models.BigIntegerField()),
                ('completion_tokens', models.BigIntegerField()),
                ('cost', models.DecimalField(decimal_places=8, max_digits=20)),
                ('cancelled', models.BigIntegerField()),
                ('cached_tokens', models.BigIntegerField()),
                ('speed_tokens', models.BigIntegerField()),
                ('speed_us', models.BigIntegerField()),
                ('retrievals', models.BigIntegerField()),
                ('empty_retrievals', models.BigIntegerField()),
                ('passages', models.BigIntegerField()),
                ('cached_nodes', models.BigIntegerField()),
                ('ttft_keys', django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField(), null=True, size=None)),
                ('ttft_counts', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), null=True, size=None)),
                ('elapsed_keys', django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField(), null=True, size=None)),
                ('elapsed_counts', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), null=True, size=None)),
                ('users', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), null=True, size=None)),
                ('conversations', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), null=True, size=None)),
                ('combination', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='analytics.combination')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.AddConstraint(
            model_name='combination',
            constraint=models.UniqueConstraint(fields=('workspace', 'app_id', 'version', 'model', 'source', 'key_id', 'member_id', 'error_code', 'node'), name='combination_once'),
        ),
        migrations.AddIndex(
            model_name='combinedrollup',
            index=models.Index(fields=['combination', 'grain', 'at'], name='combined_rollup_of'),
        ),
        migrations.AddConstraint(
            model_name='combinedrollup',
            constraint=models.UniqueConstraint(fields=('workspace', 'grain', 'at', 'combination'), name='combined_rollup_once'),
        ),
        migrations.RunSQL(RECOUNT, migrations.RunSQL.noop),
    ]
