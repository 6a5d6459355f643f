"""How long the list of runs takes among a million: a script, since no test may depend on the clock.

    python -m tests.backend.runs.measure_list seed /tmp/runs-home      fills a throw-away PostgreSQL (minutes)
    python -m tests.backend.runs.measure_list index /tmp/runs-home     makes its indexes
    python -m tests.backend.runs.measure_list writes /tmp/runs-home    prints what a run's row costs
    python -m tests.backend.runs.measure_list measure /tmp/runs-home   prints the time of each filter and page

With `--plans`, `measure` prints what PostgreSQL does for the slow ones.
"""

# ruff: noqa: T201

import os
import statistics
import sys
import time
import uuid
from importlib import import_module
from pathlib import Path

from backend.embedded.home import Home
from backend.embedded.stores import stores_running

RUNS = 1_000_000
LIMIT_MS = 200
REPEATS = 5

POOL = """
CREATE TABLE pool AS SELECT number, (SELECT string_agg('word' || floor(20000 * power(random(), 3))::int, ' ')
    FROM generate_series(1, 20) WHERE number > 0) AS said FROM generate_series(1, 100000) AS number
"""
SEED = """
INSERT INTO runs_run (id, workspace_id, created_at, updated_at, app_id, conversation_id, source, status, spec, query,
    inputs, outputs, error_code, error_message, model, app_version, user_id, key_id, end_user, prompt_tokens,
    completion_tokens, cost, ttft_ms, attempt, lease_owner, started_at, finished_at)
SELECT gen_random_uuid(), %(workspace)s, at, at, apps.ids[1 + floor(20 * power(random(), 3))::int],
    CASE WHEN random() < 0.7 THEN talks.ids[1 + floor(1000 * random())::int] END,
    CASE WHEN random() < 0.02 THEN 'openai' WHEN random() < 0.3 THEN 'console' ELSE 'service_api' END,
    CASE WHEN fate < 0.9 THEN 'succeeded' WHEN fate < 0.96 THEN 'failed' ELSE 'cancelled' END,
    json_build_object('nodes', repeat('x', 800)), 'question ' || i || ' ' || one.said, '{"topic": "harbour"}',
    jsonb_build_object('answer', two.said || ' ' || one.said),
    CASE WHEN fate BETWEEN 0.9 AND 0.96 THEN CASE WHEN i < 100 THEN 'rare_error' ELSE 'model_error' END ELSE '' END,
    '', 'smollm2-135m-instruct', 1 + floor(30 * power(random(), 4))::int,
    CASE WHEN random() < 0.3 THEN %(user)s END,
    CASE WHEN random() < 0.6 THEN keys.ids[1 + floor(50 * random())::int] END,
    CASE WHEN random() < 0.6 THEN 'user-' || floor(20000 * power(random(), 2))::int ELSE '' END,
    (2000 * random())::int, (500 * power(random(), 3))::int, (0.01 * power(random(), 8))::numeric(14, 8),
    3000 * power(random(), 6), 0, '', at, at + interval '60 seconds' * power(random(), 5)
FROM (SELECT i, random() AS fate, now() - interval '90 days' * (1 - i / %(runs)s::float) AS at,
             1 + floor(100000 * random())::int AS first, 1 + floor(100000 * random())::int AS second
        FROM generate_series(1, %(runs)s) AS i) AS drawn
    JOIN pool AS one ON one.number = first JOIN pool AS two ON two.number = second,
    (SELECT array_agg(id) AS ids FROM apps_app) AS apps, (SELECT array_agg(id) AS ids FROM logs_conversation) AS talks,
    (SELECT array_agg(id) AS ids FROM accounts_apikey) AS keys
"""
VERDICTS = """
INSERT INTO logs_feedback (id, workspace_id, created_at, updated_at, run_id, rating, comment, end_user)
SELECT gen_random_uuid(), workspace_id, created_at, created_at, id,
       CASE WHEN created_at < (SELECT min(created_at) + interval '1 day' FROM runs_run) THEN 'dislike' ELSE 'like' END,
       '', ''
  FROM runs_run WHERE random() < 0.03
"""


def seed() -> None:
    """Fill the database with one workspace of a million runs."""
    from django.core.management import call_command  # after django.setup()
    from django.db import connection

    from backend.accounts.models import ApiKey, User, Workspace
    from backend.apps.models import App
    from backend.logs.models import Conversation
    from backend.runs.models import Run

    call_command("migrate", verbosity=0)
    workspace = Workspace.objects.create(name="many")
    user = User.objects.create(email="many@example.org", password="!")
    apps = [App.objects.create(workspace=workspace, name=f"app {n}", slug=f"app-{n}", mode="chat") for n in range(20)]
    Conversation.objects.bulk_create(
        [Conversation(workspace=workspace, app=apps[0], name=f"talk {n}") for n in range(1000)]
    )
    ApiKey.objects.bulk_create(
        [ApiKey(workspace=workspace, kind="app", name=f"key {n}", prefix="app-", digest=f"{n}") for n in range(50)]
    )
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        for index in Run._meta.indexes:
            cursor.execute(f'DROP INDEX "{index.name}"')
        cursor.execute("DROP INDEX run_of_words")
        cursor.execute(POOL)
        cursor.execute(SEED, {"workspace": workspace.id, "user": user.id, "runs": RUNS})
        cursor.execute(VERDICTS)


def index() -> None:
    """Make the indexes that `seed` left out to be quick."""
    from django.db import connection

    from backend.runs.models import Run

    words = import_module("migrations.runs.0007_search").INDEX
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '1GB'")
        cursor.execute("SELECT indexname FROM pg_indexes WHERE tablename = 'runs_run'")
        there = {name for (name,) in cursor.fetchall()}
        for item in Run._meta.indexes:
            if item.name not in there:
                with connection.schema_editor() as editor:
                    editor.add_index(Run, item)
        if "run_of_words" not in there:
            cursor.execute(words)
        cursor.execute("VACUUM ANALYZE")


def cases() -> dict[str, dict[str, str]]:
    """Return queries by name: common and rare values of every filter, and some together."""
    from backend.accounts.models import ApiKey, User
    from backend.apps.models import App
    from backend.logs.models import Conversation
    from backend.runs.models import Run

    many, few = (str(App.unscoped.get(slug=slug).id) for slug in ("app-0", "app-19"))
    key, member = str(ApiKey.unscoped.first().id), str(User.objects.get().id)
    old = Run.unscoped.order_by("created_at").first()
    day = old.created_at.date().isoformat()
    return {
        "no filter": {},
        "app, much used": {"app": many},
        "app, little used": {"app": few},
        "app and rare version": {"app": few, "version": "30"},
        "status succeeded": {"status": "succeeded"},
        "status failed": {"status": "failed"},
        "status paused, none": {"status": "paused"},
        "source, rare": {"source": "openai"},
        "source, none": {"source": "batch"},
        "member": {"member": member},
        "end user": {"end_user": "user-19999"},
        "end user, busy": {"end_user": "user-0"},
        "end user, none": {"end_user": "nobody"},
        "key": {"key": key},
        "conversation": {"conversation": str(Conversation.unscoped.first().id)},
        "the first day": {"until": day + "T23:59:59"},
        "a window": {"since": day, "until": day + "T23:59:59"},
        "search, everywhere": {"search": "word0"},
        "search, common": {"search": "word1234"},
        "search, rare": {"search": "word19999"},
        "search, one run": {"search": f"question {RUNS // 2}"},
        "search, nothing": {"search": "zebra"},
        "search, phrase": {"search": '"word0 word1"'},
        "search in an app": {"search": "word1234", "app": few},
        "search among failed": {"search": "word0", "status": "failed"},
        "cost, most": {"cost_min": "0.000001"},
        "cost, few": {"cost_min": "0.00999"},
        "cost, none": {"cost_min": "5"},
        "cost between": {"cost_min": "0.005", "cost_max": "0.00502"},
        "time, few": {"elapsed_ms_min": "59999"},
        "time, some": {"elapsed_ms_min": "50000"},
        "time, quick": {"elapsed_ms_max": "0.001"},
        "first text, few": {"ttft_ms_min": "2999"},
        "tokens, few": {"tokens_min": "2495"},
        "tokens, none": {"tokens_max": "0"},
        "liked": {"feedback": "like"},
        "disliked, old ones only": {"feedback": "dislike"},
        "error, common": {"error_code": "model_error"},
        "error, rare": {"error_code": "rare_error"},
        "failed, dear, in an app": {"status": "failed", "app": few, "cost_min": "0.008"},
        "openai, slow, by member": {"source": "openai", "elapsed_ms_min": "55000", "member": member},
    }


def measure(with_plans: bool) -> int:
    """Print the time of the first page, a page in the middle and the count for each case; returns how many are slow."""
    from django.core.cache import cache
    from django.db import connection
    from django.test import Client

    from backend.accounts.models import ApiKey, KeyKind, Membership, User, Workspace
    from backend.common.secrets import key_create
    from backend.runs.selectors import runs_list

    workspace, user = Workspace.objects.get(name="many"), User.objects.get()
    members = Membership.objects.within(workspace.id)
    if not members.exists():
        Membership.objects.create(workspace=workspace, user=user, role="owner")
    key = key_create("pat")
    personal = {"kind": KeyKind.PERSONAL, "prefix": key.prefix, "digest": key.digest}
    made = ApiKey.objects.create(workspace=workspace, user=user, name="me", **personal)
    client = Client(headers={"Authorization": f"Bearer {key.plaintext}"})
    slow = 0

    def timed(path: str, query: dict[str, str]) -> tuple[float, dict[str, object]]:
        spans = []
        for _ in range(REPEATS):
            cache.clear()
            began = time.perf_counter()
            answer = client.get(f"/api/v1/runs{path}", query)
            spans.append((time.perf_counter() - began) * 1000)
            assert answer.status_code == 200, answer.content
        return statistics.median(spans), answer.json()

    print(f"{'filter':32} {'first':>8} {'second':>8} {'count':>8}   matches")
    for name, query in cases().items():
        first, page = timed("", query)
        second = timed("", {**query, "cursor": str(page["next"])})[0] if page["next"] else 0.0
        count, found = timed("/count", query)
        is_slow = max(first, second, count) > LIMIT_MS
        slow += is_slow
        number = f"{found['count']}{'+' if found['is_more'] else ''}"
        print(f"{name:32} {first:8.1f} {second:8.1f} {count:8.1f}   {number}{'   SLOW' if is_slow else ''}", flush=True)
        if is_slow and with_plans:
            print(runs_list(workspace.id, query)[:51].explain(analyze=True, buffers=True))
    made.delete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_size_pretty(pg_table_size('runs_run')), pg_size_pretty(pg_indexes_size('runs_run'))")
        print("table, indexes:", *cursor.fetchone())
    return slow


def write_cost(count: int = 2000) -> None:
    """Print how long a run takes to be stored, claimed and ended, on the database alone."""
    from django.utils import timezone

    from backend.accounts.models import Workspace
    from backend.runs.models import Run

    workspace = Workspace.objects.get(name="many")
    began = time.perf_counter()
    for number in range(count):
        run = Run(
            id=uuid.uuid4(), workspace=workspace, source="console", spec={"nodes": "x" * 800}, query=f"word{number} is"
        )
        run.save(force_insert=True)
        run.status, run.started_at = "running", timezone.now()
        run.save()
        run.status, run.finished_at = "succeeded", timezone.now()
        run.outputs = {"answer": " ".join(f"word{number * 7 % 20000 + n}" for n in range(40))}
        run.save()
    print(f"insert and two updates: {(time.perf_counter() - began) / count * 1000:.2f} ms a run")


def main() -> int:
    what, folder, *options = sys.argv[1:]
    home = Home(Path(folder))
    with stores_running(home, is_durable=False) as env:
        os.environ.update(env)
        os.environ["DJANGO_SETTINGS_MODULE"] = "backend.config.settings"
        import django

        django.setup()
        from django.conf import settings

        settings.ALLOWED_HOSTS = ["*"]
        if what == "seed":
            seed()
            return 0
        if what == "index":
            index()
            return 0
        if what == "writes":
            write_cost()
            return 0
        return measure("--plans" in options)


if __name__ == "__main__":
    sys.exit(main())
