"""The JSON of tags and of metadata fields."""

from rest_framework import serializers

from backend.datasets.models import MetadataField


class TagSerializer(serializers.Serializer):
    """A tag, and how many datasets carry it."""

    id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(max_length=50)
    datasets = serializers.IntegerField(source="dataset_count", read_only=True)


class TagListSerializer(serializers.Serializer):
    """All tags of a workspace: they come in one page."""

    results = TagSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class MetadataFieldSerializer(serializers.Serializer):
    """A field and how many documents have a value for it; `id` is null for one that every document has."""

    id = serializers.UUIDField(read_only=True, allow_null=True)
    name = serializers.CharField(max_length=100)
    type = serializers.ChoiceField(choices=MetadataField.Type.choices)
    count = serializers.IntegerField(read_only=True)


class MetadataFieldListSerializer(serializers.Serializer):
    """All fields of a dataset: they come in one page."""

    results = MetadataFieldSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class MetadataFieldRenameSerializer(serializers.Serializer):
    """A new name."""

    name = serializers.CharField(max_length=100)
