"""Registers the wiring: once Django's models are loaded, libraries and apps are joined."""

from django.apps import AppConfig

from backend.config import wiring


class WiringConfig(AppConfig):
    """Joins the parts when a process starts."""

    name = "backend.config"
    label = "atelier_config"

    def ready(self) -> None:
        """Wire once, after every app's models are there."""
        wiring.wire()
