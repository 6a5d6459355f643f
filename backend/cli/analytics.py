"""`analytics rebuild`: the roll-ups counted anew on the running platform's database."""

from importlib import import_module

from backend.cli.in_process import django_ready
from backend.cli.screen import say
from backend.embedded.home import Home


def analytics_rebuild(home: Home) -> None:
    """Count every day again for which there are runs."""
    django_ready(home)
    # Models can only be imported once Django knows its settings, which name this very home.
    services = import_module("backend.analytics.services")
    days = services.rebuild(say)
    say(f"Counted {days} days anew.")
