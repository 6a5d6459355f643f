"""Knowledge: datasets, their documents with the state of their indexing, and chunks with vectors."""

from django.db import models
from pgvector.django import VectorField

from backend.common.models import WorkspaceModel


class DocumentStatus(models.TextChoices):
    """Where a document is on its way; `ready` and `failed` are ends."""

    QUEUED = "queued"
    EXTRACTING = "extracting"
    SPLITTING = "splitting"
    EMBEDDING = "embedding"
    INDEXING = "indexing"
    READY = "ready"
    FAILED = "failed"


class Dataset(WorkspaceModel):
    """A set of documents that one embedding model indexes."""

    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, default="")
    embedding_model = models.CharField(max_length=200)
    chunk_tokens = models.PositiveIntegerField(default=200)
    chunk_overlap_tokens = models.PositiveIntegerField(default=20)

    class Meta(WorkspaceModel.Meta):
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="dataset_name_once")]


class Document(WorkspaceModel):
    """A file in a dataset. Whoever holds the lease indexes it; a lease that ran out is free for the next worker."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="documents")
    file = models.ForeignKey("files.StoredFile", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()
    mime_type = models.CharField(max_length=120)
    format = models.CharField(max_length=20)
    status = models.CharField(max_length=12, choices=DocumentStatus.choices, default=DocumentStatus.QUEUED)
    reason = models.TextField(blank=True, default="")
    progress = models.FloatField(default=0.0)
    stage_times = models.JSONField(default=dict)
    attempts = models.PositiveIntegerField(default=0)
    page_count = models.PositiveIntegerField(null=True)
    chunk_count = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)

    class Meta(WorkspaceModel.Meta):
        constraints = [models.UniqueConstraint(fields=["dataset", "name", "sha256"], name="document_once")]
        indexes = [
            models.Index(
                fields=["lease_expires_at"],
                name="document_unfinished",
                condition=~models.Q(status__in=["ready", "failed"]),
            )
        ]


class Chunk(WorkspaceModel):
    """A passage of a document; `rag.stores.pgvector` reads and writes these rows."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="+")
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="chunks")
    position = models.PositiveIntegerField()
    page = models.PositiveIntegerField(null=True)
    text = models.TextField()
    tokens = models.PositiveIntegerField()
    embedding = VectorField()
    updated_at = None

    class Meta(WorkspaceModel.Meta):
        constraints = [models.UniqueConstraint(fields=["document", "position"], name="chunk_once")]
