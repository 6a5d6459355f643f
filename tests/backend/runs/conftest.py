"""Every test has an event loop of its own: its Redis connections end with it."""

from collections.abc import AsyncIterator, Callable
from decimal import Decimal

import pytest

from agents.ports import Ports
from backend.common.redis import redis_async_close
from backend.runs.ports import COST_OF, RUN_PORTS
from tests.agents.fakes import FakeFiles, FakeKnowledge, FakeModels, Script, ScriptedModel


@pytest.fixture(autouse=True)
async def _close_redis() -> AsyncIterator[None]:
    yield
    await redis_async_close()


@pytest.fixture
def model_says(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ScriptedModel]:
    """Make the only model of all runs say what a script says."""

    def install(script: Script, **info: object) -> ScriptedModel:
        model = ScriptedModel(script, **info)
        ports = Ports(models=FakeModels({"m": model}), knowledge=FakeKnowledge(), files=FakeFiles())
        monkeypatch.setattr(RUN_PORTS, "_value", lambda spec: ports)
        monkeypatch.setattr(COST_OF, "_value", lambda scope, model_id, p, c: Decimal(p + 10 * c))
        return model

    return install
