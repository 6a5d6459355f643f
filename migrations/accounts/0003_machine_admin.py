"""Who cares for the machine: on an installation that has users, the owner who came first."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def first_owner_chosen(apps: StateApps, _editor: BaseDatabaseSchemaEditor) -> None:
    """Give it to the account of the set-up: the owner that was made first."""
    users = apps.get_model("accounts", "User").objects
    owners = apps.get_model("accounts", "Membership")._base_manager.filter(role="owner", user__is_active=True)
    first = owners.order_by("user__created_at", "user_id").values_list("user_id", flat=True).first()
    users.filter(id=first).update(is_machine_admin=True)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="is_machine_admin",
            field=models.BooleanField(default=False),
        ),
        migrations.RunPython(first_owner_chosen, migrations.RunPython.noop),
    ]
