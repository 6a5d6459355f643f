"""Every address of the platform and who may do what there: the tables that the tests of tenancy walk.

A new endpoint must be added here, with the least role for each method; until then `test_r14_…` fails and names it.
"""

from collections.abc import Iterator
from typing import Any, Literal

from django.urls import URLPattern, URLResolver, get_resolver

Least = Literal["public", "visitor", "user", "viewer", "editor", "admin", "machine"]
"""The least that a caller must be: anybody, a published page's visitor or any user for what is their own, or a role.

"machine": who cares for what all workspaces share, which no role in a workspace gives.
"""

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def crud(read: Least = "viewer", write: Least = "editor", methods: str = "GET POST") -> dict[str, Least]:
    """Return the same roles for several methods."""
    return {method: read if method in SAFE else write for method in methods.split()}


APP = "api/v1/apps/<uuid:app_id>"
EVALUATION_SET = "api/v1/test-sets/<uuid:evaluation_set_id>"
EXPERIMENT = "api/v1/experiments/<uuid:experiment_id>"
BATCH = f"{APP}/batches/<uuid:batch_id>"
SITE = "api/v1/published/<str:code>"
DATASET = "api/v1/datasets/<uuid:dataset_id>"
DOCUMENT = f"{DATASET}/documents/<uuid:document_id>"
CHUNK = f"{DOCUMENT}/chunks/<uuid:chunk_id>"
TEST_SET = f"{DATASET}/test-sets/<uuid:test_set_id>"
ONE = "GET PATCH DELETE"
CONSOLE: dict[str, dict[str, Least]] = {
    "api/v1/health": {"GET": "public"},
    "api/v1/setup": {"GET": "public", "POST": "public"},
    "api/v1/session": {"GET": "public", "POST": "public", "DELETE": "public"},
    "api/v1/invitations/accept": {"POST": "public"},
    "api/v1/me": {"GET": "user", "PATCH": "user"},
    "api/v1/me/password": {"POST": "user"},
    "api/v1/workspaces": {"POST": "user"},
    "api/v1/schema": {"GET": "viewer"},
    "api/v1/workspace": crud(write="admin", methods="GET PATCH"),
    "api/v1/members": {"GET": "viewer"},
    "api/v1/members/<uuid:member_id>": crud(write="admin", methods="PATCH DELETE"),
    "api/v1/invitations": crud(read="admin", write="admin"),
    "api/v1/invitations/<uuid:invitation_id>": {"DELETE": "admin"},
    "api/v1/tokens": crud(write="viewer"),  # a token can do what its user can: making one gives nobody more
    "api/v1/tokens/<uuid:token_id>": {"DELETE": "viewer"},
    "api/v1/dataset-keys": crud(),
    "api/v1/dataset-keys/<uuid:key_id>": {"DELETE": "editor"},
    "api/v1/audit": {"GET": "admin"},
    "api/v1/audit/export": {"GET": "admin"},
    "api/v1/files": {"POST": "editor"},
    "api/v1/files/<uuid:file_id>": {"GET": "viewer"},
    "api/v1/providers": crud(write="admin"),
    "api/v1/providers/test": {"POST": "admin"},
    "api/v1/providers/<uuid:provider_id>": crud(write="admin", methods=ONE),
    "api/v1/providers/<uuid:provider_id>/test": {"POST": "admin"},
    "api/v1/provider-presets": {"GET": "viewer"},
    "api/v1/token-counts": {"POST": "viewer"},
    "api/v1/models": crud(write="machine"),
    "api/v1/models/<str:model_id>": {"PATCH": "machine", "DELETE": "machine"},
    "api/v1/models/<str:model_id>/load": {"POST": "machine"},
    "api/v1/models/<str:model_id>/unload": {"POST": "machine"},
    "api/v1/models/<str:model_id>/estimate": {"GET": "viewer"},
    "api/v1/local-models": {"GET": "viewer"},
    "api/v1/engines": {"GET": "viewer"},
    "api/v1/model-jobs": {"GET": "viewer"},
    "api/v1/model-jobs/<uuid:model_job_id>": {"GET": "viewer"},
    "api/v1/model-jobs/<uuid:model_job_id>/cancel": {"POST": "machine"},
    "api/v1/models/<str:model_id>/quantize": crud(write="machine"),
    "api/v1/quantizations": {"GET": "viewer"},
    "api/v1/quantizations/<uuid:quantization_id>": {"GET": "viewer"},
    "api/v1/quantizations/<uuid:quantization_id>/cancel": {"POST": "machine"},
    "api/v1/playground": {"POST": "editor"},
    "api/v1/model-load": {"GET": "viewer"},
    "api/v1/overview": {"GET": "viewer"},
    "api/v1/prompts": crud(),
    "api/v1/prompts/assists": {"POST": "editor"},
    "api/v1/prompts/assists/<uuid:run_id>": {"GET": "viewer"},
    "api/v1/prompts/<uuid:prompt_id>": crud(methods=ONE),
    "api/v1/prompts/<uuid:prompt_id>/versions": crud(),
    "api/v1/dataset-tags": crud(),
    "api/v1/dataset-tags/<uuid:tag_id>": crud(methods="PATCH DELETE"),
    "api/v1/datasets": crud(),
    DATASET: crud(methods=ONE),
    f"{DATASET}/reindex": {"POST": "editor"},
    f"{DATASET}/reembed": crud(methods="POST DELETE"),
    f"{DATASET}/preview": {"POST": "editor"},
    f"{DATASET}/retrieve": {"POST": "viewer"},  # asks, changes nothing
    f"{DATASET}/metadata-fields": crud(),
    f"{DATASET}/metadata-fields/<uuid:field_id>": crud(methods="PATCH DELETE"),
    f"{DATASET}/documents": crud(),
    f"{DATASET}/documents/actions": {"POST": "editor"},
    f"{DATASET}/documents/from-url": {"POST": "editor"},
    DOCUMENT: crud(methods=ONE),
    f"{DOCUMENT}/pause": {"POST": "editor"},
    f"{DOCUMENT}/resume": {"POST": "editor"},
    f"{DOCUMENT}/cancel": {"POST": "editor"},
    f"{DOCUMENT}/retry": {"POST": "editor"},
    f"{DOCUMENT}/reindex": {"POST": "editor"},
    f"{DOCUMENT}/file": {"GET": "viewer"},
    f"{DOCUMENT}/pages/<int:number>": {"GET": "viewer"},
    f"{DOCUMENT}/chunks": crud(),
    CHUNK: crud(methods=ONE),
    f"{CHUNK}/place": {"GET": "viewer"},
    f"{CHUNK}/children": {"POST": "editor"},
    f"{CHUNK}/children/<uuid:child_id>": crud(methods="PATCH DELETE"),
    f"{DATASET}/test-sets": crud(),
    TEST_SET: crud(methods=ONE),
    f"{TEST_SET}/cases": crud(),
    f"{TEST_SET}/cases/<uuid:case_id>": crud(methods="PATCH DELETE"),
    f"{TEST_SET}/generate": {"POST": "editor"},
    f"{TEST_SET}/evaluations": crud(),
    f"{TEST_SET}/evaluations/<uuid:evaluation_id>": {"GET": "viewer"},
    "api/v1/tools": {"GET": "viewer"},
    "api/v1/tools/<str:tool_name>/credentials": {"PUT": "admin", "DELETE": "admin"},
    "api/v1/tools/<str:tool_name>/try": {"POST": "editor"},
    "api/v1/egress": crud(read="admin", write="admin", methods="GET PUT"),
    "api/v1/egress/check": {"POST": "editor"},  # sends nothing; whoever may call a tool may ask what it would reach
    "api/v1/node-types": {"GET": "viewer"},
    "api/v1/runs": {"GET": "viewer"},
    "api/v1/runs/count": {"GET": "viewer"},
    "api/v1/runs/<uuid:run_id>": {"GET": "viewer"},
    "api/v1/runs/<uuid:run_id>/events": {"GET": "viewer"},
    "api/v1/runs/<uuid:run_id>/cancel": {"POST": "editor"},
    "api/v1/runs/<uuid:run_id>/answer": {"POST": "editor"},
    "api/v1/runs/<uuid:run_id>/values/<uuid:value_id>": {"GET": "viewer"},
    "api/v1/runs/<uuid:run_id>/feedback": {"POST": "editor"},
    "api/v1/runs/<uuid:run_id>/replay": {"POST": "editor"},
    **{f"api/v1/analytics/{name}": {"GET": "viewer"} for name in ("totals", "series", "breakdown", "export")},
    "api/v1/run-exports": crud(),
    "api/v1/run-exports/<uuid:export_id>": {"GET": "viewer"},
    "api/v1/run-exports/<uuid:export_id>/cancel": {"POST": "editor"},
    "api/v1/run-exports/<uuid:export_id>/file": {"GET": "viewer"},
    "api/v1/run-views": crud(write="viewer"),  # each person has their own
    "api/v1/run-views/<uuid:view_id>": {"DELETE": "viewer"},
    "api/v1/log-policy": crud(write="admin", methods="GET PATCH"),
    "api/v1/log-policy/estimate": {"GET": "viewer"},
    "api/v1/log-policy/trial": {"POST": "admin"},
    "api/v1/end-user-data": {"GET": "admin"},
    "api/v1/end-user-erasures": crud(read="admin", write="admin"),
    "api/v1/end-user-erasures/<uuid:erasure_id>": {"GET": "admin"},
    "api/v1/end-user-erasures/<uuid:erasure_id>/cancel": {"POST": "admin"},
    "api/v1/apps": crud(),
    "api/v1/apps/import": {"POST": "editor"},
    f"{APP}/export": {"GET": "viewer"},
    APP: crud(methods=ONE),
    f"{APP}/draft": crud(methods="GET PUT"),
    f"{APP}/publish": {"POST": "editor"},
    f"{APP}/versions": {"GET": "viewer"},
    f"{APP}/versions/<int:number>": {"GET": "viewer"},
    f"{APP}/versions/<int:number>/restore": {"POST": "editor"},
    f"{APP}/keys": crud(),
    f"{APP}/keys/<uuid:key_id>": {"DELETE": "editor"},
    f"{APP}/runs": {"POST": "editor"},
    f"{APP}/draft/nodes/<str:node_id>/run": {"POST": "editor"},
    f"{APP}/draft/nodes/<str:node_id>/last-run": {"GET": "viewer"},
    f"{APP}/statistics": {"GET": "viewer"},
    f"{APP}/example-suggestions": {"GET": "viewer"},
    "api/v1/batches": {"GET": "viewer"},
    f"{APP}/annotations": crud(),
    f"{APP}/annotations/settings": crud(methods="GET PATCH"),
    f"{APP}/annotations/try": {"POST": "viewer"},  # asks, changes nothing
    **{f"{APP}/annotations/{action}": {"POST": "editor"} for action in ("delete", "restore", "import")},
    f"{APP}/annotations/export": {"GET": "viewer"},
    f"{APP}/annotations/<uuid:annotation_id>": crud(methods=ONE),
    f"{APP}/annotations/<uuid:annotation_id>/hits": {"GET": "viewer"},
    f"{APP}/batches": crud(),
    f"{APP}/batches/template": {"GET": "viewer"},
    BATCH: crud(methods=ONE),
    **{f"{BATCH}/{action}": {"POST": "editor"} for action in ("start", "pause", "resume", "cancel", "retry")},
    f"{BATCH}/rows": {"GET": "viewer"},
    f"{BATCH}/results": {"GET": "viewer"},
    f"{APP}/gate": crud(write="admin", methods="GET PUT"),
    f"{APP}/gate/run": {"POST": "editor"},
    "api/v1/test-sets": crud(),
    EVALUATION_SET: crud(methods=ONE),
    f"{EVALUATION_SET}/cases": crud(),
    f"{EVALUATION_SET}/cases/<uuid:evaluation_case_id>": crud(methods="PATCH DELETE"),
    f"{EVALUATION_SET}/upload": {"POST": "editor"},
    f"{EVALUATION_SET}/generate": {"POST": "editor"},
    "api/v1/runs/<uuid:run_id>/test-cases": {"POST": "editor"},
    "api/v1/evaluators": crud(),
    "api/v1/evaluators/<uuid:evaluator_id>": crud(methods=ONE),
    "api/v1/experiments": crud(),
    EXPERIMENT: crud(methods="GET DELETE"),
    f"{EXPERIMENT}/cancel": {"POST": "editor"},
    f"{EXPERIMENT}/rows": {"GET": "viewer"},
    f"{EXPERIMENT}/rows/<uuid:experiment_row_id>/review": {"PUT": "editor"},
    f"{APP}/site": crud(methods="GET PATCH"),
    f"{APP}/site/code": {"POST": "editor"},
    f"{APP}/site/picture": crud(methods="GET POST DELETE"),
    SITE: {"GET": "public"},
    f"{SITE}/picture": {"GET": "public"},
    f"{SITE}/visitor": {"POST": "public"},
    f"{SITE}/ask": {"POST": "visitor"},
    f"{SITE}/runs": {"GET": "visitor"},
    f"{SITE}/runs/<uuid:run_id>": {"GET": "visitor"},
    f"{SITE}/runs/<uuid:run_id>/events": {"GET": "visitor"},
    f"{SITE}/runs/<uuid:run_id>/stop": {"POST": "visitor"},
    f"{SITE}/runs/<uuid:run_id>/answer": {"POST": "visitor"},
    f"{SITE}/runs/<uuid:run_id>/feedback": {"POST": "visitor"},
    f"{SITE}/runs/<uuid:run_id>/sources/<int:position>": {"GET": "visitor"},
    f"{SITE}/runs/<uuid:run_id>/sources/<int:position>/page": {"GET": "visitor"},
    f"{SITE}/conversations": {"GET": "visitor"},
    f"{SITE}/conversations/<uuid:conversation_id>": {"PATCH": "visitor", "DELETE": "visitor"},
    f"{SITE}/conversations/<uuid:conversation_id>/messages": {"GET": "visitor"},
    f"{SITE}/files": {"POST": "visitor"},
    f"{SITE}/files/<uuid:file_id>": {"GET": "visitor"},
    f"{APP}/conversations": {"GET": "viewer"},
    f"{APP}/conversations/<uuid:conversation_id>": crud(methods="PATCH DELETE"),
    f"{APP}/conversations/<uuid:conversation_id>/messages": {"GET": "viewer"},
    "api/v1/alerts": crud(write="admin"),
    "api/v1/alerts/<uuid:alert_id>": crud(write="admin", methods="PATCH DELETE"),
    "api/v1/alerts/<uuid:alert_id>/test": {"POST": "admin"},
    "api/v1/alerts/<uuid:alert_id>/events": {"GET": "viewer"},
    "api/v1/alert-metrics": {"GET": "viewer"},
    "api/v1/limits": crud(write="admin"),
    "api/v1/limits/<uuid:limit_id>": crud(write="admin", methods="PATCH DELETE"),
    "api/v1/usage": {"GET": "viewer"},
    "api/v1/templates": {"GET": "viewer"},
    "api/v1/templates/<str:template_id>/apps": {"POST": "editor"},
}

# A tool and a template have one name in every workspace: whoever names it acts on what is their own.
_SHARED = ("<str:tool_name>", "<str:template_id>", "<str:model_id>")
OF_EVERYBODY = frozenset(route for route in CONSOLE if any(name in route for name in _SHARED))

# What a dataset key opens, behind v1/datasets.
_DOCUMENT = "/<str:dataset_id>/documents/<str:document_id>"
_SEGMENT = f"{_DOCUMENT}/segments/<str:segment_id>"
KNOWLEDGE: dict[str, str] = {
    "": "GET POST",
    "/tags": "GET POST PATCH DELETE",
    "/tags/binding": "POST",
    "/tags/unbinding": "POST",
    "/pipeline/file-upload": "POST",
    "/<str:dataset_id>": "GET PATCH DELETE",
    "/<str:dataset_id>/tags": "GET",
    "/<str:dataset_id>/retrieve": "POST",
    "/<str:dataset_id>/hit-testing": "POST",
    "/<str:dataset_id>/metadata": "GET POST",
    "/<str:dataset_id>/metadata/built-in": "GET",
    "/<str:dataset_id>/metadata/built-in/<str:action>": "POST",
    "/<str:dataset_id>/metadata/<str:metadata_id>": "PATCH DELETE",
    "/<str:dataset_id>/document/create-by-text": "POST",
    "/<str:dataset_id>/document/create_by_text": "POST",
    "/<str:dataset_id>/document/create-by-file": "POST",
    "/<str:dataset_id>/document/create_by_file": "POST",
    "/<str:dataset_id>/documents": "GET",
    "/<str:dataset_id>/documents/metadata": "POST",
    "/<str:dataset_id>/documents/download-zip": "POST",
    "/<str:dataset_id>/documents/status/<str:action>": "PATCH",
    "/<str:dataset_id>/documents/<str:batch>/indexing-status": "GET",
    _DOCUMENT: "GET PATCH DELETE",
    f"{_DOCUMENT}/update-by-text": "POST",
    f"{_DOCUMENT}/update_by_text": "POST",
    f"{_DOCUMENT}/update-by-file": "POST",
    f"{_DOCUMENT}/update_by_file": "POST",
    f"{_DOCUMENT}/download": "GET",
    f"{_DOCUMENT}/segments": "GET POST",
    _SEGMENT: "GET POST DELETE",
    f"{_SEGMENT}/child_chunks": "GET POST",
    f"{_SEGMENT}/child_chunks/<str:child_chunk_id>": "PATCH DELETE",
    "/<str:dataset_id>/pipeline/datasource-plugins": "GET",
    "/<str:dataset_id>/pipeline/datasource/nodes/<str:node_id>/run": "POST",
    "/<str:dataset_id>/pipeline/run": "POST",
    "/<path:rest>": "GET POST PUT PATCH DELETE",
}

# The service API: which kind of key opens a route, and what a foreign object in its path answers.
SERVICE: dict[str, dict[str, str]] = {
    "v1/": {"GET": "public"},
    "v1/info": {"GET": "app"},
    "v1/meta": {"GET": "app"},
    "v1/site": {"GET": "app"},
    "v1/parameters": {"GET": "app"},
    "v1/end-users/<str:end_user_id>": {"GET": "app"},
    "v1/chat-messages": {"POST": "app"},
    "v1/chat-messages/<str:task_id>/stop": {"POST": "app"},
    "v1/completion-messages": {"POST": "app"},
    "v1/completion-messages/<str:task_id>/stop": {"POST": "app"},
    "v1/messages": {"GET": "app"},
    "v1/messages/<str:message_id>/feedbacks": {"POST": "app"},
    "v1/messages/<str:message_id>/suggested": {"GET": "app"},
    "v1/app/feedbacks": {"GET": "app"},
    "v1/conversations": {"GET": "app"},
    "v1/conversations/<str:conversation_id>": {"DELETE": "app"},
    "v1/conversations/<str:conversation_id>/name": {"POST": "app"},
    "v1/conversations/<str:conversation_id>/variables": {"GET": "app"},
    "v1/conversations/<str:conversation_id>/variables/<str:variable_id>": {"PUT": "app"},
    "v1/files/upload": {"POST": "app"},
    "v1/files/<str:file_id>/preview": {"GET": "app"},
    "v1/chat/completions": {"POST": "app"},
    "v1/models": {"GET": "app"},
    "v1/models/<path:model>": {"GET": "app"},
    # Dify's routes that answer "not yet" or "not a workflow", and the rest: a key comes first there too.
    "v1/apps/annotation-reply/<str:action>": {"POST": "app"},
    "v1/apps/annotation-reply/<str:action>/status/<str:job_id>": {"GET": "app"},
    "v1/apps/annotations": {"GET": "app", "POST": "app"},
    "v1/apps/annotations/<str:annotation_id>": {"PUT": "app", "DELETE": "app"},
    "v1/audio-to-text": {"POST": "app"},
    "v1/text-to-audio": {"POST": "app"},
    "v1/form/human_input/<str:form_token>": {"GET": "app", "POST": "app"},
    "v1/workflows/run": {"POST": "app"},
    "v1/workflows/run/<str:workflow_run_id>": {"GET": "app"},
    "v1/workflows/<str:workflow_id>/run": {"POST": "app"},
    "v1/workflows/tasks/<str:task_id>/stop": {"POST": "app"},
    "v1/workflows/logs": {"GET": "app"},
    "v1/workflow/<str:task_id>/events": {"GET": "app"},
    **{f"v1/datasets{route}": dict.fromkeys(methods.split(), "dataset") for route, methods in KNOWLEDGE.items()},
    "v1/datasets/download": {"GET": "signed"},
    "v1/workspaces/current/models/model-types/<str:model_type>": {"GET": "dataset"},
    "v1/<path:rest>": {method: "app" for method in ("GET", "POST", "PUT", "PATCH", "DELETE")},
}

# What watches the platform, by rules of its own (tests/backend/config/test_metrics.py).
WATCHED = {"metrics"}
# The built page, which holds no data.
PAGE = {"p/<str:code>", "embed/<str:code>", r"^(?P<path>.*)$"}


def routes() -> dict[str, URLPattern]:
    """Return every address that the resolver knows."""
    return dict(_walk(get_resolver(), ""))


def _walk(node: URLResolver | URLPattern, prefix: str) -> Iterator[tuple[str, URLPattern]]:
    here = prefix + ("" if str(node.pattern) == "^/" else str(node.pattern))
    if isinstance(node, URLPattern):
        yield here, node
        return
    for child in node.url_patterns:
        yield from _walk(child, here)


def cases(table: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str, Any]]:
    """Yield (method, address, rule) of a table."""
    for route, methods in table.items():
        for method, rule in methods.items():
            yield method, route, rule
