"""The addresses of prompts, under /api/v1/."""

from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from backend.prompts import api, assist_api

urlpatterns = [
    path("prompts", api.PromptsView.as_view(), name="prompts"),
    # `console_caller` checks the CSRF token of a cookie's request itself, as it does for every console view.
    path("prompts/assists", csrf_exempt(require_POST(assist_api.prompt_assist)), name="prompt-assists"),
    path("prompts/assists/<uuid:run_id>", assist_api.PromptAssistView.as_view(), name="prompt-assist"),
    path("prompts/<uuid:prompt_id>", api.PromptView.as_view(), name="prompt"),
    path("prompts/<uuid:prompt_id>/versions", api.PromptVersionsView.as_view(), name="prompt-versions"),
]
