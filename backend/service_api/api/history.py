"""Conversations, their messages, and what end users think of the answers."""

from collections.abc import Sequence
from decimal import Decimal

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from agents.workflow.state import RunState
from backend.common.errors import ApiError, Invalid
from backend.logs.models import Conversation, Feedback
from backend.logs.selectors import feedback_of, feedbacks_of_app, sources_of, steps_of_runs
from backend.logs.services import conversation_delete, conversation_rename, feedback_set
from backend.runs.dialects import dify
from backend.runs.models import Run, RunStatus
from backend.service_api.api.messages import facts_of, require_chat
from backend.service_api.bodies import FeedbackBody, RenameBody, StopBody, body_of, limit_of, parsed
from backend.service_api.callers import DEFAULT_END_USER, AppCaller, end_user_of
from backend.service_api.selectors import conversation_of, conversations_page, message_get, messages_page
from backend.service_api.services import end_user_id


def preview_url(file_id: object) -> str:
    """Return where a client reads a file of its own."""
    return f"{settings.ENVIRONMENT.public_url}/v1/files/{file_id}/preview"


def conversation_item(conversation: Conversation) -> dict[str, object]:
    """Return a conversation as Dify lists it."""
    return {
        "id": str(conversation.id),
        "name": conversation.name,
        "inputs": conversation.inputs,
        "status": "normal",
        "introduction": conversation.introduction,
        "created_at": int(conversation.created_at.timestamp()),
        "updated_at": int(conversation.updated_at.timestamp()),
    }


def message_item(run: Run, caller: AppCaller, state: RunState) -> dict[str, object]:
    """Return a run as Dify lists a message."""
    verdict = feedback_of(run, user_id=None, end_user=run.end_user)
    created_at = int(run.created_at.timestamp())
    took_s = (run.finished_at - run.created_at).total_seconds() if run.finished_at else 0.0
    thoughts = dify.agent_thoughts(state, facts_of(run, caller, dify.Prices()))
    return {
        "id": str(run.id),
        "conversation_id": str(run.conversation_id or ""),
        "parent_message_id": None,
        "inputs": run.inputs,
        "query": run.query,
        "answer": run.outputs.get("answer", ""),
        "status": "error" if run.status == RunStatus.FAILED else "normal",
        "error": run.error_message or None,
        "message_files": [_message_file(item) for item in run.spec.get("files", [])],
        "feedback": {"rating": verdict.rating} if verdict else None,
        "retriever_resources": [dify.retriever_resource(source) for source in sources_of(state)],
        "agent_thoughts": [_listed_thought(item, str(run.id), created_at) for item in thoughts],
        "created_at": created_at,
        "extra_contents": [],
        "message_tokens": run.prompt_tokens,
        "answer_tokens": run.completion_tokens,
        "total_tokens": run.prompt_tokens + run.completion_tokens,
        "provider_response_latency": round(took_s, 3),
        "total_price": dify.decimal_text(Decimal(run.cost).quantize(dify.CENT)),
        "currency": "USD",
    }


def _message_file(item: dict[str, object]) -> dict[str, object]:
    return {
        "id": item["id"],
        "filename": item["name"],
        "type": "image",
        "url": preview_url(item["id"]),
        "mime_type": item["mime_type"],
        "size": item["size_bytes"],
        "transfer_method": "local_file",
        "belongs_to": "user",
        "upload_file_id": item["id"],
    }


def _listed_thought(thought: dict[str, object], message_id: str, created_at: int) -> dict[str, object]:
    return {
        "id": thought["id"],
        "chain_id": None,
        "message_id": message_id,
        "position": thought["position"],
        "thought": thought["thought"],
        "tool": thought["tool"],
        "tool_labels": thought["tool_labels"],
        "tool_input": thought["tool_input"],
        "observation": thought["observation"],
        "files": thought["message_files"],
        "created_at": created_at,
    }


def messages_list(request: HttpRequest, caller: AppCaller) -> HttpResponse:
    """GET /messages: the newest before `first_id`, oldest first."""
    require_chat(caller)
    end_user = end_user_of(request.GET.get("user"), required=False)
    conversation_id = request.GET.get("conversation_id", "")
    if not conversation_id:
        raise Invalid("conversation_id: name the conversation", fields={"conversation_id": ["name the conversation"]})
    limit = limit_of(request)
    conversation = conversation_of(caller, conversation_id, end_user)
    runs, has_more = messages_page(conversation, first_id=request.GET.get("first_id", ""), limit=limit)
    steps = steps_of_runs(runs)
    data = [message_item(run, caller, steps[run.id]) for run in runs]
    return JsonResponse({"limit": limit, "has_more": has_more, "data": data})


def suggested(request: HttpRequest, caller: AppCaller, message_id: str) -> HttpResponse:
    """GET /messages/{id}/suggested: no app of ours suggests questions after an answer; `parameters` says so."""
    require_chat(caller)
    message_get(caller, message_id, end_user_of(request.GET.get("user"), required=True))
    raise ApiError("Suggested Questions Is Disabled.", code="bad_request")


def conversations_list(request: HttpRequest, caller: AppCaller) -> HttpResponse:
    """GET /conversations: those of one end user."""
    require_chat(caller)
    limit = limit_of(request)
    rows, has_more = conversations_page(
        caller,
        end_user_of(request.GET.get("user"), required=False),
        last_id=request.GET.get("last_id", ""),
        limit=limit,
        sort_by=request.GET.get("sort_by") or "-updated_at",
    )
    return JsonResponse({"limit": limit, "has_more": has_more, "data": [conversation_item(row) for row in rows]})


def conversation_name(request: HttpRequest, caller: AppCaller, conversation_id: str) -> HttpResponse:
    """POST /conversations/{id}/name: rename it."""
    require_chat(caller)
    body = body_of(request, RenameBody)
    conversation = conversation_of(caller, conversation_id, end_user_of(body.user, required=False))
    conversation_rename(conversation=conversation, name=body.name or "", auto_generate=body.auto_generate)
    return JsonResponse(conversation_item(conversation))


def conversation_remove(request: HttpRequest, caller: AppCaller, conversation_id: str) -> HttpResponse:
    """DELETE /conversations/{id}: the user comes in the body, or in the query where a client sends no body."""
    require_chat(caller)
    body = body_of(request, StopBody) if request.body.strip() else parsed({"user": request.GET.get("user")}, StopBody)
    conversation = conversation_of(caller, conversation_id, end_user_of(body.user, required=False))
    conversation_delete(conversation=conversation)
    return HttpResponse(status=204)


def message_feedback(request: HttpRequest, caller: AppCaller, message_id: str) -> HttpResponse:
    """POST /messages/{id}/feedbacks: set or take back an end user's verdict."""
    body = body_of(request, FeedbackBody)
    end_user = end_user_of(body.user, required=True)
    run = message_get(caller, message_id, end_user)
    feedback_set(run=run, rating=body.rating, comment=body.content or "", end_user=end_user)
    return JsonResponse({"result": "success"})


def app_feedbacks(request: HttpRequest, caller: AppCaller) -> HttpResponse:
    """GET /app/feedbacks: of end users and members, newest first."""
    page, limit = limit_of(request, name="page", default=1, maximum=1_000_000), limit_of(request, maximum=101)
    rows: Sequence[Feedback] = feedbacks_of_app(caller.workspace_id, caller.app.id)[(page - 1) * limit : page * limit]
    return JsonResponse({"data": [_feedback_item(row, caller) for row in rows]})


def _feedback_item(row: Feedback, caller: AppCaller) -> dict[str, object]:
    is_end_user = row.user_id is None
    name = row.end_user or DEFAULT_END_USER
    return {
        "id": str(row.id),
        "app_id": str(caller.app.id),
        "conversation_id": str(row.run.conversation_id or ""),
        "message_id": str(row.run_id),
        "rating": row.rating,
        "content": row.comment or None,
        "from_source": "user" if is_end_user else "admin",
        "from_end_user_id": str(end_user_id(caller.app.id, name)) if is_end_user else None,
        "from_account_id": str(row.user_id) if row.user_id else None,
        "created_at": row.created_at.isoformat(),
        "updated_at": row.updated_at.isoformat(),
    }
