"""The JSON of searches: settings, filters, hits and traces."""

from collections.abc import Mapping
from typing import get_args

from rest_framework import serializers

from rag.filters import Operator
from rag.retrieve.settings import MAX_CANDIDATES, MAX_DEADLINE_MS, MAX_NEIGHBOURS, MAX_TOP_K, Fusion
from rag.types import SearchMode

MAX_CONDITIONS = 50
MAX_VALUES = 1000
MAX_HISTORY = 50


class StrictSerializer(serializers.Serializer):
    """Refuses keys that it does not know: a setting that is misspelt must not be ignored."""

    def to_internal_value(self, data: object) -> dict[str, object]:
        """Return the validated values."""
        if isinstance(data, Mapping) and (unknown := [str(name) for name in data if name not in self.fields]):
            known = ", ".join(name for name, field in self.fields.items() if not field.read_only)
            raise serializers.ValidationError({unknown[0][:100]: [f"this key is unknown; there are {known}"]})
        return super().to_internal_value(data)  # type: ignore[no-any-return]  # DRF has no types


class RetrievalSettingsSerializer(StrictSerializer):
    """How a search is done; what is absent comes from the dataset. `model` rewrites queries and writes filters."""

    mode = serializers.ChoiceField(choices=get_args(SearchMode), required=False)
    top_k = serializers.IntegerField(min_value=1, max_value=MAX_TOP_K, required=False)
    score_threshold = serializers.FloatField(min_value=0.0, max_value=1.0, allow_null=True, required=False)
    candidates = serializers.IntegerField(min_value=1, max_value=MAX_CANDIDATES, required=False)
    fusion = serializers.ChoiceField(choices=get_args(Fusion), required=False)
    semantic_weight = serializers.FloatField(min_value=0.0, max_value=1.0, required=False)
    rerank = serializers.BooleanField(required=False)
    rerank_deadline_ms = serializers.IntegerField(min_value=1, max_value=MAX_DEADLINE_MS, required=False)
    mmr_lambda = serializers.FloatField(min_value=0.0, max_value=1.0, allow_null=True, required=False)
    neighbours = serializers.IntegerField(min_value=0, max_value=MAX_NEIGHBOURS, required=False)
    rewrite = serializers.BooleanField(required=False)
    model_filter = serializers.BooleanField(required=False)
    model = serializers.CharField(max_length=200, allow_blank=True, required=False)


class ConditionSerializer(StrictSerializer):
    """One comparison; `value` is a text, a number or a list of either, and absent for `empty` and `not empty`."""

    field = serializers.CharField(max_length=100)
    operator = serializers.ChoiceField(choices=get_args(Operator))
    value = serializers.JSONField(required=False, allow_null=True, default=None)


class FilterSerializer(StrictSerializer):
    """Conditions on the metadata of documents."""

    logic = serializers.ChoiceField(choices=("and", "or"), default="and")
    conditions = ConditionSerializer(many=True, max_length=MAX_CONDITIONS)


class TurnSerializer(StrictSerializer):
    """A turn of the conversation before the query."""

    role = serializers.ChoiceField(choices=("user", "assistant"))
    content = serializers.CharField(max_length=10_000, allow_blank=True)


class RetrieveSerializer(RetrievalSettingsSerializer):
    """A question to a dataset."""

    query = serializers.CharField()
    filter = FilterSerializer(allow_null=True, default=None)
    history = TurnSerializer(many=True, max_length=MAX_HISTORY, default=list)
    with_stages = serializers.BooleanField(default=False)


class AreaSerializer(serializers.Serializer):
    """A rectangle of a page in fractions of its width and height, from the top left corner."""

    x0 = serializers.FloatField()
    y0 = serializers.FloatField()
    x1 = serializers.FloatField()
    y1 = serializers.FloatField()


class TracedChunkSerializer(serializers.Serializer):
    """A chunk that a stage names."""

    document_id = serializers.UUIDField()
    document_name = serializers.CharField()
    page = serializers.IntegerField(allow_null=True)
    position = serializers.IntegerField()
    text = serializers.CharField()


class HitSerializer(TracedChunkSerializer):
    """A chunk that answers; `child` is the part of it that was found."""

    chunk_id = serializers.UUIDField()
    score = serializers.FloatField()
    answer = serializers.CharField()
    child = serializers.CharField()
    areas = AreaSerializer(many=True)


class StageSerializer(serializers.Serializer):
    """A step of a retrieval."""

    name = serializers.CharField()
    elapsed_ms = serializers.FloatField()
    hits = serializers.IntegerField()
    detail = serializers.DictField()


class RetrievedSerializer(serializers.Serializer):
    """Chunks, best first, and how they were found; `chunks` has every one that a stage names, by id, if asked for."""

    results = HitSerializer(many=True)
    trace = StageSerializer(many=True)
    chunks = serializers.DictField(child=TracedChunkSerializer(), required=False)
