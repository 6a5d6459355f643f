"""What a client may know of the app that its key opens."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from backend.annotations.selectors import reply_of
from backend.apps.drafts import AppDraft
from backend.apps.graph_draft import GraphDraft
from backend.apps.graph_inputs import start_variables
from backend.apps.inputs import FILE_TYPES, Variable
from backend.common.errors import Invalid
from backend.providers.selectors import model_get
from backend.service_api.callers import AppCaller, published_draft
from backend.service_api.selectors import dify_mode, end_user_get

CONTROLS = {
    "text": "text-input",
    "paragraph": "paragraph",
    "select": "select",
    "number": "number",
    "checkbox": "checkbox",
    "file": "file",
    "file-list": "file-list",
}
MAX_IMAGES = 10
MEGABYTE = 1024 * 1024


async def index(request: HttpRequest) -> HttpResponse:
    """GET /: open to anybody, as in Dify."""
    return JsonResponse({"welcome": "Atelier Service API", "api_version": "v1", "server_version": settings.VERSION})


def info(request: HttpRequest, caller: AppCaller) -> HttpResponse:
    """GET /info: name, description and mode of the app."""
    app = caller.app
    return JsonResponse(
        {
            "name": app.name,
            "description": app.description,
            "tags": [],
            "mode": dify_mode(caller.mode),
            "author_name": app.created_by.name if app.created_by else "",
        }
    )


def meta(request: HttpRequest, caller: AppCaller) -> HttpResponse:
    """GET /meta: our tools have no icons that a client could fetch."""
    return JsonResponse({"tool_icons": {}})


def site(request: HttpRequest, caller: AppCaller) -> HttpResponse:
    """GET /site: title, icon and description of the app."""
    app = caller.app
    return JsonResponse(
        {
            "title": app.name,
            "chat_color_theme": "",
            "chat_color_theme_inverted": False,
            "icon_type": "emoji",
            "icon": app.icon,
            "icon_background": "",
            "icon_url": None,
            "description": app.description,
            "copyright": "",
            "privacy_policy": "",
            "input_placeholder": None,
            "custom_disclaimer": "",
            "default_language": "en-US",
            "show_workflow_steps": False,
            "use_icon_as_answer_icon": False,
        }
    )


def parameters(request: HttpRequest, caller: AppCaller) -> HttpResponse:
    """GET /parameters: what a client's form needs to know."""
    draft = published_draft(caller)
    is_graph = isinstance(draft, GraphDraft)
    off = {"enabled": False}
    upload_mb = settings.MAX_UPLOAD_BYTES // MEGABYTE
    return JsonResponse(
        {
            "opening_statement": draft.opening_statement,
            "suggested_questions": draft.suggested_questions,
            "suggested_questions_after_answer": off,
            "speech_to_text": off,
            "text_to_speech": {"enabled": False, "voice": "", "language": "", "autoPlay": "disabled"},
            "retriever_resource": {"enabled": is_graph or bool(draft.datasets)},
            "annotation_reply": {"enabled": reply_of(caller.workspace_id, caller.app.id) is not None},
            "more_like_this": off,
            "user_input_form": _form(draft),
            "sensitive_word_avoidance": {"enabled": False, "type": "", "configs": []},
            "file_upload": _uploads(draft) if is_graph else {"image": _images(caller, draft.model.id)},
            "system_parameters": {
                "image_file_size_limit": upload_mb,
                "video_file_size_limit": upload_mb,
                "audio_file_size_limit": upload_mb,
                "file_size_limit": upload_mb,
                "workflow_file_upload_limit": MAX_IMAGES,
            },
        }
    )


def _form(draft: AppDraft) -> list[dict[str, object]]:
    """Return the inputs; those of a graph as its start declares them."""
    if not isinstance(draft, GraphDraft):
        return [_control(item) for item in draft.variables]
    return [{str(item.get("type") or "text-input"): dict(item)} for item in start_variables(draft.saved().nodes)]


def _uploads(draft: GraphDraft) -> dict[str, object]:
    """Return what the author set for files of a question; nothing where nothing was set."""
    chosen = (draft.features.model_extra or {}).get("file_upload")
    return dict(chosen) if isinstance(chosen, dict) else {"enabled": False}


def _images(caller: AppCaller, model_id: str) -> dict[str, object]:
    try:
        reads_images = model_get(caller.workspace_id, model_id, kind="chat").supports_images
    except Invalid:
        reads_images = False
    return {
        "enabled": reads_images,
        "number_limits": MAX_IMAGES,
        "detail": "high",
        "transfer_methods": ["local_file", "remote_url"],
    }


def _control(variable: Variable) -> dict[str, object]:
    control: dict[str, object] = {
        "label": variable.label or variable.name,
        "variable": variable.name,
        "required": variable.required,
        "max_length": variable.max_length,
        "default": "" if variable.default is None else variable.default,
    }
    if variable.type == "select":
        control["options"] = variable.options
    if variable.type in FILE_TYPES:
        control["allowed_file_types"] = ["image", "document"]
        control["allowed_file_upload_methods"] = ["local_file", "remote_url"]
    return {CONTROLS[variable.type]: control}


def end_user(request: HttpRequest, caller: AppCaller, end_user_id: str) -> HttpResponse:
    """GET /end-users/{id}: one of the app's end users."""
    found = end_user_get(caller, end_user_id)
    return JsonResponse(
        {
            "id": str(found.id),
            "tenant_id": str(found.workspace_id),
            "app_id": str(found.app_id),
            "type": "service_api",
            "external_user_id": None,
            "name": None,
            "is_anonymous": False,
            "session_id": found.session_id,
            "created_at": found.created_at.isoformat(),
            "updated_at": found.updated_at.isoformat(),
        }
    )
