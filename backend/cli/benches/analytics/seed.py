"""Runs as a busy workspace has them, made by PostgreSQL alone; tests count a few thousand of them."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from backend.accounts.models import ApiKey, KeyKind, Membership, User, Workspace
from backend.apps.models import App

APPS, KEYS, MEMBERS, END_USERS = 20, 50, 8, 20_000
RUNS_PER_TALK = 5

TALKS = """
INSERT INTO logs_conversation (id, workspace_id, created_at, updated_at, app_id, name, inputs, variables, introduction,
                               end_user)
SELECT md5(%(workspace)s || 'talk' || i)::uuid, %(workspace)s::uuid, now(), now(),
       (%(apps)s::uuid[])[1 + floor(%(n_apps)s * power(random(), 3))::int], 'talk ' || i, '{}', '{}', '', ''
  FROM generate_series(1, %(talks)s) AS i
"""
# What a conversation is, all of its runs are: of one app, through one door, by one person. A key is one app's; an app
# has a version at a time, on one model, but for some runs whose model was away.
RUNS = """
INSERT INTO runs_run (id, workspace_id, created_at, updated_at, app_id, conversation_id, source, status, spec, query,
    inputs, outputs, error_code, error_message, model, app_version, user_id, key_id, end_user, prompt_tokens,
    completion_tokens, cost, ttft_ms, attempt, lease_owner, started_at, finished_at,
    words)
SELECT gen_random_uuid(), %(workspace)s::uuid, at, at, app_id, CASE WHEN door < 0.97 THEN talk_id END,
    CASE WHEN door < 0.7 THEN 'service_api' WHEN door < 0.9 THEN 'console' WHEN door < 0.95 THEN 'openai'
         WHEN door < 0.97 THEN 'published' ELSE 'batch' END,
    CASE WHEN fate < 0.93 THEN 'succeeded' WHEN fate < 0.98 THEN 'failed' ELSE 'cancelled' END,
    '{}', 'question ' || i, '{}', '{"answer": "an answer"}',
    CASE WHEN fate BETWEEN 0.93 AND 0.98 THEN (ARRAY['model_error', 'time_limit', 'tool_failed', 'worker_lost'])
         [1 + floor(4 * power(random(), 3))::int] ELSE '' END, '',
    (ARRAY['smollm2-135m-instruct', 'qwen-7b', 'house/large'])
        [1 + (app + version + CASE WHEN person < 0.97 THEN 0 ELSE 1 END) %% 3],
    CASE WHEN door < 0.9 THEN version END,
    CASE WHEN door BETWEEN 0.7 AND 0.9 OR door >= 0.97
         THEN (%(members)s::uuid[])[1 + floor(%(n_members)s * person)::int] END,
    CASE WHEN door < 0.7 OR door BETWEEN 0.9 AND 0.95
         THEN (%(keys)s::uuid[])[app + %(n_apps)s * floor(person * ((%(n_keys)s - app) / %(n_apps)s + 1))::int] END,
    CASE WHEN door < 0.7 OR door BETWEEN 0.95 AND 0.97
         THEN 'user-' || floor(%(end_users)s * power(person, 2))::int ELSE '' END,
    (2000 * random())::int, (500 * power(random(), 3))::int, (0.01 * power(random(), 8))::numeric(14, 8),
    CASE WHEN fate < 0.95 THEN 80 + 3000 * power(random(), 6) END, 0, '', at,
    at + interval '1 ms' * (90 + 3000 * power(random(), 6) + 60000 * power(random(), 5)),
    to_tsvector('simple', 'question ' || i || ' an answer')
FROM (SELECT i, random() AS fate, %(since)s::timestamptz + (%(until)s::timestamptz - %(since)s::timestamptz) *
             ((i - 0.5) / %(runs)s) AS at, 1 + floor(5 * i / %(runs)s::float)::int AS version, talks.*
        FROM generate_series(1, %(runs)s) AS i
        JOIN (SELECT n, random() AS door, random() AS person, conversation.id AS talk_id, conversation.app_id,
                     array_position(%(apps)s::uuid[], conversation.app_id) AS app
                FROM generate_series(1, %(talks)s) AS n
                JOIN logs_conversation conversation ON conversation.id = md5(%(workspace)s || 'talk' || n)::uuid
             ) AS talks ON talks.n = 1 + (i - 1) / %(per_talk)s) AS drawn
"""
VERDICTS = """
INSERT INTO logs_feedback (id, workspace_id, created_at, updated_at, run_id, rating, comment, end_user)
SELECT gen_random_uuid(), workspace_id, created_at, created_at, id,
       CASE WHEN random() < 0.7 THEN 'like' ELSE 'dislike' END, '', ''
  FROM runs_run WHERE workspace_id = %(workspace)s::uuid AND random() < 0.03
"""
EVENTS = """
WITH chosen AS (
    SELECT id, created_at, elapsed_ms, prompt_tokens, completion_tokens, model, random() AS draw
      FROM runs_run WHERE workspace_id = %(workspace)s::uuid AND status = 'succeeded' AND random() < %(with_events)s)
INSERT INTO runs_runevent (run_id, seq, first_seq, at, kind, data)
SELECT chosen.id, step.seq, step.seq, chosen.created_at, step.kind, step.data
  FROM chosen CROSS JOIN LATERAL (VALUES
       (1, 'node_finished', jsonb_build_object('node_id', 'find', 'node_kind', 'knowledge-retrieval',
           'outputs', '{}'::jsonb, 'elapsed_ms', 5 + 40 * draw)),
       (2, 'sources', jsonb_build_object('node_id', 'find', 'sources',
           CASE WHEN draw < 0.1 THEN '[]'::jsonb ELSE '[{"position": 1}, {"position": 2}]'::jsonb END)),
       (3, 'node_finished', jsonb_build_object('node_id', 'llm', 'node_kind', 'llm', 'outputs', '{}'::jsonb,
           'model', model, 'elapsed_ms', elapsed_ms, 'usage', jsonb_build_object('prompt_tokens', prompt_tokens,
           'completion_tokens', completion_tokens, 'cached_tokens', prompt_tokens / 2))),
       (4, 'sources', '{"node_id": "llm", "sources": [{"position": 1}]}'::jsonb)) AS step (seq, kind, data)
"""


@dataclass(frozen=True)
class Seeded:
    """A workspace with its runs, begun in `[since, until)`, and its first member."""

    workspace: Workspace
    member: User
    since: datetime
    until: datetime


def seed(  # one for each quantity
    runs: int, *, days: int, until: datetime, workspace: Workspace | None = None, with_events: float = 1.0
) -> Seeded:
    """Fill a workspace; the same order of `random()` gives the same runs."""
    workspace = workspace or Workspace.objects.create(name="many")
    mark = uuid.uuid4().hex[:8]
    users = [User.objects.create(email=f"{mark}-{n}@example.org", password="!") for n in range(MEMBERS)]  # noqa: S106
    Membership.objects.bulk_create([Membership(workspace=workspace, user=user, role="owner") for user in users])
    apps = App.objects.bulk_create(
        [App(workspace=workspace, name=f"App {n}", slug=f"{mark}-{n}", mode="chat") for n in range(1, APPS + 1)]
    )
    keys = ApiKey.objects.bulk_create(
        [
            ApiKey(
                workspace=workspace,
                app=apps[n % APPS],
                kind=KeyKind.APP,
                name=f"key {n + 1}",
                prefix="app-",
                digest=f"{mark}-{n}",
            )
            for n in range(KEYS)
        ]
    )
    found = Seeded(workspace, users[0], until - timedelta(days=days), until)
    values = {
        "workspace": str(workspace.id),
        "since": found.since,
        "until": until,
        "runs": runs,
        "talks": 1 + runs // RUNS_PER_TALK,
        "per_talk": RUNS_PER_TALK,
        "with_events": with_events,
        "apps": [app.id for app in apps],
        "n_apps": APPS,
        "members": [user.id for user in users],
        "n_members": MEMBERS,
        "keys": [key.id for key in keys],
        "n_keys": KEYS,
        "end_users": END_USERS,
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.42)")
        for statement in (TALKS, RUNS, VERDICTS, EVENTS):
            cursor.execute(statement, values)
    return found
