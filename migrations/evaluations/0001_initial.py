"""Test sets, evaluators, experiments and gates."""

import django.db.models.deletion
import django.db.models.manager
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0003_machine_admin"),
        ("apps", "0004_ordered"),
        ("runs", "0008_evaluation_source"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="EvaluationSet",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("name", models.CharField(max_length=120)),
                ("description", models.TextField(blank=True, default="")),
                ("generation", models.JSONField(null=True)),
                ("lease_expires_at", models.DateTimeField(null=True)),
                (
                    "app",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="apps.app"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace"
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at", "-id"),
                "abstract": False,
            },
            managers=[
                ("unscoped", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="EvaluationCase",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("query", models.TextField(blank=True, default="")),
                ("inputs", models.JSONField(default=dict)),
                ("expected", models.TextField(blank=True, default="")),
                ("expected_tools", models.JSONField(default=list)),
                ("expected_sources", models.JSONField(default=list)),
                ("note", models.TextField(blank=True, default="")),
                (
                    "run",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="runs.run"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace"
                    ),
                ),
                (
                    "test_set",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="cases",
                        to="evaluations.evaluationset",
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at", "-id"),
                "abstract": False,
            },
            managers=[
                ("unscoped", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="Evaluator",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("name", models.CharField(max_length=120)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("exact", "Exact"),
                            ("contains", "Contains"),
                            ("regex", "Regex"),
                            ("json_schema", "Json Schema"),
                            ("numeric", "Numeric"),
                            ("similarity", "Similarity"),
                            ("judge", "Judge"),
                            ("retrieval", "Retrieval"),
                            ("tool_calls", "Tool Calls"),
                            ("python", "Python"),
                        ],
                        max_length=16,
                    ),
                ),
                ("config", models.JSONField(default=dict)),
                ("pass_at", models.FloatField(default=0.5)),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace"
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at", "-id"),
                "abstract": False,
            },
            managers=[
                ("unscoped", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="Experiment",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("name", models.CharField(max_length=200)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("running", "Running"),
                            ("finished", "Finished"),
                            ("stopped", "Stopped"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="running",
                        max_length=10,
                    ),
                ),
                ("reason", models.TextField(blank=True, default="")),
                ("variants", models.JSONField()),
                ("evaluators", models.JSONField()),
                ("set_state", models.CharField(max_length=64)),
                ("at_once", models.PositiveSmallIntegerField(default=2)),
                ("budget_tokens", models.PositiveBigIntegerField(null=True)),
                ("budget_cost", models.DecimalField(decimal_places=8, max_digits=14, null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "app",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="apps.app"),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "test_set",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="evaluations.evaluationset",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace"
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at", "-id"),
                "abstract": False,
            },
            managers=[
                ("unscoped", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="ExperimentRow",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("number", models.PositiveIntegerField()),
                ("variant", models.PositiveSmallIntegerField()),
                ("case", models.JSONField()),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("running", "Running"),
                            ("scoring", "Scoring"),
                            ("succeeded", "Succeeded"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("answer", models.TextField(blank=True, default="")),
                ("outputs", models.JSONField(default=dict)),
                ("sources", models.JSONField(default=list)),
                ("tool_calls", models.JSONField(default=list)),
                ("error_code", models.CharField(blank=True, default="", max_length=60)),
                ("error_message", models.TextField(blank=True, default="")),
                ("scores", models.JSONField(default=list)),
                ("score", models.FloatField(null=True)),
                ("prompt_tokens", models.PositiveBigIntegerField(default=0)),
                ("completion_tokens", models.PositiveBigIntegerField(default=0)),
                ("cost", models.DecimalField(decimal_places=8, default=0, max_digits=14)),
                ("elapsed_ms", models.FloatField(null=True)),
                ("ttft_ms", models.FloatField(null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("lease_expires_at", models.DateTimeField(null=True)),
                (
                    "review",
                    models.CharField(
                        blank=True,
                        choices=[("accepted", "Accepted"), ("rejected", "Rejected")],
                        default="",
                        max_length=8,
                    ),
                ),
                ("review_score", models.FloatField(null=True)),
                ("review_note", models.TextField(blank=True, default="")),
                ("reviewed_at", models.DateTimeField(null=True)),
                (
                    "experiment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="rows", to="evaluations.experiment"
                    ),
                ),
                (
                    "reviewed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="runs.run"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace"
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at", "-id"),
                "abstract": False,
            },
            managers=[
                ("unscoped", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="PublishGate",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("is_on", models.BooleanField(default=True)),
                (
                    "app",
                    models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="apps.app"),
                ),
                ("evaluators", models.ManyToManyField(related_name="+", to="evaluations.evaluator")),
                (
                    "test_set",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.RESTRICT, related_name="+", to="evaluations.evaluationset"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace"
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at", "-id"),
                "abstract": False,
            },
            managers=[
                ("unscoped", django.db.models.manager.Manager()),
            ],
        ),
        migrations.AddConstraint(
            model_name="evaluationset",
            constraint=models.UniqueConstraint(fields=("workspace", "name"), name="evaluation_set_name_once"),
        ),
        migrations.AddIndex(
            model_name="evaluationcase",
            index=models.Index(fields=["test_set", "created_at", "id"], name="evaluation_case_of_set"),
        ),
        migrations.AddConstraint(
            model_name="evaluator",
            constraint=models.UniqueConstraint(fields=("workspace", "name"), name="evaluator_name_once"),
        ),
        migrations.AddIndex(
            model_name="experiment",
            index=models.Index(fields=["app", "-created_at"], name="experiment_of_app"),
        ),
        migrations.AddIndex(
            model_name="experiment",
            index=models.Index(
                condition=models.Q(("finished_at__isnull", True)), fields=["status"], name="experiment_unfinished"
            ),
        ),
        migrations.AddIndex(
            model_name="experimentrow",
            index=models.Index(fields=["experiment", "status", "number"], name="experiment_row_of_status"),
        ),
        migrations.AddIndex(
            model_name="experimentrow",
            index=models.Index(
                condition=models.Q(("status", "scoring")), fields=["status"], name="experiment_row_scoring"
            ),
        ),
        migrations.AddIndex(
            model_name="experimentrow",
            index=models.Index(
                condition=models.Q(("run__isnull", False)), fields=["run"], name="experiment_row_of_run"
            ),
        ),
        migrations.AddConstraint(
            model_name="experimentrow",
            constraint=models.UniqueConstraint(fields=("experiment", "number", "variant"), name="experiment_row_once"),
        ),
        # What is fixed is kept as it was written: jsonb sorts keys.
        migrations.RunSQL(
            "ALTER TABLE evaluations_evaluator ALTER COLUMN config TYPE json USING config::json",
            "ALTER TABLE evaluations_evaluator ALTER COLUMN config TYPE jsonb USING config::jsonb",
        ),
        migrations.RunSQL(
            "ALTER TABLE evaluations_experiment ALTER COLUMN variants TYPE json USING variants::json",
            "ALTER TABLE evaluations_experiment ALTER COLUMN variants TYPE jsonb USING variants::jsonb",
        ),
        migrations.RunSQL(
            "ALTER TABLE evaluations_experiment ALTER COLUMN evaluators TYPE json USING evaluators::json",
            "ALTER TABLE evaluations_experiment ALTER COLUMN evaluators TYPE jsonb USING evaluators::jsonb",
        ),
    ]
