"""The addresses of prompts, under /api/v1/."""

from django.urls import path

from backend.prompts import api

urlpatterns = [
    path("prompts", api.PromptsView.as_view(), name="prompts"),
    path("prompts/<uuid:prompt_id>", api.PromptView.as_view(), name="prompt"),
    path("prompts/<uuid:prompt_id>/versions", api.PromptVersionsView.as_view(), name="prompt-versions"),
]
