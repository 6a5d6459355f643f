"""Sums over runs by the hour and the day, and the triggers that note which hours are to be counted again."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


# A note for each change that an hour's sums depend on, written with the change: what is not committed leaves none, and
# what is leaves one. Who deletes runs to save room and wants their numbers to stay sets `atelier.numbers_stay` first.
TRIGGERS = """
CREATE FUNCTION analytics_note(workspace uuid, began timestamptz) RETURNS void LANGUAGE sql AS $$
    INSERT INTO analytics_change (workspace_id, hour) VALUES (workspace, date_trunc('hour', began, 'UTC'))
$$;

CREATE FUNCTION analytics_run_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND coalesce(current_setting('atelier.numbers_stay', true), '') <> 'on' THEN
        PERFORM analytics_note(OLD.workspace_id, OLD.created_at);
    END IF;
    IF TG_OP = 'INSERT' OR (TG_OP = 'UPDATE' AND NEW.created_at <> OLD.created_at) THEN
        PERFORM analytics_note(NEW.workspace_id, NEW.created_at);
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION analytics_verdict_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' OR coalesce(current_setting('atelier.numbers_stay', true), '') <> 'on' THEN
        PERFORM analytics_note(workspace_id, created_at) FROM runs_run
          WHERE id = CASE WHEN TG_OP = 'DELETE' THEN OLD.run_id ELSE NEW.run_id END;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER analytics_run_inserted AFTER INSERT OR DELETE ON runs_run
    FOR EACH ROW EXECUTE FUNCTION analytics_run_changed();
CREATE TRIGGER analytics_run_updated AFTER UPDATE ON runs_run FOR EACH ROW WHEN (
    (NEW.finished_at, NEW.created_at, NEW.app_id, NEW.conversation_id, NEW.user_id, NEW.key_id, NEW.end_user,
     NEW.prompt_tokens, NEW.completion_tokens, NEW.cost, NEW.ttft_ms, NEW.model, NEW.app_version, NEW.error_code)
    IS DISTINCT FROM
    (OLD.finished_at, OLD.created_at, OLD.app_id, OLD.conversation_id, OLD.user_id, OLD.key_id, OLD.end_user,
     OLD.prompt_tokens, OLD.completion_tokens, OLD.cost, OLD.ttft_ms, OLD.model, OLD.app_version, OLD.error_code)
) EXECUTE FUNCTION analytics_run_changed();
CREATE TRIGGER analytics_verdict_changed AFTER INSERT OR UPDATE OR DELETE ON logs_feedback
    FOR EACH ROW EXECUTE FUNCTION analytics_verdict_changed();

INSERT INTO analytics_change (workspace_id, hour)
SELECT DISTINCT workspace_id, date_trunc('hour', created_at, 'UTC') FROM runs_run;
"""
UNDO = """
DROP TRIGGER analytics_run_inserted ON runs_run;
DROP TRIGGER analytics_run_updated ON runs_run;
DROP TRIGGER analytics_verdict_changed ON logs_feedback;
DROP FUNCTION analytics_run_changed();
DROP FUNCTION analytics_verdict_changed();
DROP FUNCTION analytics_note(uuid, timestamptz);
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0003_machine_admin'),
        ('logs', '0004_search'),
        ('runs', '0008_evaluation_source'),
    ]

    operations = [
        migrations.CreateModel(
            name='Change',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('workspace_id', models.UUIDField()),
                ('hour', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='EndUserRollup',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('grain', models.CharField(choices=[('h', 'Hour'), ('d', 'Day')], max_length=1)),
                ('at', models.DateTimeField()),
                ('app_id', models.UUIDField()),
                ('runs', models.BigIntegerField()),
                ('errors', models.BigIntegerField()),
                ('likes', models.BigIntegerField()),
                ('dislikes', models.BigIntegerField()),
                ('prompt_tokens', models.BigIntegerField()),
                ('completion_tokens', models.BigIntegerField()),
                ('cost', models.DecimalField(decimal_places=8, max_digits=20)),
                ('value', models.CharField(max_length=255)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('workspace', 'grain', 'at', 'app_id', 'value'), name='end_user_rollup_once')],
            },
        ),
        migrations.CreateModel(
            name='Rollup',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('grain', models.CharField(choices=[('h', 'Hour'), ('d', 'Day')], max_length=1)),
                ('at', models.DateTimeField()),
                ('app_id', models.UUIDField()),
                ('runs', models.BigIntegerField()),
                ('errors', models.BigIntegerField()),
                ('likes', models.BigIntegerField()),
                ('dislikes', models.BigIntegerField()),
                ('prompt_tokens', models.BigIntegerField()),
                ('completion_tokens', models.BigIntegerField()),
                ('cost', models.DecimalField(decimal_places=8, max_digits=20)),
                ('dimension', models.CharField(max_length=12)),
                ('value', models.CharField(max_length=300)),
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
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('workspace', 'grain', 'dimension', 'app_id', 'at', 'value'), name='rollup_once')],
            },
        ),
        migrations.RunSQL(TRIGGERS, UNDO),
    ]
