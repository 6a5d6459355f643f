"""The workspace that the tests of tenancy attack, as fixtures."""

from pathlib import Path
from typing import Any

import pytest

from tests.backend.world import World, world_create


@pytest.fixture(autouse=True)
def files_apart(settings: Any, tmp_path: Path) -> None:
    """Keep the attackers' uploads in a folder of their own."""
    settings.FILES_ROOT = tmp_path / "files"


@pytest.fixture
def world() -> World:
    """The workspace under attack."""
    return world_create()
