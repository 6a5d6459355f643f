"""The model learns what the platform sends: the layouts are those of `rag` and `agents`, word for word."""

import pytest

from agents.loop.prompt import Prompt, TemplateMessage
from agents.loop.react import FORMAT, ReAct
from agents.tools.builtin.calculator import Calculator
from agents.tools.builtin.current_time import CurrentTime
from agents.tools.builtin.knowledge_search import KnowledgeSearch
from agents.tools.spec import ToolType
from agents.workflow.expressions import Scope
from inference.starter import formats
from inference.starter.built_in import CALCULATOR, CURRENT_TIME, KNOWLEDGE_SEARCH
from inference.types import ToolSpec
from rag.retrieve.pack import passage_line

TEXTS = ["Cats  purr,\nsay [3] and [1, 2].", "Собаки лают.", "猫会打呼噜。"]


def test_passages_stand_as_rag_packs_them() -> None:
    packed = "\n".join(passage_line(number, text) for number, text in enumerate(TEXTS, start=1))
    assert formats.passages_text(TEXTS) == packed


@pytest.mark.parametrize("prompt", ["Be brief.", ""])
def test_an_app_with_knowledge_is_sent_as_agents_send_it(prompt: str) -> None:
    text = formats.passages_text(TEXTS)
    template = (TemplateMessage("system", prompt, is_final=True),)
    asked = Prompt(template, Scope({}), query="Do cats purr?", context=lambda _count: text)
    system, user = asked.messages([], passages=3)
    assert system.content == formats.grounded_system(prompt, TEXTS)
    assert user.content == "Do cats purr?"


@pytest.mark.parametrize(
    ("tool", "ours"), [(Calculator, CALCULATOR), (CurrentTime, CURRENT_TIME), (KnowledgeSearch, KNOWLEDGE_SEARCH)]
)
def test_built_in_tools_are_those_of_the_platform(tool: type[ToolType], ours: ToolSpec) -> None:
    assert (tool.name, tool.description, dict(tool.parameters)) == (ours.name, ours.description, dict(ours.parameters))


def test_a_react_agent_is_asked_as_agents_ask_it() -> None:
    tools = (CALCULATOR, CURRENT_TIME)
    assert formats.REACT_FORMAT == FORMAT
    assert formats.react_system("Be brief.", tools) == f"Be brief.\n\n{ReAct().addition(tools)}"
    assert formats.react_system("", tools) == ReAct().addition(tools)
    assert ReAct().prefix("It is 4.") == formats.REACT_KNOWN + "It is 4."
