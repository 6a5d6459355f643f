"""Runs as the console shows them."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.runs.models import Run, RunSource, RunStatus


class RunAppSerializer(serializers.Serializer):
    """The app that a run belongs to."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    mode = serializers.CharField()


class RunErrorSerializer(serializers.Serializer):
    """Why a run or a node failed."""

    code = serializers.CharField()
    message = serializers.CharField()


class FeedbackSerializer(serializers.Serializer):
    """What somebody thought of the answer."""

    rating = serializers.CharField()
    comment = serializers.CharField()


class RunSummarySerializer(serializers.ModelSerializer):
    """A run in a list; `elapsed_ms` counts from its creation to its end."""

    app = RunAppSerializer(allow_null=True)
    status = serializers.ChoiceField(choices=RunStatus.choices)
    source = serializers.ChoiceField(choices=RunSource.choices)
    answer = serializers.SerializerMethodField()
    error = serializers.SerializerMethodField()
    elapsed_ms = serializers.SerializerMethodField()
    conversation_id = serializers.UUIDField(allow_null=True)

    class Meta:
        model = Run
        fields = (
            *("id", "app", "source", "status", "query", "answer", "inputs", "error", "model"),
            *("prompt_tokens", "completion_tokens", "cost", "elapsed_ms", "ttft_ms"),
            *("end_user", "conversation_id", "attempt", "created_at", "started_at", "finished_at"),
        )

    def get_answer(self, run: Run) -> str:
        """The text of the answer, as far as there is one."""
        answer = run.outputs.get("answer", "")
        return answer if isinstance(answer, str) else ""

    def get_error(self, run: Run) -> dict[str, str] | None:
        """Code and message of a failed run."""
        return {"code": run.error_code, "message": run.error_message} if run.error_code else None

    def get_elapsed_ms(self, run: Run) -> float | None:
        """Milliseconds from creation to the end."""
        return (run.finished_at - run.created_at).total_seconds() * 1000 if run.finished_at else None


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
    sources = serializers.ListField(child=serializers.DictField())
    tool_calls = serializers.ListField(child=serializers.DictField())


class RunSerializer(RunSummarySerializer):
    """A run with its outputs, trace and feedback; pass the trace as `context["trace"]`."""

    nodes = serializers.SerializerMethodField()
    feedback = serializers.SerializerMethodField()

    class Meta(RunSummarySerializer.Meta):
        fields = (*RunSummarySerializer.Meta.fields, "outputs", "app_version", "nodes", "feedback")

    @extend_schema_field(NodeTraceSerializer(many=True))
    def get_nodes(self, run: Run) -> list[dict[str, object]]:
        """The trace."""
        return NodeTraceSerializer(self.context["trace"], many=True).data

    def get_feedback(self, run: Run) -> dict[str, str] | None:
        """The newest verdict."""
        found = run.feedbacks.first()
        return FeedbackSerializer(found).data if found else None
