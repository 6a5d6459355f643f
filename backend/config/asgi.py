"""The ASGI entry point of the web process: the page's assets beside Django."""

import os

from django.core.asgi import get_asgi_application
from starlette.types import Receive, Scope, Send

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.config.settings")
_ready = get_asgi_application()

from backend.config.page import assets_application  # noqa: E402 -- settings must be ready
from backend.files.uploads import BodyLimit  # noqa: E402 -- as above

_django = BodyLimit(_ready)

_assets = assets_application()
ASSETS = "/assets"


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Pass a request for an asset to the files, and any other to Django."""
    if scope["type"] == "http" and scope["path"].startswith(f"{ASSETS}/"):
        await _assets({**scope, "root_path": scope.get("root_path", "") + ASSETS}, receive, send)
    else:
        await _django(scope, receive, send)
