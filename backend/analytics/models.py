"""Sums over runs by the hour, the day and the month, in forms that can be added up, and notes of what has changed."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models

ALL_APPS = uuid.UUID(int=0)
"""Stands for every app of the workspace in a row's `app_id`."""
NO_APP = uuid.UUID(int=2**128 - 1)
"""Stands for runs of no app, or of one that was deleted."""
NOBODY = uuid.UUID(int=0)
"""Stands for runs without a key, or without a member, in a combination."""


class Grain(models.TextChoices):
    """How long the time of a row is; days and months are those of UTC."""

    HOUR = "h"
    DAY = "d"
    MONTH = "m"


class Counts(models.Model):
    """What can be added up, of the runs that began in one hour, day or month."""

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False)
    grain = models.CharField(max_length=1, choices=Grain.choices)
    at = models.DateTimeField()
    runs = models.BigIntegerField()
    errors = models.BigIntegerField()
    likes = models.BigIntegerField()
    dislikes = models.BigIntegerField()
    prompt_tokens = models.BigIntegerField()
    completion_tokens = models.BigIntegerField()
    cost = models.DecimalField(max_digits=20, decimal_places=8)

    class Meta:
        abstract = True


class AllCounts(Counts):
    """Times are histograms of two equally long arrays (`sketches.py`), users and conversations the smallest hashes of
    their ids: both can be merged over rows.
    """

    cancelled = models.BigIntegerField()
    cached_tokens = models.BigIntegerField()
    speed_tokens = models.BigIntegerField()
    speed_us = models.BigIntegerField()
    retrievals = models.BigIntegerField()
    empty_retrievals = models.BigIntegerField()
    passages = models.BigIntegerField()
    cached_nodes = models.BigIntegerField()
    ttft_keys = ArrayField(models.SmallIntegerField(), null=True)
    ttft_counts = ArrayField(models.BigIntegerField(), null=True)
    elapsed_keys = ArrayField(models.SmallIntegerField(), null=True)
    elapsed_counts = ArrayField(models.BigIntegerField(), null=True)
    users = ArrayField(models.BigIntegerField(), null=True)
    conversations = ArrayField(models.BigIntegerField(), null=True)

    class Meta:
        abstract = True


class Rollup(AllCounts):
    """The runs of one value of one dimension: `dimension` "total" has the value "".

    Rows of the dimension "node" count executions of nodes instead of runs.
    """

    app_id = models.UUIDField()
    dimension = models.CharField(max_length=12)
    value = models.CharField(max_length=300)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "grain", "dimension", "app_id", "at", "value"], name="rollup_once"
            )
        ]


class Combination(models.Model):
    """Values of all dimensions together that runs had, and for executions of nodes their kind; "" for runs.

    There are few: a key is one app's, and an app runs one version on one model at a time.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False)
    app_id = models.UUIDField()
    version = models.IntegerField()
    model = models.CharField(max_length=300)
    source = models.CharField(max_length=40)
    key_id = models.UUIDField()
    member_id = models.UUIDField()
    error_code = models.CharField(max_length=80)
    node = models.CharField(max_length=80)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "workspace",
                    "app_id",
                    "version",
                    "model",
                    "source",
                    "key_id",
                    "member_id",
                    "error_code",
                    "node",
                ],
                name="combination_once",
            )
        ]


class CombinedRollup(AllCounts):
    """The runs, or executions of nodes, of one combination: what answers any filters together."""

    combination = models.ForeignKey(Combination, on_delete=models.CASCADE, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "grain", "at", "combination"], name="combined_rollup_once")
        ]
        indexes = [models.Index(fields=["combination", "grain", "at"], name="combined_rollup_of")]


class EndUserRollup(Counts):
    """The runs of one end user and combination: a table of its own, since it may be nearly as long as that of the runs.

    Of an end user only sums are kept, no times.
    """

    combination = models.ForeignKey(Combination, on_delete=models.CASCADE, related_name="+", db_index=False)
    value = models.CharField(max_length=255)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "grain", "at", "combination", "value"], name="end_user_rollup_once"
            )
        ]
        indexes = [models.Index(fields=["workspace", "value", "grain", "at"], name="end_user_rollup_of")]


class Month(models.Model):
    """A month with days that are counted, last at `changed_at`; `is_kept`: rows of its own equal their sums."""

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False)
    at = models.DateTimeField()
    changed_at = models.DateTimeField()
    is_kept = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "at"], name="analytics_month_once")]
        indexes = [
            models.Index(fields=["changed_at"], condition=models.Q(is_kept=False), name="analytics_month_waiting")
        ]


class Settled(models.Model):
    """An hour from which runs were deleted whose numbers stay: it is not counted again. A trigger writes it."""

    id = models.BigAutoField(primary_key=True)
    workspace_id = models.UUIDField()
    hour = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace_id", "hour"], name="analytics_settled_once")]


class Change(models.Model):
    """A run that began in this hour, or a verdict on one, has changed. Triggers write it with the change (migration).

    Rows are only added, each with its change, and taken away by whoever has counted the hour after seeing them: a
    change that is not committed yet leaves its note for the next time.
    """

    id = models.BigAutoField(primary_key=True)
    workspace_id = models.UUIDField()
    hour = models.DateTimeField()
