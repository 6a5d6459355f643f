"""Engines whose packages are not here say so, and what to do."""

from pathlib import Path

import pytest

from inference.config import ModelConfig
from inference.engines.ctranslate2 import create as create_ctranslate2
from inference.engines.extras import extra_modules
from inference.engines.transformers import create as create_transformers
from inference.errors import EngineMissingError


def test_a_missing_package_is_named_with_the_command_that_brings_it() -> None:
    with pytest.raises(EngineMissingError, match=r"'transformers' is not installed.*engines install transformers"):
        extra_modules("transformers", "no_such_module_anywhere")


@pytest.mark.parametrize("create", [create_transformers, create_ctranslate2])
def test_an_engine_without_its_packages_does_not_load(create: object) -> None:
    assert callable(create)
    with pytest.raises(EngineMissingError):
        create(ModelConfig("m", "chat", Path("nowhere")))


def test_a_missing_engine_is_no_reason_to_try_again() -> None:
    assert not EngineMissingError.retryable
