"""An index for the runs that people liked or did not."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_initial'),
        ('logs', '0003_graphs'),
        ('runs', '0006_published_source'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name='feedback',
            index=models.Index(fields=['workspace', 'rating', 'run'], name='feedback_of_rating'),
        ),
    ]
