"""R32: nothing gets out of the sandbox, as root or as an ordinary user; and each guard is what holds it."""

import asyncio
import functools
import json
import os

import pytest

from tests.agents.sandbox.corpus import ATTEMPTS
from tests.agents.sandbox.ordinary import as_ordinary_user
from tests.agents.sandbox.trying import attempts, tried_all

USERS = ("root", "ordinary") if os.geteuid() == 0 else ("ordinary",)
TRIED = [(user, attempt.name) for user in USERS for attempt in attempts(user)]


@functools.cache
def outcomes(user: str) -> dict[str, dict[str, str]]:
    if user == "ordinary" and os.geteuid() == 0:
        found: dict[str, dict[str, str]] = json.loads(as_ordinary_user("tests.agents.sandbox.trying"))
        return found
    return asyncio.run(tried_all(user))


@pytest.mark.parametrize(("user", "name"), TRIED)
def test_r32_nobody_gets_out(user: str, name: str) -> None:
    assert outcomes(user)[name]["guarded"] == "held"


@pytest.mark.parametrize(("user", "name"), TRIED)
def test_r32_without_its_guard_the_attempt_gets_out(user: str, name: str) -> None:
    assert outcomes(user)[name]["unguarded"] == "out"


def test_r32_the_corpus_has_many_ways_out_for_either_user() -> None:
    assert len({attempt.name for attempt in ATTEMPTS}) == len(ATTEMPTS)
    assert all(len(attempts(user)) >= 30 for user in ("root", "ordinary"))
