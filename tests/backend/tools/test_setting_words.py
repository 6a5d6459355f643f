"""What an author can set for a tool is named by the page in the reader's language, for every tool that is built in."""

import json
from collections.abc import Iterator
from pathlib import Path

from agents.tools.catalogue import TOOLS

CATALOGUE = Path(__file__).parents[3] / "frontend/src/shared/i18n/locales/en/tools.json"


def schemas_of_settings() -> Iterator[tuple[str, dict[str, object]]]:
    for tool in TOOLS.values():
        yield from tool.config_type.model_json_schema().get("properties", {}).items()


def test_every_setting_of_a_tool_has_its_words() -> None:
    words = json.loads(CATALOGUE.read_text())
    names = {name for name, _ in schemas_of_settings()}
    assert "hosts" in names
    assert names == set(words["settings"])
    assert set(words["settingHints"]) <= names
