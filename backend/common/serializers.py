"""Parts of answers that mean the same wherever they stand."""

from rest_framework import serializers


class NamedSerializer(serializers.Serializer):
    """Something by its id, and the name by which people know it."""

    id = serializers.UUIDField()
    name = serializers.CharField()
