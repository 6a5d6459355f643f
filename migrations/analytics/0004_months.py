"""Months that are over are summed up as well: years are read by the month."""

import django.db.models.deletion
from django.db import migrations, models

GRAINS = [('h', 'Hour'), ('d', 'Day'), ('m', 'Month')]
PARTITION = """
CREATE TABLE analytics_combinedrollup_month PARTITION OF analytics_combinedrollup FOR VALUES IN ('m');
"""
WAITING = """
INSERT INTO analytics_month (workspace_id, at, changed_at, is_kept)
SELECT DISTINCT workspace_id, date_trunc('month', at, 'UTC'), now(), false FROM analytics_rollup WHERE grain = 'd';
"""
UNDO = """
DROP TABLE analytics_combinedrollup_month;
DELETE FROM analytics_rollup WHERE grain = 'm';
DELETE FROM analytics_enduserrollup WHERE grain = 'm';
SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_audit_kept'),
        ('analytics', '0003_combinations'),
    ]

    operations = [
        migrations.RunSQL(PARTITION, UNDO),
        migrations.CreateModel(
            name='Month',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('changed_at', models.DateTimeField()),
                ('is_kept', models.BooleanField(default=False)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.AlterField(
            model_name='combinedrollup',
            name='grain',
            field=models.CharField(choices=GRAINS, max_length=1),
        ),
        migrations.AlterField(
            model_name='enduserrollup',
            name='grain',
            field=models.CharField(choices=GRAINS, max_length=1),
        ),
        migrations.AlterField(
            model_name='rollup',
            name='grain',
            field=models.CharField(choices=GRAINS, max_length=1),
        ),
        migrations.AddIndex(
            model_name='enduserrollup',
            index=models.Index(fields=['workspace', 'value', 'grain', 'at'], name='end_user_rollup_of'),
        ),
        migrations.AddIndex(
            model_name='month',
            index=models.Index(condition=models.Q(('is_kept', False)), fields=['changed_at'], name='analytics_month_waiting'),
        ),
        migrations.AddConstraint(
            model_name='month',
            constraint=models.UniqueConstraint(fields=('workspace', 'at'), name='analytics_month_once'),
        ),
        migrations.RunSQL(WAITING, migrations.RunSQL.noop),
    ]
