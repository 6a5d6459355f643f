"""Runs also come from experiments."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('runs', '0007_search'),
    ]

    operations = [
        migrations.AlterField(
            model_name='run',
            name='source',
            field=models.CharField(choices=[('console', 'Console'), ('service_api', 'Service Api'), ('openai', 'Openai'), ('batch', 'Batch'), ('assistant', 'Assistant'), ('published', 'Published'), ('evaluation', 'Evaluation')], max_length=16),
        ),
    ]
