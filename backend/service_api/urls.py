"""The addresses of the service API, under /v1/."""

from django.urls import path
from django.views.decorators.http import require_GET

from backend.service_api import knowledge_urls
from backend.service_api.answers import dify_route, not_yet, openai_route
from backend.service_api.api import annotations, apps, files, history, later, messages, openai, variables, workflows
from backend.service_api.knowledge_urls import METHODS, each, unknown

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
        dify_route(GET=variables.variables_list),
        name="service-conversation-variables",
    ),
    path(
        "conversations/<str:conversation_id>/variables/<str:variable_id>",
        dify_route(PUT=variables.variable_set),
        name="service-conversation-variable",
    ),
    path("files/upload", dify_route(POST=files.upload), name="service-upload"),
    path("files/<str:file_id>/preview", dify_route(GET=files.preview), name="service-preview"),
    path("chat/completions", openai_route(POST=openai.chat_completion), name="service-openai-chat"),
    path("models", openai_route(GET=openai.models_list), name="service-openai-models"),
    path("models/<path:model>", openai_route(GET=openai.model_get), name="service-openai-model"),
    path(
        "apps/annotation-reply/<str:action>",
        dify_route(POST=annotations.reply_switch),
        name="service-annotation-reply",
    ),
    path(
        "apps/annotation-reply/<str:action>/status/<str:job_id>",
        dify_route(GET=annotations.reply_status),
        name="service-annotation-reply-status",
    ),
    path(
        "apps/annotations",
        dify_route(GET=annotations.annotations_list, POST=annotations.annotation_add),
        name="service-annotations",
    ),
    path(
        "apps/annotations/<str:annotation_id>",
        dify_route(PUT=annotations.annotation_set, DELETE=annotations.annotation_remove),
        name="service-annotation",
    ),
    *(path(route, dify_route(**each(methods, not_yet))) for route, methods in later.APP_ROUTES),
    path("workflows/run", dify_route(POST=workflows.run_published), name="service-workflow"),
    path("workflows/run/<str:workflow_run_id>", dify_route(GET=workflows.detail), name="service-workflow-run"),
    path("workflows/<str:workflow_id>/run", dify_route(POST=workflows.run_version), name="service-workflow-version"),
    path("workflows/tasks/<str:task_id>/stop", dify_route(POST=workflows.stop), name="service-workflow-stop"),
    path("workflows/logs", dify_route(GET=workflows.logs), name="service-workflow-logs"),
    path("workflow/<str:task_id>/events", dify_route(GET=workflows.events), name="service-workflow-events"),
    *knowledge_urls.urlpatterns,
    path("<path:rest>", dify_route(**each(METHODS, unknown)), name="service-unknown"),
]
