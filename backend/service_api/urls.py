"""The addresses of the service API, under /v1/."""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_GET

from backend.common.errors import NotFound
from backend.service_api.answers import Handler, dataset_route, dify_route, not_yet, openai_route
from backend.service_api.api import apps, files, history, later, messages, openai
from backend.service_api.callers import AppCaller

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def unknown(request: HttpRequest, caller: AppCaller, rest: str) -> HttpResponse:
    """Answer a path that is not of the contract."""
    raise NotFound(f"there is no {request.method} {request.path}")


def _each(methods: tuple[str, ...], handler: Handler) -> dict[str, Handler]:
    return dict.fromkeys(methods, handler)


urlpatterns = [
    path("", require_GET(apps.index), name="service-index"),
    path("info", dify_route(GET=apps.info), name="service-info"),
    path("meta", dify_route(GET=apps.meta), name="service-meta"),
    path("site", dify_route(GET=apps.site), name="service-site"),
    path("parameters", dify_route(GET=apps.parameters), name="service-parameters"),
    path("end-users/<str:end_user_id>", dify_route(GET=apps.end_user), name="service-end-user"),
    path("chat-messages", dify_route(POST=messages.chat_message), name="service-chat"),
    path("chat-messages/<str:task_id>/stop", dify_route(POST=messages.chat_stop), name="service-chat-stop"),
    path("completion-messages", dify_route(POST=messages.completion_message), name="service-completion"),
    path(
        "completion-messages/<str:task_id>/stop",
        dify_route(POST=messages.completion_stop),
        name="service-completion-stop",
    ),
    path("messages", dify_route(GET=history.messages_list), name="service-messages"),
    path("messages/<str:message_id>/feedbacks", dify_route(POST=history.message_feedback), name="service-feedback"),
    path("messages/<str:message_id>/suggested", dify_route(GET=history.suggested), name="service-suggested"),
    path("app/feedbacks", dify_route(GET=history.app_feedbacks), name="service-feedbacks"),
    path("conversations", dify_route(GET=history.conversations_list), name="service-conversations"),
    path(
        "conversations/<str:conversation_id>",
        dify_route(DELETE=history.conversation_remove),
        name="service-conversation",
    ),
    path(
        "conversations/<str:conversation_id>/name",
        dify_route(POST=history.conversation_name),
        name="service-conversation-name",
    ),
    path(
        "conversations/<str:conversation_id>/variables",
        dify_route(GET=history.conversation_variables),
        name="service-conversation-variables",
    ),
    path(
        "conversations/<str:conversation_id>/variables/<str:variable_id>",
        dify_route(PUT=history.conversation_variable),
        name="service-conversation-variable",
    ),
    path("files/upload", dify_route(POST=files.upload), name="service-upload"),
    path("files/<str:file_id>/preview", dify_route(GET=files.preview), name="service-preview"),
    path("chat/completions", openai_route(POST=openai.chat_completion), name="service-openai-chat"),
    path("models", openai_route(GET=openai.models_list), name="service-openai-models"),
    path("models/<path:model>", openai_route(GET=openai.model_get), name="service-openai-model"),
    *(path(route, dify_route(**_each(methods, not_yet))) for route, methods in later.APP_ROUTES),
    *(path(route, dify_route(**_each(methods, later.workflow_only))) for route, methods in later.WORKFLOW_ROUTES),
    *(path(route, dataset_route(**_each(methods, not_yet))) for route, methods in later.DATASET_ROUTES),
    path("<path:rest>", dify_route(**_each(METHODS, unknown)), name="service-unknown"),
]
