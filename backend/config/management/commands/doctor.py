"""`python -m django doctor`: says which runs, documents and evaluations are stuck; exits 1 when there are any."""

from django.core.management.base import BaseCommand, CommandError

from backend.datasets.evaluations import evaluations_stuck
from backend.datasets.selectors import documents_stuck
from backend.runs.selectors import runs_stuck

SHOWN = 20


class Command(BaseCommand):
    """Checks that whatever is unfinished is in somebody's hands."""

    help = "Lists runs, documents and evaluations that are unfinished and that nobody has worked on for two leases."
    requires_system_checks: list[str] = []

    def handle(self, *args: object, **options: object) -> None:
        """Print a line for every stuck row; raises `CommandError` when there is one."""
        stuck = 0
        unfinished = (("run", runs_stuck()), ("document", documents_stuck()), ("evaluation", evaluations_stuck()))
        for noun, rows in unfinished:
            count = rows.count()
            stuck += count
            for row in rows.order_by("created_at")[:SHOWN]:
                self.stdout.write(
                    f"{noun} {row.id} is {row.status}, its lease ended at {row.lease_expires_at or 'no time'}"
                )
            if count > SHOWN:
                self.stdout.write(f"… and {count - SHOWN} more of {noun}s")
        if stuck:
            raise CommandError(
                f"{stuck} unfinished rows are in nobody's hands: see that beat, worker-runs and worker-jobs run "
                "(`./atelier status`)"
            )
        self.stdout.write("no run, document or evaluation is stuck")
