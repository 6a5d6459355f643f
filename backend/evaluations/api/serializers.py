"""Test sets, evaluators, experiments and gates as the console shows them."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.accounts.api.serializers import ActorSerializer
from backend.common.serializers import NamedSerializer
from backend.evaluations.models import (
    EvaluationCase,
    EvaluationSet,
    Evaluator,
    EvaluatorKind,
    Experiment,
    ExperimentRow,
    ExperimentRowStatus,
    ExperimentStatus,
    Review,
)
from backend.evaluations.services.experiments import MAX_AT_ONCE
from backend.runs.serializers import FailingSerializer, RunsProgressSerializer

OUTCOMES = ["better", "worse", "same", "few_cases"]
SCORE_STATES = ["scored", "skipped", "failed"]
GATE_STATES = ["off", "first", "unchanged", "missing", "running", "incomplete", "few_cases", "worse", "passed"]


class EvaluationGenerationSerializer(serializers.Serializer):
    """How far a model is that writes cases."""

    model = serializers.CharField()
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    tried = serializers.IntegerField()
    is_running = serializers.BooleanField()
    reason = serializers.CharField()


class EvaluationSetSerializer(serializers.ModelSerializer):
    """A test set."""

    name = serializers.CharField(max_length=120)
    description = serializers.CharField(required=False, allow_blank=True, max_length=2000, default="")
    app_id = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="null: for every app")
    case_count = serializers.IntegerField(read_only=True)
    generation = serializers.SerializerMethodField()

    class Meta:
        model = EvaluationSet
        fields = ("id", "name", "description", "app_id", "case_count", "generation", "created_at", "updated_at")
        read_only_fields = ("id", "case_count", "generation", "created_at", "updated_at")

    @extend_schema_field(EvaluationGenerationSerializer(allow_null=True))
    def get_generation(self, row: EvaluationSet) -> object:
        """What a model writes, or wrote last."""
        return EvaluationGenerationSerializer(row.generation).data if row.generation else None


class ExpectedToolSerializer(serializers.Serializer):
    """A call that a good run makes; without arguments, any will do."""

    name = serializers.CharField(max_length=200)
    arguments = serializers.JSONField(required=False)


class EvaluationCaseSerializer(serializers.ModelSerializer):
    """A case: a query, inputs, or both, and what is known of a good answer."""

    query = serializers.CharField(required=False, allow_blank=True)
    inputs = serializers.DictField(required=False)
    expected = serializers.CharField(required=False, allow_blank=True)
    expected_tools = ExpectedToolSerializer(many=True, required=False)
    expected_sources = serializers.ListField(child=serializers.CharField(max_length=1000), required=False)
    note = serializers.CharField(required=False, allow_blank=True)
    run_id = serializers.UUIDField(read_only=True, allow_null=True)

    class Meta:
        model = EvaluationCase
        fields = (
            *("id", "query", "inputs", "expected", "expected_tools", "expected_sources", "note", "run_id"),
            "created_at",
        )
        read_only_fields = ("id", "run_id", "created_at")


class RefusedCaseSerializer(serializers.Serializer):
    """A line of a file that is no case."""

    line = serializers.IntegerField()
    reason = serializers.CharField()


class CasesUploadSerializer(serializers.Serializer):
    """A CSV or JSON lines file of cases."""

    file = serializers.FileField()


class CasesUploadedSerializer(serializers.Serializer):
    """What became of an upload."""

    added = serializers.IntegerField()
    refused = RefusedCaseSerializer(many=True)


class CasesGenerateSerializer(serializers.Serializer):
    """Which model is to write how many cases from which dataset."""

    dataset_id = serializers.UUIDField()
    count = serializers.IntegerField(min_value=1, max_value=200)
    model = serializers.CharField(max_length=300)


class CaseOfRunSerializer(serializers.Serializer):
    """Where a run's question goes: into a set, or into a new one of this name."""

    set_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    set_name = serializers.CharField(required=False, allow_blank=True, max_length=120, default="")
    expected = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, default=None, help_text="null takes the run's answer"
    )
    note = serializers.CharField(required=False, allow_blank=True, default="")


class CaseOfRunMadeSerializer(EvaluationCaseSerializer):
    """The case with its set."""

    set_id = serializers.UUIDField(source="test_set_id", read_only=True)

    class Meta(EvaluationCaseSerializer.Meta):
        fields = (*EvaluationCaseSerializer.Meta.fields, "set_id")


class EvaluatorSerializer(serializers.ModelSerializer):
    """An evaluator; its configuration depends on its kind."""

    name = serializers.CharField(max_length=120)
    kind = serializers.ChoiceField(choices=EvaluatorKind.choices)
    config = serializers.DictField(required=False, default=dict)
    pass_at = serializers.FloatField(required=False, min_value=0, max_value=1, default=0.5)

    class Meta:
        model = Evaluator
        fields = ("id", "name", "kind", "config", "pass_at", "created_at", "updated_at")
        read_only_fields = ("id", "created_at", "updated_at")


class EvaluatorUpdateSerializer(serializers.Serializer):
    """What may be changed of an evaluator."""

    name = serializers.CharField(required=False, max_length=120)
    config = serializers.DictField(required=False)
    pass_at = serializers.FloatField(required=False, min_value=0, max_value=1)


class VariantAskSerializer(serializers.Serializer):
    """What is tried: the draft (version null) or a version, with keys of the draft replaced."""

    label = serializers.CharField(required=False, allow_blank=True, max_length=80, default="")
    version = serializers.IntegerField(required=False, allow_null=True, min_value=1, default=None)
    overrides = serializers.DictField(required=False, default=dict, help_text="keys of a prompt app's draft")


class ExperimentAskSerializer(serializers.Serializer):
    """An experiment to begin; its first variant is what the others are compared with."""

    app_id = serializers.UUIDField()
    set_id = serializers.UUIDField()
    name = serializers.CharField(required=False, allow_blank=True, max_length=200, default="")
    variants = VariantAskSerializer(many=True)
    evaluator_ids = serializers.ListField(child=serializers.UUIDField())
    at_once = serializers.IntegerField(required=False, min_value=1, max_value=MAX_AT_ONCE, default=2)
    budget_tokens = serializers.IntegerField(required=False, allow_null=True, min_value=1, default=None)
    budget_cost = serializers.DecimalField(
        required=False, allow_null=True, min_value=0, max_digits=14, decimal_places=8, default=None
    )


class ExperimentProgressSerializer(RunsProgressSerializer):
    """How many rows (cases of all variants) are where, and what their runs and, apart, their judges cost so far."""

    scoring = serializers.IntegerField()
    judge_tokens = serializers.IntegerField(help_text="of models that judged")
    judge_cost = serializers.DecimalField(max_digits=20, decimal_places=8, help_text="of models that judged")


class ExperimentVariantSerializer(serializers.Serializer):
    """A variant as it was fixed."""

    label = serializers.CharField()
    version = serializers.IntegerField(allow_null=True)
    based_on = serializers.IntegerField(allow_null=True)
    overrides = serializers.DictField()
    config = serializers.DictField()


class ExperimentEvaluatorSerializer(serializers.Serializer):
    """An evaluator as it was fixed."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=EvaluatorKind.choices)
    pass_at = serializers.FloatField()


class ExperimentSerializer(serializers.ModelSerializer):
    """An experiment in a list; `progress` is by the context."""

    app = NamedSerializer(read_only=True)
    test_set = NamedSerializer(read_only=True, allow_null=True)
    status = serializers.ChoiceField(choices=ExperimentStatus.choices, read_only=True)
    labels = serializers.SerializerMethodField()
    progress = serializers.SerializerMethodField()

    class Meta:
        model = Experiment
        fields = read_only_fields = (
            *("id", "name", "app", "test_set", "status", "reason", "labels", "progress"),
            *("at_once", "budget_tokens", "budget_cost", "created_at", "finished_at"),
        )

    def get_labels(self, row: Experiment) -> list[str]:
        """The names of the variants."""
        return [variant["label"] for variant in row.variants]

    @extend_schema_field(ExperimentProgressSerializer)
    def get_progress(self, row: Experiment) -> object:
        """How far it is."""
        return ExperimentProgressSerializer(self.context["progress"][row.id]).data


class IntervalSerializer(serializers.Serializer):
    """A mean with its 95 % interval."""

    count = serializers.IntegerField()
    mean = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class ComparisonSerializer(serializers.Serializer):
    """Against the first variant, over the cases that both have a score for (paired bootstrap)."""

    count = serializers.IntegerField()
    difference = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    p = serializers.FloatField()
    better = serializers.IntegerField()
    worse = serializers.IntegerField()
    outcome = serializers.ChoiceField(choices=OUTCOMES)


class EvaluatorResultSerializer(serializers.Serializer):
    """One evaluator on one variant."""

    evaluator_id = serializers.UUIDField()
    name = serializers.CharField()
    mean = IntervalSerializer(allow_null=True)
    passed = serializers.IntegerField()
    scored = serializers.IntegerField()
    failures = serializers.IntegerField()
    skipped = serializers.IntegerField()
    first_failure = serializers.CharField()
    against_first = ComparisonSerializer(allow_null=True)


class VariantResultSerializer(serializers.Serializer):
    """One variant."""

    index = serializers.IntegerField()
    label = serializers.CharField()
    score = IntervalSerializer(allow_null=True)
    against_first = ComparisonSerializer(allow_null=True)
    evaluators = EvaluatorResultSerializer(many=True)
    succeeded = serializers.IntegerField()
    failed = serializers.IntegerField()
    unscored = serializers.IntegerField()
    reviewed = serializers.IntegerField()
    accepted = serializers.IntegerField()
    elapsed_p50_ms = serializers.FloatField(allow_null=True)
    elapsed_p95_ms = serializers.FloatField(allow_null=True)
    tokens = serializers.IntegerField()
    cost = serializers.CharField()


class ExperimentDetailSerializer(ExperimentSerializer):
    """An experiment with what it found; `results` is by the context."""

    variants = ExperimentVariantSerializer(many=True, read_only=True)
    evaluators = ExperimentEvaluatorSerializer(many=True, read_only=True)
    results = serializers.SerializerMethodField()

    class Meta(ExperimentSerializer.Meta):
        fields = read_only_fields = (*ExperimentSerializer.Meta.fields, "variants", "evaluators", "results")

    @extend_schema_field(VariantResultSerializer(many=True))
    def get_results(self, row: Experiment) -> object:
        """What is known so far."""
        return VariantResultSerializer(self.context["results"], many=True).data


class ScoreSerializer(serializers.Serializer):
    """What one evaluator says of one answer."""

    evaluator_id = serializers.UUIDField()
    name = serializers.CharField()
    kind = serializers.CharField()
    status = serializers.ChoiceField(choices=SCORE_STATES)
    value = serializers.FloatField(allow_null=True)
    passed = serializers.BooleanField(allow_null=True)
    reason = serializers.CharField()
    elapsed_ms = serializers.FloatField()


class FixedCaseSerializer(serializers.Serializer):
    """A case as the experiment fixed it."""

    id = serializers.UUIDField()
    query = serializers.CharField()
    inputs = serializers.DictField()
    expected = serializers.CharField()
    expected_tools = ExpectedToolSerializer(many=True)
    expected_sources = serializers.ListField(child=serializers.CharField())
    note = serializers.CharField()


class ExperimentRowSerializer(FailingSerializer, serializers.ModelSerializer):
    """One case with one variant."""

    case = FixedCaseSerializer(read_only=True)
    status = serializers.ChoiceField(choices=ExperimentRowStatus.choices, read_only=True)
    run_id = serializers.UUIDField(allow_null=True, read_only=True)
    outputs = serializers.DictField(read_only=True)
    sources = serializers.ListField(child=serializers.DictField(), read_only=True)
    tool_calls = ExpectedToolSerializer(many=True, read_only=True)
    scores = ScoreSerializer(many=True, read_only=True)
    reviewed_by = ActorSerializer(allow_null=True, read_only=True)

    class Meta:
        model = ExperimentRow
        fields = read_only_fields = (
            *("id", "number", "variant", "case", "status", "run_id", "answer", "outputs", "sources", "tool_calls"),
            *("scores", "score", "error", "prompt_tokens", "completion_tokens", "cost", "elapsed_ms", "ttft_ms"),
            *("judge_prompt_tokens", "judge_completion_tokens", "judge_cost"),
            *("review", "review_score", "review_note", "reviewed_by", "reviewed_at"),
        )


class ReviewSerializer(serializers.Serializer):
    """What a person says of an answer; an empty review takes it back."""

    review = serializers.ChoiceField(choices=Review.choices, allow_blank=True)
    score = serializers.FloatField(required=False, allow_null=True, min_value=0, max_value=1, default=None)
    note = serializers.CharField(required=False, allow_blank=True, max_length=5000, default="")
