"""Workflows that ask a model: what it says in turn, and what it must have been asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agents.events import Body
from agents.types import Source
from inference.types import GenerateRequest
from tests.agents.fakes import FakeKnowledge, Reply, ScriptedModel, in_turn, ports_of
from tests.agents.nodes.cases import Case, run_case


@dataclass(frozen=True)
class SpokenCase:
    """A case with the replies of the model `scripted`, in turn.

    `can` is what the model can do (`ModelInfo`); each text of `asked` stands in the request of its turn.
    """

    case: Case
    replies: Sequence[Reply]
    can: Mapping[str, object] = field(default_factory=dict)
    asked: Sequence[str] = ()
    passages: tuple[Source, ...] = ()

    def model(self, model_id: str = "scripted") -> ScriptedModel:
        """Return the model."""
        return ScriptedModel(in_turn(*self.replies), **{"id": model_id, "supports_tools": False, **self.can})

    def check(self, requests: Sequence[GenerateRequest]) -> None:
        """Compare what the model was asked with what it must have been asked."""
        assert len(requests) == len(self.replies), [request.messages for request in requests]
        for request, text in zip(requests, self.asked, strict=False):
            told = "\n".join(message.content for message in request.messages)
            assert text in told, told


async def run_spoken(spoken: SpokenCase) -> tuple[list[Body], ScriptedModel]:
    """Run the case on the engine."""
    model = spoken.model()
    bodies = await run_case(spoken.case, ports_of(model, knowledge=FakeKnowledge(spoken.passages)))
    spoken.check(model.requests)
    return bodies, model
