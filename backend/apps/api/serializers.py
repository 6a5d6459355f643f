"""Applications, versions, keys and numbers as the console shows them."""

from dataclasses import asdict

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.accounts.api.serializers import ActorSerializer
from backend.accounts.models import ApiKey
from backend.apps.models import App, AppMode, AppVersion
from backend.logs.models import Conversation
from backend.logs.selectors import feedbacks_of_runs, sources_of, steps_of_runs
from backend.runs.models import Run
from backend.runs.serializers import FeedbackSerializer, RunFileSerializer, RunSummarySerializer, files_of


class AppSerializer(serializers.ModelSerializer):
    """An app; its draft has an address of its own."""

    published_version = serializers.SerializerMethodField()
    has_unpublished_changes = serializers.SerializerMethodField()
    mode = serializers.ChoiceField(choices=AppMode.choices)

    class Meta:
        model = App
        fields = [
            "id",
            "name",
            "slug",
            "description",
            "mode",
            "icon",
            "published_version",
            "has_unpublished_changes",
            "created_at",
            "updated_at",
        ]

    def get_published_version(self, app: App) -> int | None:
        """The number of the version that the service API runs."""
        return app.published_version.number if app.published_version else None

    def get_has_unpublished_changes(self, app: App) -> bool:
        """Does the draft differ from what is published?"""
        version = app.published_version
        return version is None or (version.config, version.secrets) != (app.draft, app.draft_secrets)


class AppCreateSerializer(serializers.Serializer):
    """A new app. `mode` is checked by the service."""

    name = serializers.CharField(max_length=120)
    mode = serializers.CharField(max_length=20, help_text="completion, chat, agent, chatflow or workflow")
    description = serializers.CharField(required=False, allow_blank=True, max_length=2000, default="")
    icon = serializers.CharField(required=False, allow_blank=True, max_length=40, default="")


class AppUpdateSerializer(serializers.Serializer):
    """What may be changed of an app."""

    name = serializers.CharField(required=False, max_length=120)
    description = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    icon = serializers.CharField(required=False, allow_blank=True, max_length=40)


class VersionSerializer(serializers.ModelSerializer):
    """A published version."""

    created_by = ActorSerializer(allow_null=True)
    config = serializers.JSONField(help_text="the draft as it was published")

    class Meta:
        model = AppVersion
        fields = ["id", "number", "note", "created_by", "created_at", "config"]


class PublishSerializer(serializers.Serializer):
    """What a person says of the version."""

    note = serializers.CharField(required=False, allow_blank=True, max_length=200, default="")
    override = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=1000,
        default="",
        help_text="an owner's reason for publishing through a closed gate; it stands in the audit log",
    )


class AppKeySerializer(serializers.ModelSerializer):
    """A key of an app, without its text."""

    name = serializers.CharField(required=False, allow_blank=True, max_length=120, default="")
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    rate_limit_per_minute = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=1_000_000, default=None
    )

    class Meta:
        model = ApiKey
        fields = [
            "id",
            "name",
            "prefix",
            "expires_at",
            "rate_limit_per_minute",
            "last_used_at",
            "created_at",
            "revoked_at",
        ]
        read_only_fields = ["id", "prefix", "last_used_at", "created_at", "revoked_at"]


class NewAppKeySerializer(AppKeySerializer):
    """A key that was just made: its text is shown this once."""

    key = serializers.CharField()

    class Meta(AppKeySerializer.Meta):
        fields = [*AppKeySerializer.Meta.fields, "key"]


class DayStatisticsSerializer(serializers.Serializer):
    """One day."""

    date = serializers.DateField()
    runs = serializers.IntegerField()
    tokens = serializers.IntegerField()
    cost = serializers.DecimalField(max_digits=14, decimal_places=8)


class StatisticsSerializer(serializers.Serializer):
    """The last 30 days."""

    runs = serializers.IntegerField()
    users = serializers.IntegerField()
    prompt_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()
    cost = serializers.DecimalField(max_digits=14, decimal_places=8)
    error_rate = serializers.FloatField()
    days = DayStatisticsSerializer(many=True)


class ExampleSuggestionSerializer(serializers.Serializer):
    """An answer that people liked, as an example of the prompt."""

    run_id = serializers.UUIDField()
    user = serializers.CharField()
    assistant = serializers.CharField()
    likes = serializers.IntegerField()
    liked_at = serializers.DateTimeField()


class ExampleSuggestionsSerializer(serializers.Serializer):
    """The newest of them."""

    results = ExampleSuggestionSerializer(many=True)


class ConversationSerializer(serializers.ModelSerializer):
    """A conversation in a list."""

    messages = serializers.IntegerField(read_only=True)

    class Meta:
        model = Conversation
        fields = ["id", "name", "created_at", "updated_at", "messages"]
        read_only_fields = ["id", "created_at", "updated_at"]


class MessageListSerializer(serializers.ListSerializer):
    """Reads the verdicts and passages of a page at once."""

    def to_representation(self, data: object) -> list[object]:
        """Return the page."""
        runs: list[Run] = list(data)  # type: ignore[call-overload]  # DRF gives a page or a queryset
        if runs:
            self.child.context["feedbacks"] = feedbacks_of_runs(runs[0].workspace_id, [run.id for run in runs])
            self.child.context["steps"] = steps_of_runs(runs)
        return super().to_representation(runs)


class MessageSerializer(RunSummarySerializer):
    """A run as a message of a conversation."""

    sources = serializers.SerializerMethodField()
    feedback = serializers.SerializerMethodField()
    files = serializers.SerializerMethodField()

    class Meta(RunSummarySerializer.Meta):
        fields = [*RunSummarySerializer.Meta.fields, "sources", "feedback", "files"]
        list_serializer_class = MessageListSerializer

    @extend_schema_field(serializers.ListField(child=serializers.DictField()))
    def get_sources(self, run: Run) -> list[dict[str, object]]:
        """The passages of the answer."""
        state = self.context.get("steps", {}).get(run.id)
        return [asdict(source) for source in sources_of(state)] if state else []

    def get_feedback(self, run: Run) -> dict[str, str] | None:
        """The newest verdict."""
        found = self.context.get("feedbacks", {}).get(run.id)
        return FeedbackSerializer(found).data if found else None

    @extend_schema_field(RunFileSerializer(many=True))
    def get_files(self, run: Run) -> list[dict[str, object]]:
        """The files that went with the question."""
        return files_of(run)
