"""Annotations, their settings and their hits as the console shows them."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.annotations.models import Annotation, AnnotationHit, AnnotationJob, JobStatus
from backend.annotations.texts import MAX_CHARS
from backend.common.serializers import NamedSerializer

MAX_IDS = 1_000


class AnnotationSerializer(serializers.ModelSerializer):
    """A question and its answer; `reason` says why the question can not be found by likeness."""

    author = serializers.SerializerMethodField()
    run_id = serializers.UUIDField(allow_null=True)

    class Meta:
        model = Annotation
        fields = read_only_fields = (
            *("id", "question", "answer", "run_id", "author", "hit_count", "last_hit_at", "reason"),
            *("created_at", "updated_at"),
        )

    @extend_schema_field(NamedSerializer(allow_null=True))
    def get_author(self, row: Annotation) -> dict[str, object] | None:
        """The member who wrote or last changed it."""
        return {"id": str(row.author.id), "name": row.author.name or row.author.email} if row.author else None


class AnnotationCreateSerializer(serializers.Serializer):
    """A new annotation; with `run_id` it corrects the answer of that run, and there is one for each run."""

    question = serializers.CharField(max_length=MAX_CHARS["question"])
    answer = serializers.CharField(max_length=MAX_CHARS["answer"])
    run_id = serializers.UUIDField(required=False, allow_null=True, default=None)


class AnnotationUpdateSerializer(serializers.Serializer):
    """What is to be changed."""

    question = serializers.CharField(max_length=MAX_CHARS["question"], required=False)
    answer = serializers.CharField(max_length=MAX_CHARS["answer"], required=False)


class AnnotationIdsSerializer(serializers.Serializer):
    """Which annotations are meant."""

    ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MAX_IDS)


class AnnotationCountSerializer(serializers.Serializer):
    """How many annotations something was done to."""

    count = serializers.IntegerField()


class AnnotationHitSerializer(serializers.ModelSerializer):
    """An answer that an annotation gave."""

    run_id = serializers.UUIDField()

    class Meta:
        model = AnnotationHit
        fields = read_only_fields = ("id", "run_id", "question", "score", "created_at")


class AnnotationJobSerializer(serializers.ModelSerializer):
    """The job that embeds the questions; `error` says why it failed, or why it waits for another try."""

    status = serializers.ChoiceField(choices=JobStatus.choices)

    class Meta:
        model = AnnotationJob
        fields = read_only_fields = ("id", "status", "model", "done", "total", "error", "updated_at")


class AnnotationSettingsSerializer(serializers.Serializer):
    """Whether and how an app answers with annotations; `job` is the one on its way, or that failed last."""

    is_on = serializers.BooleanField()
    threshold = serializers.FloatField()
    embedding_model = serializers.CharField(help_text="whose vectors are searched; empty before the first choice")
    total = serializers.IntegerField(help_text="how many annotations the app has")
    job = AnnotationJobSerializer(allow_null=True)


class AnnotationSettingsUpdateSerializer(serializers.Serializer):
    """What is to be changed."""

    is_on = serializers.BooleanField(required=False)
    threshold = serializers.FloatField(required=False)
    embedding_model = serializers.CharField(max_length=300, required=False)


class AnnotationTrySerializer(serializers.Serializer):
    """A question to try."""

    question = serializers.CharField(max_length=MAX_CHARS["question"])


class AnnotationNearSerializer(serializers.Serializer):
    """An annotation that is near to the question; `is_hit` says whether it would answer."""

    annotation = AnnotationSerializer()
    score = serializers.FloatField()
    is_hit = serializers.BooleanField()


class AnnotationTriedSerializer(serializers.Serializer):
    """The nearest annotations, best first."""

    threshold = serializers.FloatField()
    results = AnnotationNearSerializer(many=True)


class AnnotationUploadSerializer(serializers.Serializer):
    """A CSV file of questions and answers."""

    file = serializers.FileField()


class AnnotationRefusedSerializer(serializers.Serializer):
    """A line that is no annotation, and why."""

    line = serializers.IntegerField()
    reason = serializers.CharField()


class AnnotationImportSerializer(serializers.Serializer):
    """What became of a file; of the refused lines the first 100 are named."""

    created = serializers.IntegerField()
    refused_count = serializers.IntegerField()
    refused = AnnotationRefusedSerializer(many=True)
