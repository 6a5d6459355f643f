"""Model servers that a workspace may ask besides the embedded one, and what their tokens cost."""

from django.db import models

from backend.common.models import WorkspaceModel


class Provider(WorkspaceModel):
    """An OpenAI-compatible server; its key is stored encrypted and never returned."""

    name = models.CharField(max_length=60)
    base_url = models.URLField(max_length=500)
    api_key_cipher = models.TextField(blank=True, default="")

    class Meta(WorkspaceModel.Meta):
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="provider_name_once")]


class ModelKind(models.TextChoices):
    """What a model does."""

    CHAT = "chat"
    EMBEDDING = "embedding"
    RERANK = "rerank"


class ProviderModel(WorkspaceModel):
    """A model of a provider; prices are USD per million tokens."""

    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="models")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=ModelKind.choices, default=ModelKind.CHAT)
    context_tokens = models.PositiveIntegerField(default=8192)
    supports_tools = models.BooleanField(default=True)
    supports_images = models.BooleanField(default=False)
    input_price = models.DecimalField(max_digits=12, decimal_places=6, default=0)
    output_price = models.DecimalField(max_digits=12, decimal_places=6, default=0)

    class Meta(WorkspaceModel.Meta):
        constraints = [models.UniqueConstraint(fields=["provider", "name"], name="provider_model_once")]
