"""The JSON of chunks and of their children."""

from dataclasses import asdict

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.datasets.api.serializers.retrieval import AreaSerializer, StrictSerializer
from backend.datasets.models import Chunk
from backend.datasets.passages import Place
from rag.types import Area

MAX_TEXT_CHARS = 20_000
MAX_KEYWORDS = 50


def areas_of(chunk: Chunk) -> list[dict[str, float]]:
    """Return the rectangles that the chunk covers on its page."""
    return [asdict(Area(*corners)) for corners in chunk.areas]


class ChildSerializer(serializers.Serializer):
    """A part of a chunk that is searched in its stead."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    text = serializers.CharField(max_length=MAX_TEXT_CHARS)
    tokens = serializers.IntegerField(read_only=True)


class ChunkSerializer(serializers.ModelSerializer):
    """What a search returns of a document."""

    areas = serializers.SerializerMethodField()
    keywords = serializers.ListField(child=serializers.CharField(), read_only=True)
    children = ChildSerializer(many=True, read_only=True)

    class Meta:
        model = Chunk
        fields = (
            "id",
            "text",
            "answer",
            "page",
            "position",
            "tokens",
            "areas",
            "keywords",
            "is_enabled",
            "is_edited",
            "hit_count",
            "children",
        )
        read_only_fields = fields

    @extend_schema_field(AreaSerializer(many=True))
    def get_areas(self, chunk: Chunk) -> list[dict[str, float]]:
        """Return where the chunk stands on its page."""
        return areas_of(chunk)


class ChunkCreateSerializer(StrictSerializer):
    """A chunk that a person adds."""

    text = serializers.CharField(max_length=MAX_TEXT_CHARS)
    answer = serializers.CharField(max_length=MAX_TEXT_CHARS, allow_blank=True, required=False)
    keywords = serializers.ListField(
        child=serializers.CharField(max_length=100), max_length=MAX_KEYWORDS, required=False
    )


class ChunkUpdateSerializer(ChunkCreateSerializer):
    """What a person changes of a chunk."""

    text = serializers.CharField(max_length=MAX_TEXT_CHARS, required=False)
    is_enabled = serializers.BooleanField(required=False)


class PlaceSerializer(serializers.Serializer):
    """A passage in its document; `before` and `after` are the words around it."""

    document_name = serializers.CharField(source="document.name")
    format = serializers.CharField(source="document.format")
    page_count = serializers.IntegerField(source="document.page_count", allow_null=True)
    has_pages = serializers.BooleanField()
    page = serializers.IntegerField(source="chunk.page", allow_null=True)
    position = serializers.IntegerField(source="chunk.position")
    areas = serializers.SerializerMethodField()
    before = serializers.CharField()
    text = serializers.CharField(source="chunk.text")
    answer = serializers.CharField(source="chunk.answer")
    after = serializers.CharField()

    @extend_schema_field(AreaSerializer(many=True))
    def get_areas(self, place: Place) -> list[dict[str, float]]:
        """Return the rectangles that the passage covers."""
        return areas_of(place.chunk)
