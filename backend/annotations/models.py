"""Answers that people wrote to questions of an app, what they were used for, and the job that embeds them."""

from django.db import models
from pgvector.django import VectorField

from backend.common.models import WorkspaceModel

DEFAULT_THRESHOLD = 0.9


class AnnotationSettings(WorkspaceModel):
    """Whether an app answers with its annotations. `embedding_model` is the one whose vectors are searched.

    Whoever changes an app's annotations, or what they are embedded with, holds this row's lock.
    """

    app = models.OneToOneField("apps.App", on_delete=models.CASCADE, related_name="+")
    is_on = models.BooleanField(default=False)
    threshold = models.FloatField(default=DEFAULT_THRESHOLD)
    embedding_model = models.CharField(max_length=300, blank=True, default="")


class Annotation(WorkspaceModel):
    """A question with the answer that a person wrote. A deleted one is kept for a while, so that it can come back.

    `reason` says why the question has no vector, where it will have none.
    """

    app = models.ForeignKey("apps.App", on_delete=models.CASCADE, related_name="+", db_index=False)
    question = models.TextField()
    answer = models.TextField()
    run = models.ForeignKey("runs.Run", on_delete=models.SET_NULL, null=True, related_name="+")
    author = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    hit_count = models.PositiveIntegerField(default=0)
    last_hit_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True, default="")
    deleted_at = models.DateTimeField(null=True)

    class Meta(WorkspaceModel.Meta):
        indexes = [
            models.Index(fields=["app", "-created_at", "-id"], name="annotation_newest"),
            models.Index(
                fields=["deleted_at"], name="annotation_deleted", condition=models.Q(deleted_at__isnull=False)
            ),
        ]


class AnnotationVector(models.Model):
    """The vector of a question by one model; an app has those of two while it changes from one to the other."""

    annotation = models.ForeignKey(Annotation, on_delete=models.CASCADE, related_name="vectors")
    model = models.CharField(max_length=300)
    dimensions = models.PositiveIntegerField()
    embedding = VectorField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["annotation", "model"], name="annotation_vector_once")]


class AnnotationHit(WorkspaceModel):
    """An answer that an annotation gave: to which question, and how near that was."""

    annotation = models.ForeignKey(Annotation, on_delete=models.CASCADE, related_name="hits", db_index=False)
    # No constraint: a worker may be faster than the commit of the run's row.
    run = models.OneToOneField("runs.Run", on_delete=models.CASCADE, related_name="+", db_constraint=False)
    question = models.TextField()
    score = models.FloatField()

    class Meta(WorkspaceModel.Meta):
        indexes = [models.Index(fields=["annotation", "-created_at", "-id"], name="annotation_hit_newest")]


class JobStatus(models.TextChoices):
    """Where a job is on its way; the last two are ends."""

    WAITING = "waiting"
    PROCESSING = "processing"
    COMPLETED = "completed"
    ERROR = "error"


OPEN_JOBS = (JobStatus.WAITING, JobStatus.PROCESSING)


class JobAction(models.TextChoices):
    """What a job was asked for."""

    ENABLE = "enable"
    DISABLE = "disable"
    INDEX = "index"


class AnnotationJob(WorkspaceModel):
    """Embeds what lacks a vector by `model`, then lets the app search with it. An app has one open job at most."""

    app = models.ForeignKey("apps.App", on_delete=models.CASCADE, related_name="+")
    action = models.CharField(max_length=10, choices=JobAction.choices)
    status = models.CharField(max_length=10, choices=JobStatus.choices, default=JobStatus.WAITING)
    model = models.CharField(max_length=300, blank=True, default="")
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True, default="")
    lease_expires_at = models.DateTimeField(null=True)

    class Meta(WorkspaceModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["app"], name="annotation_job_open_once", condition=models.Q(status__in=OPEN_JOBS)
            )
        ]
