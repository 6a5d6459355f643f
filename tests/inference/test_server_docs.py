"""The page about requests names every field that the server reads, and no other."""

import re
from pathlib import Path

import pytest
from pydantic import AliasChoices

from inference.server.schemas import ChatBody, CompletionBody, EmbeddingBody, RerankBody, TokenizeBody
from inference.server.wire import Wire
from tests.inference.serving import ROOT

PAGE = (ROOT / Path("docs/inference-server.md")).read_text()
BODIES: list[type[Wire]] = [ChatBody, CompletionBody, EmbeddingBody, RerankBody, TokenizeBody]


def names(body: type[Wire]) -> set[str]:
    found: set[str] = set()
    for name, field in body.model_fields.items():
        alias = field.validation_alias
        found |= {str(choice) for choice in alias.choices} if isinstance(alias, AliasChoices) else {name}
    return found


@pytest.mark.parametrize("body", BODIES)
def test_every_field_is_on_the_page(body: type[Wire]) -> None:
    assert {name for name in names(body) if f"`{name}`" not in PAGE} == set()


def test_every_field_of_the_tables_is_read() -> None:
    rows = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `")]
    listed = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert len(listed) > 30
    assert listed - {name for body in BODIES for name in names(body)} == set()
