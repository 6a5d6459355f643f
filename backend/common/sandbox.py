"""The sandboxes of this process, in which users' code runs; the installation may have packages for it."""

from functools import cache
from pathlib import Path

from django.conf import settings

from agents.ports import CodeRunner
from agents.sandbox.pool import SandboxPool

PACKAGES = "sandbox"
"""A virtual environment below the home: what it has, code may import."""


@cache
def code_runner() -> CodeRunner:
    """Return the one pool of this process; its sandboxes die with the thread of their event loop."""
    return SandboxPool(Path(settings.ENVIRONMENT.home) / PACKAGES)
