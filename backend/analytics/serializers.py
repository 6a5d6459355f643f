"""The numbers as they travel."""

from rest_framework import serializers

from backend.analytics.measures import ALL
from backend.analytics.periods import BUCKETS

UNITS = ["count", "tokens", "usd", "ratio", "ms", "tokens_per_s"]
assert {metric.unit for metric in ALL.values()} == set(UNITS)


class AnalyticsPeriodSerializer(serializers.Serializer):
    """A span of time: `until` is no longer part of it."""

    since = serializers.DateTimeField()
    until = serializers.DateTimeField()


class AnalyticsTotalSerializer(serializers.Serializer):
    """A metric; null says that there is no data. `runs` are filters of the list of runs."""

    metric = serializers.CharField()
    unit = serializers.ChoiceField(choices=UNITS)
    value = serializers.FloatField(allow_null=True)
    previous = serializers.FloatField(allow_null=True)
    points = serializers.ListField(child=serializers.FloatField(allow_null=True))
    is_exact = serializers.BooleanField()
    runs = serializers.DictField(child=serializers.CharField())


class AnalyticsTotalsSerializer(serializers.Serializer):
    """Metrics of a period; `is_behind` says that a late change in it is not counted yet."""

    period = AnalyticsPeriodSerializer()
    previous = AnalyticsPeriodSerializer()
    bucket = serializers.ChoiceField(choices=BUCKETS)
    is_behind = serializers.BooleanField()
    totals = AnalyticsTotalSerializer(many=True)


class AnalyticsPointSerializer(AnalyticsPeriodSerializer):
    """The metrics of one step of time."""

    values = serializers.DictField(child=serializers.FloatField(allow_null=True))
    runs = serializers.DictField(child=serializers.CharField())


class AnalyticsSeriesSerializer(serializers.Serializer):
    """Metrics of one unit over time."""

    period = AnalyticsPeriodSerializer()
    bucket = serializers.ChoiceField(choices=BUCKETS)
    unit = serializers.ChoiceField(choices=UNITS)
    points = AnalyticsPointSerializer(many=True)


class AnalyticsBreakdownRowSerializer(serializers.Serializer):
    """The metrics of one value; `runs` is null where no filter of the list shows its runs."""

    value = serializers.CharField(allow_blank=True)
    label = serializers.CharField(allow_blank=True)
    values = serializers.DictField(child=serializers.FloatField(allow_null=True))
    runs = serializers.DictField(child=serializers.CharField(), allow_null=True)


class AnalyticsBreakdownSerializer(serializers.Serializer):
    """The values of a dimension, most first."""

    period = AnalyticsPeriodSerializer()
    dimension = serializers.CharField()
    is_more = serializers.BooleanField()
    rows = AnalyticsBreakdownRowSerializer(many=True)
