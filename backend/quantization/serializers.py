"""What quantization looks like over HTTP."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.quantization.models import Quantization
from inference.quantization.kinds import COMPRESSED, KINDS

MAX_CALIBRATION_CHARS = 2_000_000


class QuantizeSerializer(serializers.Serializer):
    """What to make of a model. With a calibration text, or our own, important columns are rounded more carefully.

    GPTQ and AWQ are always calibrated, made of safetensors, and not in one job with the types of a GGUF.
    """

    types = serializers.ListField(
        child=serializers.ChoiceField(choices=[*KINDS, *COMPRESSED]), min_length=1, max_length=len(KINDS)
    )
    calibration = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=MAX_CALIBRATION_CHARS, trim_whitespace=False
    )
    is_calibrated = serializers.BooleanField(
        required=False, default=False, help_text="without a text: calibrate on the platform's own"
    )


class QuantizationRowSerializer(serializers.Serializer):
    """One file of a report; the first row is the source."""

    type = serializers.CharField()
    size_bytes = serializers.IntegerField()
    bits_per_weight = serializers.FloatField()
    perplexity = serializers.FloatField()
    perplexity_error = serializers.FloatField()
    kl_mean = serializers.FloatField()
    kl_p99 = serializers.FloatField()
    top1_agreement = serializers.FloatField()
    prefill_tokens_s = serializers.FloatField()
    decode_tokens_s = serializers.FloatField()
    memory_bytes = serializers.IntegerField()
    quantize_s = serializers.FloatField()
    sha256 = serializers.CharField()


class QuantizationReportSerializer(serializers.Serializer):
    """What a job found, the recommended type, and the rule that it follows."""

    model = serializers.CharField()
    rows = QuantizationRowSerializer(many=True)
    recommended = serializers.CharField()
    reason = serializers.CharField()
    rule = serializers.CharField()
    text = serializers.CharField()
    tokens = serializers.IntegerField()
    calibration = serializers.CharField(allow_blank=True)
    threads = serializers.IntegerField()
    note = serializers.CharField(allow_blank=True)


class QuantizationLogSerializer(serializers.Serializer):
    """A line of a job's log; without a text, the begin of a stage."""

    at = serializers.DateTimeField()
    stage = serializers.CharField()
    type = serializers.CharField(allow_blank=True)
    text = serializers.CharField(allow_blank=True)


class QuantizationSerializer(serializers.ModelSerializer):
    """A job."""

    log = serializers.SerializerMethodField()
    report = serializers.SerializerMethodField()
    types = serializers.ListField(child=serializers.CharField())
    installed = serializers.ListField(child=serializers.CharField(), help_text="models that came of it")

    class Meta:
        model = Quantization
        fields = [
            "id",
            "source",
            "types",
            "is_calibrated",
            "status",
            "stage",
            "kind",
            "progress",
            "log",
            "reason",
            "report",
            "installed",
            "is_cancel_wanted",
            "created_at",
            "started_at",
            "finished_at",
        ]
        read_only_fields = fields

    @extend_schema_field(QuantizationLogSerializer(many=True))
    def get_log(self, job: Quantization) -> list[dict[str, str]]:
        """Return the last lines."""
        return list(job.log)

    @extend_schema_field(QuantizationReportSerializer(allow_null=True))
    def get_report(self, job: Quantization) -> dict[str, object] | None:
        """Return it; null until the job is finished."""
        return job.report


class QuantizationEstimateSerializer(serializers.Serializer):
    """What a job would take, in bytes, and what there is."""

    sizes = serializers.DictField(child=serializers.IntegerField())
    disk_bytes = serializers.IntegerField()
    memory_bytes = serializers.IntegerField()
    free_disk_bytes = serializers.IntegerField()
    free_memory_bytes = serializers.IntegerField()
