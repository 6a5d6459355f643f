"""Hours from which runs were deleted whose numbers stay: nobody counts them again from the runs that are left."""

from django.db import migrations, models


FUNCTION = """
CREATE OR REPLACE FUNCTION analytics_run_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    numbers_stay CONSTANT boolean := coalesce(current_setting('atelier.numbers_stay', true), '') = 'on';
BEGIN
    IF TG_OP = 'DELETE' AND numbers_stay THEN
        INSERT INTO analytics_settled (workspace_id, hour)
        VALUES (OLD.workspace_id, date_trunc('hour', OLD.created_at, 'UTC')) ON CONFLICT DO NOTHING;
    ELSIF TG_OP <> 'INSERT' AND NOT numbers_stay THEN
        PERFORM analytics_note(OLD.workspace_id, OLD.created_at);
    END IF;
    IF TG_OP = 'INSERT' OR (TG_OP = 'UPDATE' AND NEW.created_at <> OLD.created_at) THEN
        PERFORM analytics_note(NEW.workspace_id, NEW.created_at);
    END IF;
    RETURN NULL;
END
$$;
"""
UNDO = """
CREATE OR REPLACE FUNCTION analytics_run_changed() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""


class Migration(migrations.Migration):

    dependencies = [
        ('analytics', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Settled',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('workspace_id', models.UUIDField()),
                ('hour', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('workspace_id', 'hour'), name='analytics_settled_once')],
            },
        ),
        migrations.RunSQL(FUNCTION, UNDO),
    ]
