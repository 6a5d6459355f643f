"""Limits and what was used of them, in one row for each period."""

from django.db import models

from backend.common.models import WorkspaceModel


class LimitScope(models.TextChoices):
    """Whose use is counted together; `end_user` means each of them alone."""

    WORKSPACE = "workspace"
    APP = "app"
    KEY = "key"
    END_USER = "end_user"


class LimitMetric(models.TextChoices):
    """What is counted: runs when they begin, tokens and cost (USD) when they end."""

    RUNS = "runs"
    TOKENS = "tokens"
    COST = "cost"


class LimitPeriod(models.TextChoices):
    """After what time counting begins anew, by the clock of UTC."""

    MINUTE = "minute"
    DAY = "day"
    MONTH = "month"


class Limit(WorkspaceModel):
    """An amount that may be used in a period. With `app`, a limit of end users counts what they use of this app."""

    scope = models.CharField(max_length=10, choices=LimitScope.choices)
    app = models.ForeignKey("apps.App", on_delete=models.CASCADE, null=True, related_name="+")
    key = models.ForeignKey("accounts.ApiKey", on_delete=models.CASCADE, null=True, related_name="+")
    metric = models.CharField(max_length=10, choices=LimitMetric.choices)
    period = models.CharField(max_length=10, choices=LimitPeriod.choices)
    amount = models.DecimalField(max_digits=20, decimal_places=8)

    class Meta(WorkspaceModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "scope", "app", "key", "metric", "period"],
                name="limit_once",
                nulls_distinct=False,
            )
        ]


class LimitUsage(models.Model):
    """What was used of a limit in one period; `subject` is the end user where each of them is counted alone."""

    limit = models.ForeignKey(Limit, on_delete=models.CASCADE, related_name="usage")
    subject = models.CharField(max_length=255, blank=True, default="")
    period_start = models.DateTimeField()
    used = models.DecimalField(max_digits=24, decimal_places=8, default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["limit", "subject", "period_start"], name="limit_usage_once")]
        indexes = [models.Index(fields=["period_start"], name="limit_usage_old")]
