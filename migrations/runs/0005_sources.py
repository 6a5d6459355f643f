"""Runs also come from tables of inputs, and from whoever has a prompt written."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('runs', '0004_ordered'),
    ]

    operations = [
        migrations.AlterField(
            model_name='run',
            name='source',
            field=models.CharField(choices=[('console', 'Console'), ('service_api', 'Service Api'), ('openai', 'Openai'), ('batch', 'Batch'), ('assistant', 'Assistant')], max_length=16),
        ),
    ]
