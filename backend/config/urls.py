"""All addresses of the web process."""

from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.http import require_safe
from drf_spectacular.views import SpectacularJSONAPIView

from backend.config.health import health
from backend.config.metrics import metrics
from backend.config.page import page
from backend.config.published_pages import embedded, published

handler400 = "backend.common.http.bad_request"
handler404 = "backend.common.http.not_found"
handler500 = "backend.common.http.server_error"

CONSOLE = (
    "accounts",
    "files",
    "providers",
    "prompts",
    "datasets",
    "tools",
    "runs",
    "logs",
    "local_models",
    "quantization",
    "analytics",
    "annotations",
    "limits",
    "apps",
    "evaluations",
    "alerts",
    "batches",
    "templates",
    "published",
)


urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/health", require_safe(health), name="health"),
    path("api/v1/schema", SpectacularJSONAPIView.as_view(), name="schema"),
    *(path("api/v1/", include(f"backend.{app}.urls")) for app in CONSOLE),
    path("v1/", include("backend.service_api.urls")),
    path("metrics", require_safe(metrics), name="metrics"),
    path("p/<str:code>", require_safe(published), name="published-page"),
    path("embed/<str:code>", require_safe(embedded), name="embedded-page"),
    re_path(r"^(?P<path>.*)$", require_safe(page), name="page"),
]
