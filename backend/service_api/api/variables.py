"""conversations/{id}/variables: what a chatflow remembers of one conversation, and setting it."""

import json
import uuid

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse

from agents.types import JsonValue
from agents.workflow.variables import is_of, type_of, var_type
from backend.apps.graph_draft import ConversationVariable, GraphDraft
from backend.common.errors import ApiError, NotFound
from backend.logs.models import Conversation
from backend.logs.services import conversation_variables_keep
from backend.service_api.api.messages import require_chat
from backend.service_api.bodies import VariableBody, body_of, limit_of
from backend.service_api.callers import AppCaller, end_user_of, published_draft
from backend.service_api.selectors import conversation_of


def _declared(caller: AppCaller) -> list[ConversationVariable]:
    draft = published_draft(caller)
    return draft.conversation_variables if isinstance(draft, GraphDraft) else []


def _id(conversation: Conversation, name: str) -> uuid.UUID:
    """Return the id of a variable in a conversation: it follows from both."""
    return uuid.uuid5(conversation.id, name)


def _item(conversation: Conversation, variable: ConversationVariable) -> dict[str, object]:
    value: JsonValue = conversation.variables.get(variable.name, variable.value)
    return {
        "id": str(_id(conversation, variable.name)),
        "name": variable.name,
        "value_type": variable.value_type,
        "value": value if isinstance(value, str) else json.dumps(value, ensure_ascii=False),
        "description": variable.description,
        "created_at": int(conversation.created_at.timestamp()),
        "updated_at": int(conversation.updated_at.timestamp()),
    }


def variables_list(request: HttpRequest, caller: AppCaller, conversation_id: str) -> HttpResponse:
    """GET: the variables that the app declares, with what they hold in this conversation."""
    require_chat(caller)
    conversation = conversation_of(caller, conversation_id, end_user_of(request.GET.get("user"), required=False))
    limit, name, last_id = limit_of(request), request.GET.get("variable_name"), request.GET.get("last_id")
    items = [_item(conversation, item) for item in _declared(caller) if name in (None, "", item.name)]
    ids = [item["id"] for item in items]
    if last_id and last_id not in ids:
        raise NotFound("Conversation Variable Not Exists.")
    first = ids.index(last_id) + 1 if last_id else 0
    page = items[first : first + limit]
    return JsonResponse({"limit": limit, "has_more": first + limit < len(items), "data": page})


def variable_set(request: HttpRequest, caller: AppCaller, conversation_id: str, variable_id: str) -> HttpResponse:
    """PUT: give a variable another value of its type; the conversation's next run begins with it."""
    require_chat(caller)
    body = body_of(request, VariableBody)
    conversation = conversation_of(caller, conversation_id, end_user_of(body.user, required=False))
    found = next((item for item in _declared(caller) if str(_id(conversation, item.name)) == variable_id), None)
    if found is None:
        raise NotFound("Conversation Variable Not Exists.")
    if body.value is None or not is_of(body.value, var_type(found.value_type)):
        given = "null" if body.value is None else f"of type {type_of(body.value)}"
        raise ApiError(f"{found.name!r} is of type {found.value_type}, the value is {given}", code="bad_request")
    with transaction.atomic():
        conversation_variables_keep(conversation.id, {found.name: body.value})
    conversation.refresh_from_db()
    return JsonResponse(_item(conversation, found))
