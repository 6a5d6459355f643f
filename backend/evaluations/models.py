"""Test sets of applications, evaluators, experiments with their rows, and the gate before publishing."""

from django.db import models

from backend.common.models import OrderedJSONField, WorkspaceModel


class EvaluationSet(WorkspaceModel):
    """Questions with what a good answer is. `generation` says how far a model is that writes cases."""

    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, default="")
    app = models.ForeignKey("apps.App", on_delete=models.SET_NULL, null=True, related_name="+")
    generation = models.JSONField(null=True)
    lease_expires_at = models.DateTimeField(null=True)

    class Meta(WorkspaceModel.Meta):
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="evaluation_set_name_once")]


class EvaluationCase(WorkspaceModel):
    """One question or set of inputs, and what is known of a good answer; `run` is where it was seen."""

    test_set = models.ForeignKey(EvaluationSet, on_delete=models.CASCADE, related_name="cases")
    query = models.TextField(blank=True, default="")
    inputs = models.JSONField(default=dict)
    expected = models.TextField(blank=True, default="")
    expected_tools = models.JSONField(default=list)
    expected_sources = models.JSONField(default=list)
    note = models.TextField(blank=True, default="")
    run = models.ForeignKey("runs.Run", on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta(WorkspaceModel.Meta):
        indexes = [models.Index(fields=["test_set", "created_at", "id"], name="evaluation_case_of_set")]


class EvaluatorKind(models.TextChoices):
    """How an answer is judged."""

    EXACT = "exact"
    CONTAINS = "contains"
    REGEX = "regex"
    JSON_SCHEMA = "json_schema"
    NUMERIC = "numeric"
    SIMILARITY = "similarity"
    JUDGE = "judge"
    RETRIEVAL = "retrieval"
    TOOL_CALLS = "tool_calls"
    PYTHON = "python"


class Evaluator(WorkspaceModel):
    """A way to judge answers; an answer passes when its value (0…1) reaches `pass_at`."""

    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=16, choices=EvaluatorKind.choices)
    config = OrderedJSONField(default=dict)
    pass_at = models.FloatField(default=0.5)

    class Meta(WorkspaceModel.Meta):
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="evaluator_name_once")]


class ExperimentStatus(models.TextChoices):
    """Where an experiment is; a stopped one has spent its budget."""

    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    CANCELLED = "cancelled"


class ExperimentRowStatus(models.TextChoices):
    """Where a case of a variant is; the last three are ends."""

    PENDING = "pending"
    RUNNING = "running"
    SCORING = "scoring"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Review(models.TextChoices):
    """What a person says of an answer."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


class Experiment(WorkspaceModel):
    """Variants of an app over the cases of a set. Variants, evaluators and cases are fixed at its start.

    `set_state` tells one state of the set's cases from the next.
    """

    app = models.ForeignKey("apps.App", on_delete=models.CASCADE, related_name="+")
    test_set = models.ForeignKey(EvaluationSet, on_delete=models.SET_NULL, null=True, related_name="+")
    name = models.CharField(max_length=200)
    status = models.CharField(max_length=10, choices=ExperimentStatus.choices, default=ExperimentStatus.RUNNING)
    reason = models.TextField(blank=True, default="")
    variants = OrderedJSONField()
    evaluators = OrderedJSONField()
    set_state = models.CharField(max_length=64)
    at_once = models.PositiveSmallIntegerField(default=2)
    budget_tokens = models.PositiveBigIntegerField(null=True)
    budget_cost = models.DecimalField(max_digits=14, decimal_places=8, null=True)
    created_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    finished_at = models.DateTimeField(null=True)

    class Meta(WorkspaceModel.Meta):
        indexes = [
            models.Index(fields=["app", "-created_at"], name="experiment_of_app"),
            models.Index(fields=["status"], name="experiment_unfinished", condition=models.Q(finished_at__isnull=True)),
        ]


class ExperimentRow(WorkspaceModel):
    """One case with one variant: its run, what that gave (runs may be deleted before), and what was made of it.

    Tokens and cost are those of the run; what models took that judged it stands beside them.
    """

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()
    variant = models.PositiveSmallIntegerField()
    case = models.JSONField()
    status = models.CharField(max_length=10, choices=ExperimentRowStatus.choices, default=ExperimentRowStatus.PENDING)
    run = models.ForeignKey("runs.Run", on_delete=models.SET_NULL, null=True, related_name="+")
    answer = models.TextField(blank=True, default="")
    outputs = models.JSONField(default=dict)
    sources = models.JSONField(default=list)
    tool_calls = models.JSONField(default=list)
    error_code = models.CharField(max_length=60, blank=True, default="")
    error_message = models.TextField(blank=True, default="")
    scores = models.JSONField(default=list)
    score = models.FloatField(null=True)
    prompt_tokens = models.PositiveBigIntegerField(default=0)
    completion_tokens = models.PositiveBigIntegerField(default=0)
    cost = models.DecimalField(max_digits=14, decimal_places=8, default=0)
    elapsed_ms = models.FloatField(null=True)
    ttft_ms = models.FloatField(null=True)
    judge_prompt_tokens = models.PositiveBigIntegerField(default=0, db_default=0)
    judge_completion_tokens = models.PositiveBigIntegerField(default=0, db_default=0)
    judge_cost = models.DecimalField(max_digits=14, decimal_places=8, default=0, db_default=0)
    judged_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_expires_at = models.DateTimeField(null=True)
    review = models.CharField(max_length=8, choices=Review.choices, blank=True, default="")
    review_score = models.FloatField(null=True)
    review_note = models.TextField(blank=True, default="")
    reviewed_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True)

    class Meta(WorkspaceModel.Meta):
        indexes = [
            models.Index(fields=["experiment", "status", "number"], name="experiment_row_of_status"),
            models.Index(fields=["status"], name="experiment_row_scoring", condition=models.Q(status="scoring")),
            models.Index(fields=["run"], name="experiment_row_of_run", condition=models.Q(run__isnull=False)),
            models.Index(
                fields=["workspace", "judged_at"],
                name="experiment_row_judged",
                condition=models.Q(judge_prompt_tokens__gt=0),
            ),
        ]
        constraints = [models.UniqueConstraint(fields=["experiment", "number", "variant"], name="experiment_row_once")]


class PublishGate(WorkspaceModel):
    """What an app demands before its draft is published: an experiment on this set, not significantly worse."""

    app = models.OneToOneField("apps.App", on_delete=models.CASCADE, related_name="+")
    test_set = models.ForeignKey(EvaluationSet, on_delete=models.RESTRICT, related_name="+")
    evaluators = models.ManyToManyField(Evaluator, related_name="+")
    is_on = models.BooleanField(default=True)
