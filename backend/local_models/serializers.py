"""What local models look like over HTTP."""

from collections.abc import Mapping

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.local_models.models import ModelJob
from backend.local_models.selectors import LocalModel
from backend.providers.models import ModelKind

FORMATS = ["gguf", "safetensors"]
STATES = ["loaded", "loading", "unloaded", "restarting", "failed", "stored", "unknown"]


class NewModelSerializer(serializers.Serializer):
    """What to bring: `pull` a repository of the hub (and of it `file`), or add the file or folder at `path`."""

    path = serializers.CharField(max_length=1000, required=False, default="", allow_blank=True)
    pull = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    file = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)
    revision = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    id = serializers.CharField(
        max_length=100, required=False, default="", allow_blank=True, help_text="its name here; made of the file's"
    )
    engine = serializers.CharField(
        max_length=40, required=False, default="", allow_blank=True, help_text="who shall serve it; see /engines"
    )

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        """Want exactly one source."""
        if bool(attrs["path"]) == bool(attrs["pull"]):
            raise serializers.ValidationError("send either pull (owner/name) or path (a file or folder)")
        return attrs


class ModelJobSerializer(serializers.ModelSerializer):
    """A model on its way."""

    class Meta:
        model = ModelJob
        fields = [
            "id",
            "kind",
            "source",
            "file",
            "revision",
            "model",
            "engine",
            "status",
            "reason",
            "done_bytes",
            "total_bytes",
            "is_cancel_wanted",
            "created_at",
            "finished_at",
        ]
        read_only_fields = fields


class EngineChoiceSerializer(serializers.Serializer):
    """Who shall serve a model from now on."""

    engine = serializers.CharField(max_length=40)


class EngineSerializer(serializers.Serializer):
    """An engine of this machine: what it opens, whether it is installed, and what brings it."""

    name = serializers.CharField()
    is_builtin = serializers.BooleanField()
    is_installed = serializers.BooleanField()
    formats = serializers.ListField(child=serializers.ChoiceField(choices=FORMATS))
    install_command = serializers.CharField(help_text="to be run on the machine; empty for the built-in one")
    models = serializers.ListField(child=serializers.CharField(), help_text="of this machine that it serves")


class EnginesSerializer(serializers.Serializer):
    """All of them."""

    results = EngineSerializer(many=True)


class LoadSerializer(serializers.Serializer):
    """How to load a model; what is null is left to the server."""

    keep_alive_s = serializers.IntegerField(
        min_value=0, max_value=31_536_000, required=False, allow_null=True, help_text="0: until it is unloaded"
    )
    context_tokens = serializers.IntegerField(min_value=64, max_value=10_000_000, required=False, allow_null=True)


class MemorySerializer(serializers.Serializer):
    """Bytes that a model takes when its context is full."""

    context_tokens = serializers.IntegerField()
    weights_bytes = serializers.IntegerField()
    cache_bytes = serializers.IntegerField()
    compute_bytes = serializers.IntegerField()
    process_bytes = serializers.IntegerField()
    total_bytes = serializers.IntegerField()


class EstimateSerializer(MemorySerializer):
    """The same, with what the budget leaves."""

    room_bytes = serializers.IntegerField()


class LocalModelSerializer(serializers.Serializer):
    """A model on this machine. A state of `stored` means that it is kept, but not in a form that can be asked."""

    id = serializers.CharField()
    builtin = serializers.SerializerMethodField()
    state = serializers.SerializerMethodField()
    reason = serializers.SerializerMethodField()
    kind = serializers.SerializerMethodField()
    format = serializers.SerializerMethodField()
    engine = serializers.SerializerMethodField()
    source = serializers.SerializerMethodField()
    licence = serializers.SerializerMethodField()
    sha256 = serializers.SerializerMethodField()
    has_chat_template = serializers.SerializerMethodField()
    architecture = serializers.SerializerMethodField()
    quantization = serializers.SerializerMethodField()
    size_bytes = serializers.SerializerMethodField()
    parameters = serializers.SerializerMethodField()
    context_tokens = serializers.SerializerMethodField()
    memory_bytes = serializers.SerializerMethodField()
    estimate = serializers.SerializerMethodField()
    keep_alive_s = serializers.SerializerMethodField()
    idle_s = serializers.SerializerMethodField()
    outstanding = serializers.SerializerMethodField()
    base_name = serializers.SerializerMethodField()

    def get_builtin(self, model: LocalModel) -> bool:
        """Does it come with Atelier?"""
        return bool(model.live.get("builtin"))

    @extend_schema_field(serializers.ChoiceField(choices=STATES))
    def get_state(self, model: LocalModel) -> str:
        """Return whether it is in memory."""
        if model.live:
            return str(model.live["state"])
        return "stored" if model.manifest is not None and not model.manifest.is_servable else "unknown"

    def get_reason(self, model: LocalModel) -> str:
        """Return why it cannot be asked."""
        return _text(model, "reason")

    @extend_schema_field(serializers.ChoiceField(choices=ModelKind.choices))
    def get_kind(self, model: LocalModel) -> str:
        """Return what it does."""
        return _text(model, "kind") or "chat"

    def get_format(self, model: LocalModel) -> str:
        """Return gguf or safetensors."""
        return _text(model, "format") or "gguf"

    def get_engine(self, model: LocalModel) -> str:
        """Return who serves it; empty while nobody does."""
        return model.engine

    def get_source(self, model: LocalModel) -> str:
        """Return where it came from."""
        return _text(model, "source")

    def get_licence(self, model: LocalModel) -> str:
        """Return its licence, as far as the file or the hub says it."""
        return _text(model, "licence")

    def get_sha256(self, model: LocalModel) -> str:
        """Return the digest that the file is pinned to."""
        return _text(model, "sha256")

    def get_has_chat_template(self, model: LocalModel) -> bool:
        """Does it say how a conversation is written?"""
        return bool(model.value("has_chat_template"))

    def get_architecture(self, model: LocalModel) -> str:
        """Return the name of its architecture."""
        return _text(model, "architecture")

    def get_quantization(self, model: LocalModel) -> str:
        """Return how its numbers are stored."""
        return _text(model, "quantization")

    def get_size_bytes(self, model: LocalModel) -> int:
        """Return its size on disk."""
        return _number(model, "size_bytes")

    def get_parameters(self, model: LocalModel) -> int:
        """Return how many numbers it has learnt."""
        return _number(model, "parameters")

    def get_context_tokens(self, model: LocalModel) -> int:
        """Return the context that it was trained for."""
        return _number(model, "context_tokens")

    def get_memory_bytes(self, model: LocalModel) -> int:
        """Return what its process takes now."""
        return _number(model, "memory_bytes")

    @extend_schema_field(MemorySerializer(allow_null=True))
    def get_estimate(self, model: LocalModel) -> Mapping[str, object] | None:
        """Return what it takes at most."""
        found = model.live.get("estimate")
        return found if isinstance(found, Mapping) else None

    def get_keep_alive_s(self, model: LocalModel) -> int:
        """Return after how many idle seconds it is unloaded; 0 for never."""
        return _number(model, "keep_alive_s")

    @extend_schema_field(serializers.FloatField(allow_null=True))
    def get_idle_s(self, model: LocalModel) -> float | None:
        """Return for how long nobody has asked it."""
        found = model.live.get("idle_s")
        return round(found, 1) if isinstance(found, float) else None

    def get_outstanding(self, model: LocalModel) -> int:
        """Return how many answers it works on."""
        return _number(model, "outstanding")

    def get_base_name(self, model: LocalModel) -> str:
        """Return its name without the adapter that it is served with; empty where it is served as it came."""
        return str(model.live.get("base_name", ""))


def _text(model: LocalModel, key: str) -> str:
    found = model.value(key)
    return found if isinstance(found, str) else ""


def _number(model: LocalModel, key: str) -> int:
    found = model.value(key)
    return found if isinstance(found, int) else 0


class InventorySerializer(serializers.Serializer):
    """Everything on this machine; `reason` says why nothing is known of memory."""

    results = LocalModelSerializer(many=True, source="models")
    budget_bytes = serializers.IntegerField()
    room_bytes = serializers.IntegerField()
    reason = serializers.CharField()
    machine_admins = serializers.ListField(
        child=serializers.EmailField(), help_text="members of the workspace who may change what is here"
    )
