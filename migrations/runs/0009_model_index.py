"""An index for the runs of one model."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('runs', '0008_evaluation_source'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='run',
            index=models.Index(fields=['workspace', 'model', '-created_at', '-id'], name='run_of_model'),
        ),
    ]
