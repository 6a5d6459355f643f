"""The JSON of datasets."""

from drf_spectacular.utils import extend_schema_field, inline_serializer
from rest_framework import serializers

from backend.datasets.api.serializers.retrieval import RetrievalSettingsSerializer, StrictSerializer
from backend.datasets.models import ChunkMode, Dataset, DocumentStatus, ParentMode, VectorIndex
from backend.datasets.retrieval import retrieval_json
from backend.datasets.selectors import COUNT_PREFIX

COUNTED = (*DocumentStatus.values, "total")
CHUNK_FIELDS = (
    "chunk_mode",
    "chunk_tokens",
    "chunk_overlap_tokens",
    "chunk_separator",
    "parent_mode",
    "parent_tokens",
    "clean_whitespace",
    "remove_urls_emails",
    "qa_model",
)


class DatasetTagSerializer(serializers.Serializer):
    """A tag of a dataset."""

    id = serializers.UUIDField()
    name = serializers.CharField()


class IndexSerializer(serializers.Serializer):
    """What searches use; a small dataset is searched exactly, a large one by an approximate index."""

    model = serializers.CharField()
    dimensions = serializers.IntegerField(allow_null=True)
    is_approximate = serializers.BooleanField()


class ReembeddingSerializer(serializers.Serializer):
    """The index that another model is filling; a `reason` says why it gave up."""

    model = serializers.CharField()
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    reason = serializers.CharField()


class DatasetSerializer(serializers.ModelSerializer):
    """A dataset with the state of its documents and of its index."""

    document_counts = serializers.SerializerMethodField()
    chunk_count = serializers.IntegerField(read_only=True)
    retrieval = serializers.SerializerMethodField()
    tags = DatasetTagSerializer(many=True, read_only=True)
    index = serializers.SerializerMethodField()
    reembedding = serializers.SerializerMethodField()

    class Meta:
        model = Dataset
        fields = (
            "id",
            "name",
            "description",
            "embedding_model",
            *CHUNK_FIELDS,
            "retrieval",
            "built_in_metadata",
            "tags",
            "index",
            "reembedding",
            "document_counts",
            "chunk_count",
            "created_at",
            "updated_at",
        )
        read_only_fields = fields

    @extend_schema_field(
        inline_serializer("DocumentCounts", {status: serializers.IntegerField() for status in COUNTED})
    )
    def get_document_counts(self, dataset: Dataset) -> dict[str, int]:
        """Return the number of documents per status."""
        return {status: getattr(dataset, f"{COUNT_PREFIX}{status}") for status in COUNTED}

    @extend_schema_field(RetrievalSettingsSerializer)
    def get_retrieval(self, dataset: Dataset) -> dict[str, object]:
        """Return the settings of searches that bring none of their own."""
        return retrieval_json(dataset.retrieval)

    @extend_schema_field(IndexSerializer(allow_null=True))
    def get_index(self, dataset: Dataset) -> dict[str, object] | None:
        """Return what searches use now."""
        index = _index(dataset, VectorIndex.State.ACTIVE)
        if index is None:
            return None
        return {"model": index.model, "dimensions": index.dimensions, "is_approximate": bool(index.ann)}

    @extend_schema_field(ReembeddingSerializer(allow_null=True))
    def get_reembedding(self, dataset: Dataset) -> dict[str, object] | None:
        """Return how far the next index is."""
        index = _index(dataset, VectorIndex.State.BUILDING)
        return ReembeddingSerializer(index).data if index else None


def _index(dataset: Dataset, state: VectorIndex.State) -> VectorIndex | None:
    # `all()` is what the list has fetched for every dataset at once.
    return next((index for index in dataset.indexes.all() if index.state == state), None)


class ChunkSettingsSerializer(serializers.Serializer):
    """How documents are cut."""

    chunk_mode = serializers.ChoiceField(choices=ChunkMode.choices, required=False)
    chunk_tokens = serializers.IntegerField(min_value=16, max_value=8192, required=False)
    chunk_overlap_tokens = serializers.IntegerField(min_value=0, max_value=4096, required=False)
    chunk_separator = serializers.CharField(
        max_length=100,
        allow_blank=True,
        trim_whitespace=False,
        required=False,
        help_text="cut here first; \\n is a line break",
    )
    parent_mode = serializers.ChoiceField(choices=ParentMode.choices, required=False)
    parent_tokens = serializers.IntegerField(min_value=16, max_value=32_768, required=False)
    clean_whitespace = serializers.BooleanField(required=False)
    remove_urls_emails = serializers.BooleanField(required=False)
    qa_model = serializers.CharField(max_length=200, allow_blank=True, required=False)


class PreviewSettingsSerializer(ChunkSettingsSerializer, StrictSerializer):
    """How documents are cut, to try it."""


class DatasetWriteSerializer(ChunkSettingsSerializer):
    """What a person sets of a dataset."""

    name = serializers.CharField(max_length=120)
    description = serializers.CharField(max_length=10_000, allow_blank=True, required=False)
    embedding_model = serializers.CharField(max_length=200, required=False)
    retrieval = RetrievalSettingsSerializer(required=False)
    built_in_metadata = serializers.BooleanField(required=False)
    tags = serializers.ListField(child=serializers.UUIDField(), max_length=50, required=False)


class ReembedSerializer(serializers.Serializer):
    """The embedding model that is to take over."""

    model = serializers.CharField(max_length=200)


class DeletedDatasetSerializer(serializers.Serializer):
    """What went, or would go, with a dataset; `apps` is how many applications search it."""

    documents = serializers.IntegerField()
    chunks = serializers.IntegerField()
    apps = serializers.IntegerField()


class ReindexedSerializer(serializers.Serializer):
    """How many documents are indexed anew."""

    documents = serializers.IntegerField()
