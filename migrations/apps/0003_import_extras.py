from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('apps', '0002_graphs'),
    ]

    operations = [
        migrations.AddField(
            model_name='app',
            name='import_extras',
            field=models.JSONField(default=dict),
        ),
    ]
