"""What models took that judged an answer."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("evaluations", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="experimentrow",
            name="judge_prompt_tokens",
            field=models.PositiveBigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="experimentrow",
            name="judge_completion_tokens",
            field=models.PositiveBigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="experimentrow",
            name="judge_cost",
            field=models.DecimalField(db_default=0, decimal_places=8, default=0, max_digits=14),
        ),
        migrations.AddField(
            model_name="experimentrow",
            name="judged_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="experimentrow",
            index=models.Index(
                condition=models.Q(("judge_prompt_tokens__gt", 0)),
                fields=["workspace", "judged_at"],
                name="experiment_row_judged",
            ),
        ),
    ]
