"""`rotate_encryption_key`: encrypts every stored secret anew with the first of the installation's keys."""

from django.core.management.base import BaseCommand, CommandError

from backend.alerts.services import alert_secrets_rotate
from backend.apps.services.rotation import app_secrets_rotate
from backend.providers.services import provider_secrets_rotate
from backend.tools.services import credentials_rotate


class Command(BaseCommand):
    """Run it after a new key was put before the old one in `encryption_key`; then the old one can go."""

    help = "encrypt stored secrets with the first key of encryption_key (new,old in secrets.json)"

    def handle(self, *args: object, **options: object) -> None:
        """Rotate, and say what could not be read."""
        done = (provider_secrets_rotate(), credentials_rotate(), app_secrets_rotate(), alert_secrets_rotate())
        self.stdout.write(f"{sum(item.rotated for item in done)} secrets are encrypted with the first key now")
        unreadable = [name for item in done for name in item.unreadable]
        if unreadable:
            raise CommandError(
                f"{len(unreadable)} secrets were stored under a key that is not in encryption_key; "
                f"enter them again: {', '.join(unreadable)}"
            )
