"""Jobs, policies and saved views as the console shows them."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.logs.erasing import MAX_NAME_CHARS
from backend.logs.models import LogJob, LogJobStatus, SavedView
from backend.logs.rules import MAX_PATTERN_CHARS
from backend.runs.redaction import BUILT_IN

TRIED_CHARS = 20_000


class ExportRequestSerializer(serializers.Serializer):
    """Which runs are wanted, as the filters of the list of runs say it, and as what."""

    form = serializers.ChoiceField(choices=["csv", "jsonl"], default="csv")
    filters = serializers.DictField(child=serializers.CharField(allow_blank=True), default=dict)


class LogJobSerializer(serializers.ModelSerializer):
    """A job over the logs."""

    status = serializers.ChoiceField(choices=LogJobStatus.choices)
    created_by = serializers.SerializerMethodField()

    class Meta:
        model = LogJob
        fields = read_only_fields = (
            *("id", "status", "total", "done", "reason", "created_at", "finished_at", "created_by"),
        )

    def get_created_by(self, job: LogJob) -> str | None:
        """The e-mail of who asked."""
        return job.created_by.email if job.created_by else None


class RunExportSerializer(LogJobSerializer):
    """An export; `size_bytes` is null before it has ended, and once its file is gone again."""

    form = serializers.SerializerMethodField()
    filters = serializers.SerializerMethodField()
    name = serializers.SerializerMethodField()
    size_bytes = serializers.SerializerMethodField()

    class Meta(LogJobSerializer.Meta):
        fields = read_only_fields = (*LogJobSerializer.Meta.fields, "form", "filters", "name", "size_bytes")

    def get_form(self, job: LogJob) -> str:
        """Which format."""
        return str(job.asked.get("format", ""))

    @extend_schema_field(serializers.DictField(child=serializers.CharField()))
    def get_filters(self, job: LogJob) -> dict[str, str]:
        """Which runs."""
        return dict(job.asked.get("filters", {}))

    def get_name(self, job: LogJob) -> str | None:
        """The name of the file."""
        return job.file.name if job.file else None

    def get_size_bytes(self, job: LogJob) -> int | None:
        """How large the file is."""
        return job.file.size_bytes if job.file else None


class EndUserDataSerializer(serializers.Serializer):
    """How much is kept of an end user, or went."""

    runs = serializers.IntegerField(default=0)
    conversations = serializers.IntegerField(default=0)
    feedback = serializers.IntegerField(default=0)
    files = serializers.IntegerField(default=0)
    other = serializers.IntegerField(default=0)


class EndUserSerializer(serializers.Serializer):
    """An end user as callers name them, of one app or of all."""

    end_user = serializers.CharField(max_length=MAX_NAME_CHARS, trim_whitespace=False)
    app = serializers.UUIDField(required=False, allow_null=True, default=None)


class ErasureSerializer(LogJobSerializer):
    """An erasure; once it has ended it no longer says of whom, but for the digest of the audit log."""

    end_user = serializers.SerializerMethodField()
    digest = serializers.SerializerMethodField()
    report = EndUserDataSerializer()

    class Meta(LogJobSerializer.Meta):
        fields = read_only_fields = (*LogJobSerializer.Meta.fields, "end_user", "digest", "report")

    def get_end_user(self, job: LogJob) -> str | None:
        """Whose data, as long as it is not gone."""
        name = job.asked.get("end_user")
        return str(name) if name else None

    def get_digest(self, job: LogJob) -> str:
        """What stands for them in the audit log."""
        return str(job.asked.get("digest", ""))


class OwnRuleSerializer(serializers.Serializer):
    """A rule of the workspace's own."""

    name = serializers.CharField(max_length=30)
    pattern = serializers.CharField(max_length=MAX_PATTERN_CHARS, trim_whitespace=False)


class RedactionSerializer(serializers.Serializer):
    """What is taken out of runs before they are kept."""

    built_in = serializers.ListField(child=serializers.ChoiceField(choices=list(BUILT_IN)), default=list)
    own = OwnRuleSerializer(many=True, default=list)


class LogPolicySerializer(serializers.Serializer):
    """What the workspace keeps of its runs; `retention_days` null is for ever."""

    retention_days = serializers.IntegerField(allow_null=True, required=False)
    redaction = RedactionSerializer(required=False)
    applied_at = serializers.DateTimeField(read_only=True, allow_null=True)
    removed = serializers.IntegerField(read_only=True, help_text="how many runs the retention has removed so far")


class RetentionEstimateSerializer(serializers.Serializer):
    """What a retention would remove now."""

    runs = serializers.IntegerField()
    oldest = serializers.DateTimeField(allow_null=True)
    before = serializers.DateTimeField()


class RedactionTrialSerializer(RedactionSerializer):
    """Rules, and a text to try them on."""

    text = serializers.CharField(max_length=TRIED_CHARS, allow_blank=True, trim_whitespace=False)


class RedactedSerializer(serializers.Serializer):
    """The text as it would be kept."""

    text = serializers.CharField(allow_blank=True)


class SavedViewSerializer(serializers.ModelSerializer):
    """Filters of the list of runs under a name; `room` is an app's id, or all."""

    class Meta:
        model = SavedView
        fields = ("id", "room", "name", "query")
        read_only_fields = ("id",)
