"""Knowledge: datasets, their documents with the state of their indexing, and what is shown and searched of them.

Chunk is what a search returns. Passage is what is searched: the chunk itself, or its children. A passage has a vector
per index (a dataset has two while it is embedded with another model) and a posting per word. `rag.stores.pgvector`
reads and writes the tables from Chunk on; everything else here belongs to Django alone.
"""

import uuid

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


class ChunkMode(models.TextChoices):
    """How documents become chunks."""

    GENERAL = "general"
    PARENT_CHILD = "parent_child"
    QA = "qa"


class ParentMode(models.TextChoices):
    """What the parents of `parent_child` are."""

    PARAGRAPH = "paragraph"
    DOCUMENT = "document"


class Dataset(WorkspaceModel):
    """A set of documents that one embedding model indexes.

    `chunk_tokens` is the length of a chunk, or of a child in `parent_child`, whose parents have `parent_tokens`.
    `retrieval` holds the settings of searches that bring none of their own.
    """

    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, default="")
    embedding_model = models.CharField(max_length=200)
    chunk_mode = models.CharField(max_length=12, choices=ChunkMode.choices, default=ChunkMode.GENERAL)
    chunk_tokens = models.PositiveIntegerField(default=200)
    chunk_overlap_tokens = models.PositiveIntegerField(default=20)
    chunk_separator = models.CharField(max_length=100, blank=True, default="")
    parent_mode = models.CharField(max_length=9, choices=ParentMode.choices, default=ParentMode.PARAGRAPH)
    parent_tokens = models.PositiveIntegerField(default=600)
    clean_whitespace = models.BooleanField(default=True)
    remove_urls_emails = models.BooleanField(default=False)
    qa_model = models.CharField(max_length=200, blank=True, default="")
    retrieval = models.JSONField(default=dict)
    built_in_metadata = models.BooleanField(default=True)
    tags = models.ManyToManyField("datasets.DatasetTag", related_name="datasets")

    class Meta(WorkspaceModel.Meta):
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="dataset_name_once")]


class DatasetTag(WorkspaceModel):
    """A word by which people group datasets."""

    name = models.CharField(max_length=50)

    class Meta(WorkspaceModel.Meta):
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="dataset_tag_once")]


class MetadataField(WorkspaceModel):
    """A field that the documents of a dataset may have; `Document.metadata` maps its name to a value."""

    class Type(models.TextChoices):
        """What values a field takes; a time is in seconds since 1970."""

        STRING = "string"
        NUMBER = "number"
        TIME = "time"

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="metadata_fields")
    name = models.CharField(max_length=100)
    type = models.CharField(max_length=6, choices=Type.choices)

    class Meta(WorkspaceModel.Meta):
        constraints = [models.UniqueConstraint(fields=["dataset", "name"], name="metadata_field_once")]


class Document(WorkspaceModel):
    """A file in a dataset. Whoever holds the lease indexes it; a lease that ran out is free for the next worker.

    `revision` numbers what is searched now; an indexing builds the one after it. A paused document is left alone by
    workers until it is resumed. `source_url` is where a document from the web came from: while `format` is empty a
    worker has to fetch it, and before the first time it has no file. `processing` overrides the dataset's settings of
    chunks.
    """

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="documents")
    file = models.ForeignKey("files.StoredFile", on_delete=models.PROTECT, related_name="+", null=True)
    name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()
    mime_type = models.CharField(max_length=120)
    format = models.CharField(max_length=20)
    source_url = models.TextField(blank=True, default="")
    batch = models.CharField(max_length=36, blank=True, default="")
    status = models.CharField(max_length=12, choices=DocumentStatus.choices, default=DocumentStatus.QUEUED)
    is_paused = models.BooleanField(default=False)
    is_enabled = models.BooleanField(default=True)
    is_archived = models.BooleanField(default=False)
    reason = models.TextField(blank=True, default="")
    progress = models.FloatField(default=0.0)
    stage_times = models.JSONField(default=dict)
    attempts = models.PositiveIntegerField(default=0)
    revision = models.PositiveIntegerField(default=0)
    language = models.CharField(max_length=8, blank=True, default="")
    title = models.TextField(blank=True, default="")
    metadata = models.JSONField(default=dict)
    processing = models.JSONField(null=True)
    page_count = models.PositiveIntegerField(null=True)
    chunk_count = models.PositiveIntegerField(default=0)
    token_count = models.PositiveBigIntegerField(default=0)
    uploaded_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
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
            ),
            models.Index(fields=["dataset", "batch"], name="document_batch", condition=~models.Q(batch="")),
        ]


class VectorIndex(models.Model):
    """The vectors of one dataset by one embedding model. One is active; another may be filled meanwhile.

    `ann` is the name of its HNSW index, empty while the dataset is small enough to be searched exactly. Whoever holds
    the lease of a building index fills it: `done` of `total` passages are embedded. A building index without
    `lease_expires_at` was given up, for the `reason` that it states.
    """

    class State(models.TextChoices):
        """Which index searches use; any other value says that it is retired and on its way out."""

        BUILDING = "building"
        ACTIVE = "active"

    id = models.BigAutoField(primary_key=True)
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="indexes")
    model = models.CharField(max_length=200)
    dimensions = models.PositiveIntegerField(null=True)
    state = models.CharField(max_length=8, choices=State.choices)
    ann = models.CharField(max_length=63, blank=True, default="")
    reason = models.TextField(blank=True, default="")
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    lease_token = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dataset", "state"], name="vector_index_state_once")]


class Chunk(WorkspaceModel):
    """What a search returns of a document: a passage, a question with its answer, or the parent of passages."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="+")
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="chunks", db_index=False)
    revision = models.PositiveIntegerField(default=0)
    position = models.PositiveIntegerField()
    page = models.PositiveIntegerField(null=True)
    text = models.TextField()
    answer = models.TextField(blank=True, default="")
    tokens = models.PositiveIntegerField()
    areas = models.JSONField(default=list)
    keywords = models.JSONField(default=list)
    digest = models.CharField(max_length=32, blank=True, default="")
    is_enabled = models.BooleanField(default=True)
    is_edited = models.BooleanField(default=False)
    hit_count = models.PositiveIntegerField(default=0)

    class Meta(WorkspaceModel.Meta):
        constraints = [models.UniqueConstraint(fields=["document", "revision", "position"], name="chunk_once")]


class Passage(models.Model):
    """What is searched of a chunk: its own text (`text` is empty then), or a child with a text of its own.

    `is_live` says that searches may find it: its revision is published, and its chunk and document are enabled.
    `words` is its length for full-text search. `text_hash` finds vectors that need not be computed again.
    """

    id = models.BigAutoField(primary_key=True)
    public_id = models.UUIDField(default=uuid.uuid4, unique=True)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False)
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="+")
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="+")
    chunk = models.ForeignKey(Chunk, on_delete=models.CASCADE, related_name="passages", db_index=False)
    position = models.PositiveIntegerField(default=0)
    text = models.TextField(blank=True, default="")
    tokens = models.PositiveIntegerField(default=0)
    text_hash = models.UUIDField()
    words = models.PositiveIntegerField(default=0)
    is_live = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["workspace", "text_hash"], name="passage_text_hash")]
        constraints = [models.UniqueConstraint(fields=["chunk", "position"], name="passage_once")]


class PassageVector(models.Model):
    """The vector of a passage in an index; `is_live` repeats the passage's, for partial indexes."""

    pk = models.CompositePrimaryKey("index_id", "passage_id")
    index = models.ForeignKey(VectorIndex, on_delete=models.CASCADE, related_name="+", db_index=False)
    passage = models.ForeignKey(Passage, on_delete=models.CASCADE, related_name="vectors")
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="+")
    is_live = models.BooleanField(default=False)
    embedding = VectorField()


class Term(models.Model):
    """A word of a dataset and the number of live passages that have it (BM25's document frequency)."""

    id = models.BigAutoField(primary_key=True)
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="+", db_index=False)
    text = models.CharField(max_length=80)
    passages = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dataset", "text"], name="term_once")]


class Posting(models.Model):
    """How often a live passage has a word; `words` repeats the passage's length, so that ranking reads one index.

    The primary key includes both. There are dozens of rows per passage, written and removed by the store alone, which
    keeps them true: a check of each reference by the database would cost more than the rows themselves.
    """

    pk = models.CompositePrimaryKey("term_id", "passage_id")
    term = models.ForeignKey(Term, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False)
    passage = models.ForeignKey(Passage, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    count = models.PositiveSmallIntegerField()
    words = models.PositiveIntegerField()


class LexicalStatistics(models.Model):
    """The number of a dataset's live passages and their words, for BM25's mean length; `languages` counts passages."""

    dataset = models.OneToOneField(Dataset, on_delete=models.CASCADE, primary_key=True, related_name="lexical")
    passages = models.PositiveBigIntegerField(default=0)
    words = models.PositiveBigIntegerField(default=0)
    languages = models.JSONField(default=dict)


class RetrievalTestSet(WorkspaceModel):
    """Questions with the chunks or documents that answer them, to measure retrieval settings with.

    `generation` tells of the questions that a model writes in the background.
    """

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="test_sets")
    name = models.CharField(max_length=120)
    generation = models.JSONField(null=True)
    lease_expires_at = models.DateTimeField(null=True)

    class Meta(WorkspaceModel.Meta):
        constraints = [models.UniqueConstraint(fields=["dataset", "name"], name="retrieval_test_set_once")]


class RetrievalTestCase(WorkspaceModel):
    """A question and what answers it: documents by name, chunks by id, or a phrase that a right passage holds."""

    test_set = models.ForeignKey(RetrievalTestSet, on_delete=models.CASCADE, related_name="cases")
    question = models.TextField()
    documents = models.JSONField(default=list)
    chunks = models.JSONField(default=list)
    phrase = models.TextField(blank=True, default="")


class RetrievalEvaluation(WorkspaceModel):
    """The measures of one or more settings on a test set; `results` has one entry per setting."""

    class Status(models.TextChoices):
        """How far it is."""

        QUEUED = "queued"
        RUNNING = "running"
        FINISHED = "finished"
        FAILED = "failed"

    test_set = models.ForeignKey(RetrievalTestSet, on_delete=models.CASCADE, related_name="evaluations")
    settings = models.JSONField(default=list)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.QUEUED)
    progress = models.FloatField(default=0.0)
    reason = models.TextField(blank=True, default="")
    results = models.JSONField(default=list)
    attempts = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
