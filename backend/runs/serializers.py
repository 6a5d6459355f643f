"""Runs as the console shows them."""

from dataclasses import asdict

from django.db.models import Model
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agents.types import RunSpec
from backend.common.serializers import NamedSerializer
from backend.runs.models import Run, RunSource, RunStatus
from backend.runs.request import request_of


class RunAppSerializer(serializers.Serializer):
    """The app that a run belongs to."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    mode = serializers.CharField()


class RunErrorSerializer(serializers.Serializer):
    """Why a run or a node failed."""

    code = serializers.CharField()
    message = serializers.CharField()


class FailingSerializer(serializers.Serializer):
    """What has an error once it has failed: a row with `error_code` and `error_message`."""

    error = serializers.SerializerMethodField()

    @extend_schema_field(RunErrorSerializer(allow_null=True))
    def get_error(self, row: Model) -> dict[str, str] | None:
        """Code and message of what failed."""
        return {"code": row.error_code, "message": row.error_message} if row.error_code else None


class RunsProgressSerializer(serializers.Serializer):
    """How many rows, each with a run of its own, are where, and what their runs cost so far."""

    total = serializers.IntegerField()
    pending = serializers.IntegerField()
    running = serializers.IntegerField()
    succeeded = serializers.IntegerField()
    failed = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    prompt_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()
    cost = serializers.DecimalField(max_digits=20, decimal_places=8)


class FeedbackSerializer(serializers.Serializer):
    """What somebody thought of the answer."""

    rating = serializers.CharField()
    comment = serializers.CharField()


class RunSummarySerializer(FailingSerializer, serializers.ModelSerializer):
    """A run in a list; `elapsed_ms` counts from its creation to its end."""

    app = RunAppSerializer(allow_null=True)
    status = serializers.ChoiceField(choices=RunStatus.choices)
    source = serializers.ChoiceField(choices=RunSource.choices)
    answer = serializers.SerializerMethodField()
    elapsed_ms = serializers.SerializerMethodField()
    conversation_id = serializers.UUIDField(allow_null=True)
    inputs = serializers.DictField()

    class Meta:
        model = Run
        fields = read_only_fields = (
            *("id", "app", "source", "status", "query", "answer", "inputs", "error", "model"),
            *("prompt_tokens", "completion_tokens", "cost", "elapsed_ms", "ttft_ms"),
            *("end_user", "conversation_id", "attempt", "app_version", "created_at", "started_at", "finished_at"),
            "is_redacted",
        )

    def get_answer(self, run: Run) -> str:
        """The text of the answer, as far as there is one."""
        answer = run.outputs.get("answer", "")
        return answer if isinstance(answer, str) else ""

    def get_elapsed_ms(self, run: Run) -> float | None:
        """Milliseconds from creation to the end."""
        return (run.finished_at - run.created_at).total_seconds() * 1000 if run.finished_at else None


class RunFileSerializer(serializers.Serializer):
    """A file that went with the question."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    mime_type = serializers.CharField()
    size_bytes = serializers.IntegerField()


def files_of(run: Run) -> list[dict[str, object]]:
    """Return the files that went with the question, as they were then."""
    return [asdict(item) for item in RunSpec.from_json(run.spec).files]


class RunRequestSerializer(serializers.Serializer):
    """The call of the service API that asks the same."""

    path = serializers.CharField()
    body = serializers.DictField()


class NodeTraceSerializer(serializers.Serializer):
    """One node of a run's trace."""

    node_id = serializers.CharField()
    kind = serializers.CharField()
    title = serializers.CharField()
    status = serializers.CharField()
    inputs = serializers.DictField()
    outputs = serializers.DictField()
    error = RunErrorSerializer(allow_null=True)
    usage = serializers.DictField()
    model = serializers.CharField()
    started_at = serializers.FloatField(help_text="Unix time in seconds")
    elapsed_ms = serializers.FloatField(allow_null=True)
    attempts = serializers.IntegerField()
    text = serializers.CharField()
    handle = serializers.CharField(help_text="the way out that the run followed")
    given = serializers.CharField(help_text="why the node did not run: cached or mocked")
    sources = serializers.ListField(child=serializers.DictField())
    tool_calls = serializers.ListField(child=serializers.DictField())
    retries = serializers.ListField(child=serializers.DictField())
    rounds = serializers.ListField(child=serializers.DictField())
    notes = serializers.ListField(child=serializers.DictField())
    prompts = serializers.ListField(
        child=serializers.DictField(), help_text="what its models were asked, as in the event prompt_sent"
    )
    variables = serializers.ListField(child=serializers.DictField())
    asks = serializers.ListField(child=serializers.DictField())


class AskSerializer(serializers.Serializer):
    """What a paused run asks a person."""

    node_id = serializers.CharField()
    title = serializers.CharField()
    ask = serializers.CharField()
    form = serializers.DictField()
    expires_at = serializers.FloatField(help_text="Unix time in seconds, 0 for never")


class AnswerSerializer(serializers.Serializer):
    """A person's answer."""

    node_id = serializers.CharField(max_length=1000)
    ask = serializers.CharField(max_length=200, allow_blank=True, default="")
    values = serializers.DictField(default=dict)


class RunCountSerializer(serializers.Serializer):
    """How many runs match, up to a limit; `is_more` says that there are more."""

    count = serializers.IntegerField()
    is_more = serializers.BooleanField()


class RunValueSerializer(serializers.Serializer):
    """A large value of a run, whole."""

    id = serializers.UUIDField()
    value = serializers.JSONField()


class RunSerializer(RunSummarySerializer):
    """A run with its outputs, trace and feedback; pass the trace as `context["trace"]`."""

    nodes = serializers.SerializerMethodField()
    asks = serializers.SerializerMethodField()
    outputs = serializers.DictField()
    feedback = serializers.SerializerMethodField()
    member = serializers.SerializerMethodField()
    key = serializers.SerializerMethodField()
    request = serializers.SerializerMethodField()
    files = serializers.SerializerMethodField()

    class Meta(RunSummarySerializer.Meta):
        fields = read_only_fields = (
            *(*RunSummarySerializer.Meta.fields, "outputs", "nodes", "asks", "feedback"),
            *("member", "key", "request", "files"),
        )

    @extend_schema_field(NodeTraceSerializer(many=True))
    def get_nodes(self, run: Run) -> list[dict[str, object]]:
        """The trace."""
        return NodeTraceSerializer(self.context["trace"], many=True).data

    @extend_schema_field(AskSerializer(many=True))
    def get_asks(self, run: Run) -> list[dict[str, object]]:
        """What a paused run waits for."""
        if run.status != RunStatus.PAUSED:
            return []
        return [
            {
                "node_id": node.node_id,
                "title": node.title,
                **{name: item[name] for name in ("ask", "form", "expires_at")},
            }
            for node in self.context["trace"]
            for item in node.asks
            if item["answer"] is None
        ]

    @extend_schema_field(FeedbackSerializer(allow_null=True))
    def get_feedback(self, run: Run) -> dict[str, str] | None:
        """The newest verdict."""
        found = run.feedbacks.first()
        return FeedbackSerializer(found).data if found else None

    @extend_schema_field(NamedSerializer(allow_null=True))
    def get_member(self, run: Run) -> dict[str, str] | None:
        """Who asked, where it was a member of the workspace."""
        return {"id": str(run.user.id), "name": run.user.email} if run.user else None

    @extend_schema_field(NamedSerializer(allow_null=True))
    def get_key(self, run: Run) -> dict[str, str] | None:
        """The key with which the run was asked for."""
        return {"id": str(run.key.id), "name": run.key.name} if run.key else None

    @extend_schema_field(RunRequestSerializer(allow_null=True))
    def get_request(self, run: Run) -> dict[str, object] | None:
        """How to ask the same over the service API."""
        return request_of(run) if run.app else None

    @extend_schema_field(RunFileSerializer(many=True))
    def get_files(self, run: Run) -> list[dict[str, object]]:
        """The files that went with the question."""
        return files_of(run)
