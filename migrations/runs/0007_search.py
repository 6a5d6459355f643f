"""Indexes for the filters of the list of runs, and the words of each run that has ended, for the search in it."""

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


# Words are what the parser finds, in any language as they are written; each sign of Chinese, Japanese and Korean is a
# word of its own, so that a phrase of them is found wherever it stands. What is read of a run is bounded: a `tsvector`
# holds less than 1 MB, and a run must end whatever it said.
WORDS = r"""
ALTER TABLE runs_run ADD COLUMN words tsvector;

CREATE FUNCTION runs_spaced(said text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT regexp_replace(left(said, 100000), '([\u2E80-\u9FFF\uAC00-\uD7AF\uF900-\uFAFF])', ' \1 ', 'g')
$$;

CREATE FUNCTION runs_texts(document jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN pg_column_size(document) > 500000 THEN left(document::text, 40000) ELSE (
        SELECT left(string_agg(left(item #>> '{}', 40000), ' '), 40000)
          FROM (SELECT item FROM jsonb_path_query(document, 'strict $.**') AS item
                 WHERE jsonb_typeof(item) IN ('string', 'number')
                 ORDER BY jsonb_typeof(item) DESC LIMIT 1000) AS items
    ) END
$$;

CREATE FUNCTION runs_words(query text, error text, inputs jsonb, outputs jsonb) RETURNS tsvector
LANGUAGE sql IMMUTABLE AS $$
    SELECT to_tsvector(
        'simple', runs_spaced(concat_ws(' ', left(query, 20000), error, runs_texts(inputs), runs_texts(outputs)))
    )
$$;

CREATE FUNCTION runs_run_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.words := runs_words(NEW.query, NEW.error_message, NEW.inputs, NEW.outputs);
    RETURN NEW;
END
$$;

CREATE TRIGGER runs_run_inserted BEFORE INSERT ON runs_run FOR EACH ROW
    WHEN (NEW.finished_at IS NOT NULL) EXECUTE FUNCTION runs_run_ended();
CREATE TRIGGER runs_run_updated BEFORE UPDATE OF finished_at ON runs_run FOR EACH ROW
    WHEN (NEW.finished_at IS NOT NULL AND NEW.finished_at IS DISTINCT FROM OLD.finished_at)
    EXECUTE FUNCTION runs_run_ended();

UPDATE runs_run SET words = runs_words(query, error_message, inputs, outputs) WHERE finished_at IS NOT NULL;

-- The new columns have written every row anew, so PostgreSQL would ask for their references again at the end; no index
-- is made of a table that still waits for that.
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""
# A short list of what waits to be sorted in: whoever sorts it is a run that ends.
INDEX = """
CREATE INDEX run_of_words ON runs_run USING gin (words) WITH (gin_pending_list_limit = 512) WHERE words IS NOT NULL
"""
UNDO = """
DROP TRIGGER runs_run_inserted ON runs_run;
DROP TRIGGER runs_run_updated ON runs_run;
DROP FUNCTION runs_run_ended();
DROP FUNCTION runs_words(text, text, jsonb, jsonb);
DROP FUNCTION runs_texts(jsonb);
DROP FUNCTION runs_spaced(text);
ALTER TABLE runs_run DROP COLUMN words;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_initial'),
        ('apps', '0004_ordered'),
        ('logs', '0004_search'),
        ('runs', '0006_published_source'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='run',
            name='elapsed_ms',
            field=models.GeneratedField(db_persist=True, expression=models.ExpressionWrapper(django.db.models.expressions.CombinedExpression(django.db.models.functions.datetime.Extract(django.db.models.expressions.CombinedExpression(models.F('finished_at'), '-', models.F('created_at')), 'epoch'), '*', models.Value(1000)), models.FloatField()), output_field=models.FloatField(null=True)),
        ),
        migrations.AddField(
            model_name='run',
            name='tokens',
            field=models.GeneratedField(db_persist=True, expression=django.db.models.expressions.CombinedExpression(models.F('prompt_tokens'), '+', models.F('completion_tokens')), output_field=models.BigIntegerField()),
        ),
        migrations.AlterField(
            model_name='run',
            name='app',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='apps.app'),
        ),
        migrations.AlterField(
            model_name='run',
            name='conversation',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='logs.conversation'),
        ),
        migrations.AlterField(
            model_name='run',
            name='key',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='accounts.apikey'),
        ),
        migrations.AlterField(
            model_name='run',
            name='user',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(fields=['workspace', 'status', '-created_at', '-id'], name='run_of_status'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(fields=['workspace', 'source', '-created_at', '-id'], name='run_of_source'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(fields=['app', 'app_version', '-created_at', '-id'], name='run_of_version'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('key__isnull', False)), fields=['key', '-created_at', '-id'], name='run_of_key'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('user__isnull', False)), fields=['user', '-created_at', '-id'], name='run_of_user'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('end_user__gt', '')), fields=['workspace', 'end_user', '-created_at', '-id'], name='run_of_end_user'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('error_code__gt', '')), fields=['workspace', 'error_code', '-created_at', '-id'], name='run_of_error'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('finished_at__isnull', False)), fields=['workspace', 'cost'], name='run_by_cost'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('finished_at__isnull', False)), fields=['workspace', 'elapsed_ms'], name='run_by_elapsed_ms'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('finished_at__isnull', False)), fields=['workspace', 'ttft_ms'], name='run_by_ttft_ms'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('finished_at__isnull', False)), fields=['workspace', 'tokens'], name='run_by_tokens'),
        ),
        migrations.RunSQL(WORDS, UNDO),
        migrations.RunSQL(INDEX, "DROP INDEX run_of_words"),
    ]
