"""Runs also come from published pages."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('runs', '0005_sources'),
    ]

    operations = [
        migrations.AlterField(
            model_name='run',
            name='source',
            field=models.CharField(choices=[('console', 'Console'), ('service_api', 'Service Api'), ('openai', 'Openai'), ('batch', 'Batch'), ('assistant', 'Assistant'), ('published', 'Published')], max_length=16),
        ),
    ]
