"""The addresses of quantization, under /api/v1/."""

from django.urls import path

from backend.quantization import api

urlpatterns = [
    path("models/<str:model_id>/quantize", api.QuantizeView.as_view(), name="model-quantize"),
    path("quantizations", api.QuantizationsView.as_view(), name="quantizations"),
    path("quantizations/<uuid:quantization_id>", api.QuantizationView.as_view(), name="quantization"),
    path(
        "quantizations/<uuid:quantization_id>/cancel", api.QuantizationCancelView.as_view(), name="quantization-cancel"
    ),
]
