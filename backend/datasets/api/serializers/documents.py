"""The JSON of documents and of previews."""

from rest_framework import serializers

from backend.datasets.models import Document

DOCUMENT_ACTIONS = (
    "enable",
    "disable",
    "archive",
    "unarchive",
    "delete",
    "retry",
    "pause",
    "resume",
    "cancel",
    "reindex",
)
MAX_IDS = 1000
MAX_PAGES = 500


class DocumentSerializer(serializers.ModelSerializer):
    """A document and how far its indexing is; `reason` says why it failed or waits."""

    stage_times = serializers.DictField(child=serializers.IntegerField(), read_only=True)
    metadata = serializers.DictField(read_only=True)

    class Meta:
        model = Document
        fields = (
            "id",
            "name",
            "format",
            "status",
            "is_paused",
            "is_enabled",
            "is_archived",
            "reason",
            "progress",
            "stage_times",
            "attempts",
            "size_bytes",
            "mime_type",
            "language",
            "title",
            "metadata",
            "source_url",
            "page_count",
            "chunk_count",
            "token_count",
            "revision",
            "created_at",
            "updated_at",
            "finished_at",
        )
        read_only_fields = fields


class DocumentWriteSerializer(serializers.Serializer):
    """What a person sets of a document; `metadata` replaces what was there."""

    name = serializers.CharField(max_length=255, required=False)
    is_enabled = serializers.BooleanField(required=False)
    is_archived = serializers.BooleanField(required=False)
    metadata = serializers.DictField(child=serializers.JSONField(allow_null=True), required=False)


class DeletedDocumentSerializer(serializers.Serializer):
    """What went, or would go, with a document."""

    documents = serializers.IntegerField()
    chunks = serializers.IntegerField()


class DocumentActionSerializer(serializers.Serializer):
    """One thing to do with many documents."""

    action = serializers.ChoiceField(choices=DOCUMENT_ACTIONS)
    ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MAX_IDS)


class SkippedSerializer(serializers.Serializer):
    """A document that was left as it is, and why."""

    id = serializers.UUIDField()
    reason = serializers.CharField()


class DocumentActionResultSerializer(serializers.Serializer):
    """What became of many documents."""

    done = serializers.IntegerField()
    skipped = SkippedSerializer(many=True)


class FromUrlSerializer(serializers.Serializer):
    """An address to read: one page, or the pages that a sitemap lists."""

    url = serializers.CharField(max_length=2000)
    kind = serializers.ChoiceField(choices=("page", "sitemap"), default="page")
    limit = serializers.IntegerField(min_value=1, max_value=MAX_PAGES, default=50)


class RefusedUrlSerializer(serializers.Serializer):
    """An address that was not taken, and why."""

    url = serializers.CharField()
    reason = serializers.CharField()


class FromUrlResultSerializer(serializers.Serializer):
    """What became of the addresses."""

    documents = DocumentSerializer(many=True)
    refused = RefusedUrlSerializer(many=True)


class PreviewSerializer(serializers.Serializer):
    """A document that is there, and the settings to try on it."""

    document_id = serializers.UUIDField()
    settings = serializers.DictField(required=False)


class PreviewUploadSerializer(serializers.Serializer):
    """A file, and the settings to try on it as JSON text."""

    file = serializers.FileField()
    settings = serializers.CharField(required=False)


class PreviewChildSerializer(serializers.Serializer):
    """A part that would be searched."""

    text = serializers.CharField()
    tokens = serializers.IntegerField()


class PreviewChunkSerializer(serializers.Serializer):
    """A chunk as it would be."""

    text = serializers.CharField()
    answer = serializers.CharField()
    page = serializers.IntegerField(allow_null=True)
    tokens = serializers.IntegerField()
    children = PreviewChildSerializer(many=True)


class PreviewedSerializer(serializers.Serializer):
    """The first chunks of a document; nothing of them is stored."""

    chunks = PreviewChunkSerializer(many=True)
    is_complete = serializers.BooleanField()
    warnings = serializers.ListField(child=serializers.CharField())
    language = serializers.CharField()
