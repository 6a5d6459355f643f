"""The ASGI entry point of the web process: the page's assets, the service API and the console, each by its path."""

import os

import django
from django.core.signals import request_started
from django.db import close_old_connections, reset_queries
from starlette.types import ASGIApp, Receive, Scope, Send

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.config.settings")
django.setup(set_prefix=False)

from backend.config.handlers import ConsoleHandler, ServiceHandler  # noqa: E402 -- settings must be ready
from backend.config.page import assets_application  # noqa: E402 -- as above
from backend.files.uploads import BodyLimit  # noqa: E402 -- as above

# At a request's start, both change threads to do nothing: connections go back to the pool when each piece of work ends.
request_started.disconnect(close_old_connections)
request_started.disconnect(reset_queries)

ASSETS = "/assets"
_assets = assets_application()
_service = BodyLimit(ServiceHandler())
_console = BodyLimit(ConsoleHandler())


def _application_for(path: str) -> ASGIApp:
    return _service if path.startswith("/v1/") else _console


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Pass a request for an asset to the files, and any other to Django."""
    if scope["type"] == "http" and scope["path"].startswith(f"{ASSETS}/"):
        await _assets({**scope, "root_path": scope.get("root_path", "") + ASSETS}, receive, send)
    else:
        await _application_for(scope["path"])(scope, receive, send)
