"""The SQL of one row per run, as it is counted: from the runs themselves, their verdicts and their events.

All names in the SQL are ours; every value is a parameter.
"""

# ruff: noqa: S608 -- every name in the SQL is ours, every value a parameter

import math

from backend.analytics.sketches import GAMMA, SMALLEST_MS

LN_GAMMA = repr(math.log(GAMMA))


def _bucket(column: str) -> str:
    return f"ceil(ln(greatest({column}, {SMALLEST_MS})) / {LN_GAMMA})::smallint"


def _hash(text: str) -> str:
    """Return 64 bits that stay the same in every version of PostgreSQL."""
    return f"('x' || left(md5({text}), 16))::bit(64)::bigint"


USER = "coalesce('e:' || nullif(r.end_user, ''), 'm:' || r.user_id::text)"
"""Who asked: the end user by the name the caller gave, otherwise the member, otherwise nobody known."""

# A clock that was set back makes times below zero: such a run counts, its time does not. The passages that an LLM node
# tells of are those it was given, which the node that looked for them has told before.
UNITS = f"""
    SELECT r.id, r.created_at, date_trunc('hour', r.created_at, 'UTC') AS at, r.app_id, r.app_version, r.model,
           r.source, r.key_id, r.user_id, r.end_user, r.error_code,
           1 AS runs,
           (r.status = 'failed')::int AS errors,
           (r.status = 'cancelled')::int AS cancelled,
           coalesce(verdicts.likes, 0) AS likes,
           coalesce(verdicts.dislikes, 0) AS dislikes,
           r.prompt_tokens, r.completion_tokens, r.cost,
           CASE WHEN r.elapsed_ms > r.ttft_ms AND r.ttft_ms >= 0 THEN r.completion_tokens ELSE 0 END AS speed_tokens,
           CASE WHEN r.elapsed_ms > r.ttft_ms AND r.ttft_ms >= 0 AND r.completion_tokens > 0
                THEN round(1000 * (r.elapsed_ms - r.ttft_ms))::bigint ELSE 0 END AS speed_us,
           coalesce(steps.cached_tokens, 0) AS cached_tokens,
           coalesce(steps.cached_nodes, 0) AS cached_nodes,
           coalesce(found.retrievals, 0) AS retrievals,
           coalesce(found.empty_retrievals, 0) AS empty_retrievals,
           coalesce(found.passages, 0) AS passages,
           CASE WHEN r.ttft_ms >= 0 THEN {_bucket("r.ttft_ms")} END AS ttft_key,
           CASE WHEN r.elapsed_ms >= 0 THEN {_bucket("r.elapsed_ms")} END AS elapsed_key,
           {_hash(USER)} AS user_hash,
           {_hash("r.conversation_id::text")} AS conversation_hash
      FROM runs_run r
      LEFT JOIN LATERAL (
           SELECT count(*) FILTER (WHERE f.rating = 'like') AS likes,
                  count(*) FILTER (WHERE f.rating = 'dislike') AS dislikes
             FROM logs_feedback f WHERE f.run_id = r.id
           ) AS verdicts ON true
      LEFT JOIN LATERAL (
           SELECT sum((e.data->'usage'->>'cached_tokens')::bigint) AS cached_tokens,
                  count(*) FILTER (WHERE e.data->>'given' = 'cached') AS cached_nodes
             FROM runs_runevent e WHERE e.run_id = r.id AND e.kind = 'node_finished'
           ) AS steps ON true
      LEFT JOIN LATERAL (
           SELECT count(*) AS retrievals, count(*) FILTER (WHERE told.passages = 0) AS empty_retrievals,
                  sum(told.passages) AS passages
             FROM (SELECT max(jsonb_array_length(e.data->'sources')) AS passages
                     FROM runs_runevent e
                    WHERE e.run_id = r.id AND e.kind = 'sources' AND NOT EXISTS (
                          SELECT FROM runs_runevent n
                           WHERE n.run_id = r.id AND n.kind = 'node_finished' AND n.data->>'node_kind' = 'llm'
                             AND n.data->>'node_id' = e.data->>'node_id')
                    GROUP BY e.data->>'node_id') AS told
           ) AS found ON true
     WHERE r.workspace_id = %(workspace)s AND r.created_at >= %(since)s AND r.created_at < %(until)s
"""

NODES = f"""
    SELECT date_trunc('hour', r.created_at, 'UTC') AS at, r.app_id, r.app_version, r.model, r.source,
           r.key_id, r.user_id, r.error_code, e.data->>'node_kind' AS value,
           1 AS runs,
           (e.kind = 'node_failed' OR coalesce(e.data->'failure', '{{}}') <> '{{}}')::int AS errors,
           coalesce((e.data->'usage'->>'prompt_tokens')::bigint, 0) AS prompt_tokens,
           coalesce((e.data->'usage'->>'completion_tokens')::bigint, 0) AS completion_tokens,
           coalesce((e.data->'usage'->>'cached_tokens')::bigint, 0) AS cached_tokens,
           (e.data->>'given' = 'cached')::int AS cached_nodes,
           CASE WHEN e.kind = 'node_finished' AND coalesce(e.data->>'given', '') = ''
                 AND (e.data->>'elapsed_ms')::float8 >= 0
                THEN {_bucket("(e.data->>'elapsed_ms')::float8")} END AS elapsed_key
      FROM runs_run r JOIN runs_runevent e ON e.run_id = r.id AND e.kind IN ('node_finished', 'node_failed')
     WHERE r.workspace_id = %(workspace)s AND r.created_at >= %(since)s AND r.created_at < %(until)s
"""
"""One row for each time that a node ended, in whatever run: a node in a loop has many."""
