"""An app's gate as the console shows it."""

from rest_framework import serializers

from backend.evaluations.api.serializers import GATE_STATES, ComparisonSerializer


class FallenSerializer(serializers.Serializer):
    """A case that got worse."""

    number = serializers.IntegerField()
    query = serializers.CharField()
    before = serializers.FloatField()
    after = serializers.FloatField()


class StandingSerializer(serializers.Serializer):
    """Where the draft stands before the gate."""

    state = serializers.ChoiceField(choices=GATE_STATES)
    is_open = serializers.BooleanField()
    reason = serializers.CharField()
    experiment_id = serializers.UUIDField(allow_null=True)
    comparison = ComparisonSerializer(allow_null=True)
    fallen = FallenSerializer(many=True)


class GateSerializer(serializers.Serializer):
    """What the app demands (set_id null: nothing was ever set), and where its draft stands."""

    is_on = serializers.BooleanField()
    set_id = serializers.UUIDField(allow_null=True)
    evaluator_ids = serializers.ListField(child=serializers.UUIDField())
    standing = StandingSerializer(read_only=True)


class GateSetSerializer(serializers.Serializer):
    """What the app is to demand."""

    is_on = serializers.BooleanField(required=False, default=True)
    set_id = serializers.UUIDField()
    evaluator_ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=12)
