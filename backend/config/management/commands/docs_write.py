"""`python -m django docs_write`: writes docs/reference and the web page's event types from the code."""

from django.core.management.base import BaseCommand

from backend.config.reference.pages import FOLDER, pages_write


class Command(BaseCommand):
    """Asks neither the database nor any server: everything is read from the code."""

    help = "Writes docs/reference, and the event types of the web page, from the code that they describe."
    requires_system_checks: list[str] = []

    def handle(self, *args: object, **options: object) -> None:
        """Write, and say what changed."""
        for path in pages_write():
            self.stdout.write(f"written: {path.relative_to(FOLDER.parents[1])}")
