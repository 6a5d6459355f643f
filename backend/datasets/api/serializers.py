"""The JSON of datasets, documents, chunks, keys and retrieval."""

from drf_spectacular.utils import extend_schema_field, inline_serializer
from rest_framework import serializers

from backend.datasets.models import Chunk, Dataset, Document, DocumentStatus
from backend.datasets.selectors import COUNT_PREFIX

COUNTED = (*DocumentStatus.values, "total")


class DatasetSerializer(serializers.ModelSerializer):
    """A dataset with the state of its documents."""

    document_counts = serializers.SerializerMethodField()
    chunk_count = serializers.IntegerField(read_only=True)

    class Meta:
        model = Dataset
        fields = (
            "id",
            "name",
            "description",
            "embedding_model",
            "chunk_tokens",
            "chunk_overlap_tokens",
            "document_counts",
            "chunk_count",
            "created_at",
            "updated_at",
        )

    @extend_schema_field(
        inline_serializer("DocumentCounts", {status: serializers.IntegerField() for status in COUNTED})
    )
    def get_document_counts(self, dataset: Dataset) -> dict[str, int]:
        """Return the number of documents per status."""
        return {status: getattr(dataset, f"{COUNT_PREFIX}{status}") for status in COUNTED}


class DatasetWriteSerializer(serializers.Serializer):
    """What a person sets of a dataset."""

    name = serializers.CharField(max_length=120)
    description = serializers.CharField(max_length=10_000, allow_blank=True, required=False)
    embedding_model = serializers.CharField(max_length=200, required=False)
    chunk_tokens = serializers.IntegerField(min_value=16, max_value=8192, required=False)
    chunk_overlap_tokens = serializers.IntegerField(min_value=0, max_value=4096, required=False)


class DeletedDatasetSerializer(serializers.Serializer):
    """What went, or would go, with a dataset; `apps` is how many applications search it."""

    documents = serializers.IntegerField()
    chunks = serializers.IntegerField()
    apps = serializers.IntegerField()


class DeletedDocumentSerializer(serializers.Serializer):
    """What went, or would go, with a document."""

    documents = serializers.IntegerField()
    chunks = serializers.IntegerField()


class DocumentSerializer(serializers.ModelSerializer):
    """A document and how far its indexing is; `reason` says why it failed or waits."""

    stage_times = serializers.DictField(child=serializers.IntegerField(), read_only=True)

    class Meta:
        model = Document
        fields = (
            "id",
            "name",
            "status",
            "reason",
            "progress",
            "stage_times",
            "attempts",
            "size_bytes",
            "mime_type",
            "page_count",
            "chunk_count",
            "created_at",
            "updated_at",
            "finished_at",
        )
        read_only_fields = fields


class ChunkSerializer(serializers.ModelSerializer):
    """A passage."""

    class Meta:
        model = Chunk
        fields = ("id", "text", "page", "position", "tokens")


class RetrieveSerializer(serializers.Serializer):
    """A question to a dataset."""

    query = serializers.CharField()
    top_k = serializers.IntegerField(min_value=1, max_value=100, default=4)
    mode = serializers.ChoiceField(choices=("semantic", "full_text", "hybrid"), default="semantic")
    score_threshold = serializers.FloatField(min_value=0.0, max_value=1.0, allow_null=True, default=None)
    filter = serializers.DictField(allow_null=True, default=None)


class HitSerializer(serializers.Serializer):
    """A passage that answers."""

    chunk_id = serializers.UUIDField()
    document_id = serializers.UUIDField()
    document_name = serializers.CharField()
    page = serializers.IntegerField(allow_null=True)
    position = serializers.IntegerField()
    score = serializers.FloatField()
    text = serializers.CharField()


class StageSerializer(serializers.Serializer):
    """A step of a retrieval."""

    name = serializers.CharField()
    elapsed_ms = serializers.FloatField()
    hits = serializers.IntegerField()
    detail = serializers.DictField()


class RetrievedSerializer(serializers.Serializer):
    """Passages, best first, and how they were found."""

    results = HitSerializer(many=True)
    trace = StageSerializer(many=True)
