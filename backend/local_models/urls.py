"""The addresses of local models, under /api/v1/."""

from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from backend.local_models import api
from backend.local_models.playground import playground

urlpatterns = [
    path("models", api.ModelsView.as_view(), name="models"),
    path("models/<str:model_id>", api.LocalModelView.as_view(), name="local-model"),
    path("models/<str:model_id>/load", api.LoadView.as_view(), name="local-model-load"),
    path("models/<str:model_id>/unload", api.UnloadView.as_view(), name="local-model-unload"),
    path("models/<str:model_id>/estimate", api.EstimateView.as_view(), name="local-model-estimate"),
    path("engines", api.EnginesView.as_view(), name="engines"),
    path("local-models", api.LocalModelsView.as_view(), name="local-models"),
    path("model-jobs", api.ModelJobsView.as_view(), name="model-jobs"),
    path("model-jobs/<uuid:model_job_id>", api.ModelJobView.as_view(), name="model-job"),
    path("model-jobs/<uuid:model_job_id>/cancel", api.CancelView.as_view(), name="model-job-cancel"),
    # `console_caller` checks the CSRF token of a cookie's request itself, as it does for every console view.
    path("playground", csrf_exempt(require_POST(playground)), name="playground"),
]
