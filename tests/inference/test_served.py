"""What a name on the wire stands for: with a default adapter, the model's own name means the model with it."""

from dataclasses import replace
from pathlib import Path

import pytest

from inference.config import ModelConfig
from inference.errors import UnknownModelError
from inference.server.served import find
from inference.types import GenerateRequest
from tests.inference.scripted import registry_of

NOWHERE = Path("nowhere")
TAUGHT = ModelConfig(
    id="small", kind="chat", path=NOWHERE, engine="fake", adapters=(("skills", NOWHERE), ("poet", NOWHERE)),
    default_adapter="skills",
)  # fmt: skip


def test_the_names_of_a_model_say_which_adapter_each_means() -> None:
    assert TAUGHT.names == {"small": "skills", "small-base": None, "poet": "poet"}
    assert replace(TAUGHT, default_adapter=None).names == {"small": None, "skills": "skills", "poet": "poet"}


@pytest.mark.parametrize(("name", "adapter"), [("small", "skills"), ("small-base", None), ("poet", "poet")])
async def test_a_name_finds_the_model_with_its_adapter(name: str, adapter: str | None) -> None:
    async with registry_of(TAUGHT) as registry:
        asked = find(registry, name).request(GenerateRequest(name, prompt="x"))
    assert (asked.model, asked.adapter) == ("small", adapter)


async def test_the_name_without_an_adapter_is_there_only_where_one_is_applied_by_default() -> None:
    async with registry_of(replace(TAUGHT, default_adapter=None)) as registry:
        with pytest.raises(UnknownModelError):
            find(registry, "small-base")
