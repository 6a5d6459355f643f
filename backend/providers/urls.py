"""The addresses of providers and models, under /api/v1/."""

from django.urls import path

from backend.providers import api, token_api

urlpatterns = [
    path("providers", api.ProvidersView.as_view(), name="providers"),
    path("providers/test", api.UnsavedProviderTestView.as_view(), name="provider-test-unsaved"),
    path("providers/<uuid:provider_id>", api.ProviderView.as_view(), name="provider"),
    path("providers/<uuid:provider_id>/test", api.ProviderTestView.as_view(), name="provider-test"),
    path("provider-presets", api.PresetsView.as_view(), name="provider-presets"),
    path("model-load", api.ModelLoadView.as_view(), name="model-load"),
    path("token-counts", token_api.TokenCountView.as_view(), name="token-counts"),
]
