"""Registers the wiring: once Django's models are loaded, libraries and apps are joined."""

from django.apps import AppConfig
from django.utils.module_loading import import_string


class WiringConfig(AppConfig):
    """Joins the parts when a process starts."""

    name = "backend.config"
    label = "atelier_config"

    def ready(self) -> None:
        """Wire once. The wiring is named, not imported above: its imports need the models that are loaded by now."""
        import_string("backend.config.wiring.wire")()
