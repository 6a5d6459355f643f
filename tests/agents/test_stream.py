"""A model's stream is closed however its reader leaves."""

from agents.loop.stream import opened
from inference.types import GenerateRequest, Message
from tests.agents.fakes import ScriptedModel, always


async def test_a_reader_that_leaves_early_stops_the_model_before_it_goes_on() -> None:
    model = ScriptedModel(always("one two three"))
    async with opened(model, GenerateRequest("m", (Message("user", "count"),))) as stream:
        async for _ in stream:
            break
        assert model.open_streams == 1
    assert model.open_streams == 0 and model.closed_early == 1 and model.generated == ["one"]
    assert stream is not None
