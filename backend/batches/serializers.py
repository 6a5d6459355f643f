"""Tables of inputs as the console shows them."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.accounts.api.serializers import ActorSerializer
from backend.batches.inputs import missing_inputs, unknown_columns
from backend.batches.models import Batch, BatchRow, BatchStatus, RowStatus
from backend.batches.selectors import PREVIEW_ROWS, batch_inputs, rows_list
from backend.batches.services import MAX_AT_ONCE
from backend.runs.models import RunStatus
from backend.runs.serializers import FailingSerializer, RunsProgressSerializer

ROW_STATES = [*RowStatus.choices, (RunStatus.PAUSED.value, RunStatus.PAUSED.label)]


class BatchUploadSerializer(serializers.Serializer):
    """A table, and what is to run over it."""

    file = serializers.FileField()
    version = serializers.CharField(
        required=False, help_text="the number of a version, or draft; without it the published version, else the draft"
    )
    start = serializers.BooleanField(
        required=False, default=False, help_text="begin at once, when no column is missing"
    )


class BatchInputSerializer(serializers.Serializer):
    """One input that each row may give."""

    name = serializers.CharField()
    label = serializers.CharField()
    type = serializers.CharField()
    required = serializers.BooleanField()


class BatchProgressSerializer(RunsProgressSerializer):
    """How many rows are where, and what they cost so far; `waiting` ones ask a person, and are among the running."""

    waiting = serializers.IntegerField()


class BatchSerializer(serializers.ModelSerializer):
    """A table in a list; `progress` is by the context."""

    status = serializers.ChoiceField(choices=BatchStatus.choices, read_only=True)
    columns = serializers.ListField(child=serializers.CharField(), read_only=True)
    mapping = serializers.DictField(child=serializers.CharField(), read_only=True)
    created_by = ActorSerializer(allow_null=True, read_only=True)
    progress = serializers.SerializerMethodField()

    class Meta:
        model = Batch
        fields = (
            *("id", "name", "status", "app_version", "columns", "mapping", "delimiter", "at_once"),
            *("progress", "created_by", "created_at", "started_at", "finished_at"),
        )
        read_only_fields = fields

    @extend_schema_field(BatchProgressSerializer)
    def get_progress(self, batch: Batch) -> object:
        """How far the table is."""
        return BatchProgressSerializer(self.context["progress"][batch.id]).data


class WorkspaceBatchSerializer(serializers.ModelSerializer):
    """A table among those of all apps; `progress` is by the context."""

    status = serializers.ChoiceField(choices=BatchStatus.choices, read_only=True)
    app_id = serializers.UUIDField(read_only=True)
    app_name = serializers.CharField(source="app.name", read_only=True)
    progress = serializers.SerializerMethodField()

    class Meta:
        model = Batch
        fields = ("id", "name", "status", "app_id", "app_name", "progress", "created_at", "started_at", "finished_at")
        read_only_fields = fields

    @extend_schema_field(BatchProgressSerializer)
    def get_progress(self, batch: Batch) -> object:
        """How far the table is."""
        return BatchProgressSerializer(self.context["progress"][batch.id]).data


class BatchDetailSerializer(BatchSerializer):
    """A table with what it must give, what is missing, what goes unused, and its first rows."""

    inputs = serializers.SerializerMethodField()
    missing_inputs = serializers.SerializerMethodField()
    unknown_columns = serializers.SerializerMethodField()
    preview = serializers.SerializerMethodField()

    class Meta(BatchSerializer.Meta):
        fields = (*BatchSerializer.Meta.fields, "inputs", "missing_inputs", "unknown_columns", "preview")
        read_only_fields = fields

    @extend_schema_field(BatchInputSerializer(many=True))
    def get_inputs(self, batch: Batch) -> object:
        """What a run takes."""
        return BatchInputSerializer(batch_inputs(batch), many=True).data

    def get_missing_inputs(self, batch: Batch) -> list[str]:
        """Required inputs that no column gives."""
        return missing_inputs(batch_inputs(batch), batch.mapping)

    def get_unknown_columns(self, batch: Batch) -> list[str]:
        """Columns that give no input; they are carried into the results."""
        return unknown_columns(batch.columns, batch.mapping)

    def get_preview(self, batch: Batch) -> list[list[str]]:
        """The cells of the first rows."""
        return list(rows_list(batch).values_list("cells", flat=True)[:PREVIEW_ROWS])


class BatchUpdateSerializer(serializers.Serializer):
    """What may be changed of a table; after its start, its name and how many rows run at once."""

    name = serializers.CharField(required=False, max_length=255)
    mapping = serializers.DictField(child=serializers.CharField(), required=False, help_text="input → column")
    app_version = serializers.IntegerField(required=False, allow_null=True, min_value=1, help_text="null is the draft")
    at_once = serializers.IntegerField(required=False, min_value=1, max_value=MAX_AT_ONCE)


class BatchRowSerializer(FailingSerializer, serializers.ModelSerializer):
    """A row and what became of it."""

    status = serializers.SerializerMethodField()
    cells = serializers.ListField(child=serializers.CharField(), read_only=True)
    outputs = serializers.DictField(read_only=True)
    run_id = serializers.UUIDField(allow_null=True, read_only=True)

    class Meta:
        model = BatchRow
        fields = (
            *("id", "number", "cells", "status", "run_id", "outputs", "error", "attempts"),
            *("prompt_tokens", "completion_tokens", "cost", "elapsed_ms"),
        )
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=ROW_STATES))
    def get_status(self, row: BatchRow) -> str:
        """Where the row is; paused when its run asks a person something."""
        is_waiting = row.status == RowStatus.RUNNING and row.run_status == RunStatus.PAUSED
        return RunStatus.PAUSED.value if is_waiting else str(row.status)
