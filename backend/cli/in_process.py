"""Django in the process of a verb, on the stores of the platform that runs in a home."""

import os

from backend.cli.errors import CommandError
from backend.embedded.environment import addresses, environment
from backend.embedded.home import Home
from backend.embedded.state import PlatformState, state_running


def django_ready(home: Home) -> PlatformState:
    """Set Django up and return where the platform listens; raises CommandError when nothing runs."""
    state = state_running(home)
    if state is None:
        raise CommandError(f"no platform is running in {str(home.root)!r}: `./atelier up --detach` starts it")
    where = addresses(home, state.host, state.port, {"DATABASE_URL": state.database_url, "REDIS_URL": state.redis_url})
    os.environ.update(environment(home, where))
    import django

    django.setup()
    return state
