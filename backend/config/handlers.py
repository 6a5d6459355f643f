"""Django twice: with a browser's middleware for the console, and without it for clients that bring a key."""

from django.conf import settings
from django.core.handlers.asgi import ASGIHandler


class ConsoleHandler(ASGIHandler):
    """All of `settings.MIDDLEWARE`: sessions, CSRF, users."""


class ServiceHandler(ASGIHandler):
    """The service API knows no cookies. Each of Django's own middlewares costs every request two changes of thread,
    which a request with a key would pay for nothing.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        """Build the chain from `settings.SERVICE_MIDDLEWARE`."""
        everything = settings.MIDDLEWARE
        settings.MIDDLEWARE = settings.SERVICE_MIDDLEWARE
        try:
            super().load_middleware(is_async)
        finally:
            settings.MIDDLEWARE = everything
