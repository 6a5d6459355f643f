"""The call of the service API that asks what a run was asked: for whoever wants to make it again."""

from agents.types import FileRef, JsonValue, RunSpec
from backend.runs.models import Run, RunSource

NOBODY = "user-1"
"""Stands for the end user of a run that a member started."""


def request_of(run: Run) -> dict[str, object]:
    """Return `path` and `body` of the call; `run.app` must be there.

    A member's conversation is none of an end user's: a call with a key starts a new one.
    """
    assert run.app is not None, "an app that is gone cannot be called"
    spec = RunSpec.from_json(run.spec)
    if run.source == RunSource.OPENAI:
        return {"path": "/v1/chat/completions", "body": _completion_body(run, spec)}
    body: dict[str, object] = {"inputs": dict(run.inputs)}
    path = {"completion": "/v1/completion-messages", "workflow": "/v1/workflows/run"}.get(
        run.app.mode, "/v1/chat-messages"
    )
    if run.query:
        body["query"] = run.query
    body |= {"response_mode": "streaming", "user": run.end_user or NOBODY}
    if run.conversation_id and run.source == RunSource.SERVICE_API:
        body["conversation_id"] = str(run.conversation_id)
    if spec.files:
        body["files"] = [_file(item) for item in spec.files]
    return {"path": path, "body": body}


def _completion_body(run: Run, spec: RunSpec) -> dict[str, object]:
    said: list[dict[str, JsonValue]] = [{"role": turn.role, "content": turn.content} for turn in spec.history]
    if spec.instructions:
        said.insert(0, {"role": "system", "content": spec.instructions})
    body: dict[str, object] = {"model": run.app.slug, "messages": [*said, {"role": "user", "content": run.query}]}
    if run.inputs:
        body["inputs"] = dict(run.inputs)
    return body | {"stream": True}


def _file(item: FileRef) -> dict[str, str]:
    kind = "image" if item.mime_type.startswith("image/") else "document"
    return {"type": kind, "transfer_method": "local_file", "upload_file_id": item.id}
