"""`admin create`, `admin machine` and `token create`: the services of the running platform, called in this process."""

import sys
from importlib import import_module
from types import ModuleType

from backend.cli.errors import CommandError
from backend.cli.in_process import django_ready
from backend.cli.screen import say
from backend.common.errors import ApiError
from backend.embedded.home import Home


def _services(home: Home) -> ModuleType:
    """The accounts services on the home's running database; raises CommandError when nothing runs."""
    django_ready(home)
    # Models can only be imported once Django knows its settings, which name this very home.
    return import_module("backend.accounts.services")


def admin_create(home: Home, *, email: str, password: str, workspace: str, reset_password: bool) -> None:
    """Make the user owner of the workspace; a known e-mail is an error unless its password is to be reset."""
    services = _services(home)
    try:
        services.account_create_admin(
            email=email, password=password, workspace_name=workspace, reset_password=reset_password
        )
    except ApiError as error:
        raise CommandError(error.message) from error
    say(f"{email} is owner of the workspace {workspace!r}.")


def machine_admin(home: Home, *, email: str, is_taken: bool) -> None:
    """Let the user care for the machine's models, or no more."""
    services = _services(home)
    try:
        services.machine_admin_set(email=email, is_machine_admin=not is_taken)
    except ApiError as error:
        raise CommandError(error.message) from error
    say(f"{email} {'no longer administers' if is_taken else 'administers'} this machine.")


def token_create(home: Home, *, email: str, workspace: str | None, name: str) -> None:
    """Print a new token, alone on stdout; it is shown this once."""
    services = _services(home)
    try:
        token = services.token_create(email=email, workspace_name=workspace, name=name)
    except ApiError as error:
        raise CommandError(error.message) from error
    say("Keep this token, it is not shown again:")
    print(token, file=sys.stdout, flush=True)
