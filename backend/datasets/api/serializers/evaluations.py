"""The JSON of test sets, their cases and their evaluations."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.datasets.api.serializers.retrieval import RetrievalSettingsSerializer, StrictSerializer
from backend.datasets.models import RetrievalEvaluation, RetrievalTestSet

MAX_GENERATED = 200
MAX_SETTINGS = 10


class GenerationSerializer(serializers.Serializer):
    """How far a model is with writing cases; a `reason` says why it ended early."""

    model = serializers.CharField()
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    is_running = serializers.BooleanField()
    reason = serializers.CharField()


class RetrievalTestSetSerializer(serializers.Serializer):
    """Questions to measure searches with."""

    id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(max_length=120)
    case_count = serializers.IntegerField(read_only=True)
    generating = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)

    @extend_schema_field(GenerationSerializer(allow_null=True))
    def get_generating(self, test_set: RetrievalTestSet) -> dict[str, object] | None:
        """Return the state of the cases that a model writes; null when none was asked."""
        return GenerationSerializer(test_set.generation).data if test_set.generation else None


class TestCaseSerializer(serializers.Serializer):
    """A question and what answers it: documents by name, chunks by id, or a phrase that a right chunk holds."""

    __test__ = False

    id = serializers.UUIDField(read_only=True)
    question = serializers.CharField(max_length=10_000)
    documents = serializers.ListField(child=serializers.CharField(max_length=255), max_length=100, required=False)
    chunks = serializers.ListField(child=serializers.UUIDField(), max_length=100, required=False)
    phrase = serializers.CharField(max_length=10_000, allow_blank=True, required=False)


class RefusedLineSerializer(serializers.Serializer):
    """A line of an upload that is not a case, and why."""

    line = serializers.IntegerField()
    reason = serializers.CharField()


class ImportedSerializer(serializers.Serializer):
    """What became of an upload of cases."""

    added = serializers.IntegerField()
    refused = RefusedLineSerializer(many=True)


class GenerateSerializer(serializers.Serializer):
    """How many cases which chat model is to write."""

    count = serializers.IntegerField(min_value=1, max_value=MAX_GENERATED, default=20)
    model = serializers.CharField(max_length=200)


class NamedSettingsSerializer(RetrievalSettingsSerializer):
    """Settings to measure, under a name to tell them apart by."""

    name = serializers.CharField(max_length=120)


class EvaluateSerializer(StrictSerializer):
    """The settings to compare."""

    settings = NamedSettingsSerializer(many=True, min_length=1, max_length=MAX_SETTINGS)


class CaseResultSerializer(serializers.Serializer):
    """What a search gave for a case: `rank` of the first right chunk, and the chunks that were found."""

    id = serializers.UUIDField()
    question = serializers.CharField()
    rank = serializers.IntegerField(allow_null=True)
    expected = serializers.ListField(child=serializers.CharField())
    found = serializers.ListField(child=serializers.CharField())
    elapsed_ms = serializers.FloatField()


class SettingResultSerializer(serializers.Serializer):
    """The measures of one setting."""

    name = serializers.CharField()
    settings = serializers.DictField()
    recall_at_k = serializers.DictField(child=serializers.FloatField())
    ndcg_at_10 = serializers.FloatField()
    mrr = serializers.FloatField()
    p50_ms = serializers.FloatField()
    p95_ms = serializers.FloatField()
    cases = CaseResultSerializer(many=True)


class EvaluationSummarySerializer(serializers.ModelSerializer):
    """An evaluation in a list: the measures without the single cases."""

    status = serializers.ChoiceField(choices=RetrievalEvaluation.Status.values, read_only=True)
    results = serializers.SerializerMethodField()

    class Meta:
        model = RetrievalEvaluation
        fields = ("id", "status", "progress", "reason", "results", "created_at", "finished_at")
        read_only_fields = fields

    @extend_schema_field(SettingResultSerializer(many=True))
    def get_results(self, evaluation: RetrievalEvaluation) -> list[dict[str, object]]:
        """Return the measures of every setting that is done."""
        return [{**result, "cases": []} for result in evaluation.results]


class EvaluationSerializer(EvaluationSummarySerializer):
    """An evaluation with every case of every setting."""

    @extend_schema_field(SettingResultSerializer(many=True))
    def get_results(self, evaluation: RetrievalEvaluation) -> list[dict[str, object]]:
        """Return the measures of every setting that is done, and its cases."""
        return list(evaluation.results)
