"""Of many tools, those that fit the question."""

import pytest

from agents.loop.selection import MAX_OFFERED, offered_tools
from inference.types import ToolSpec

FILLERS = [ToolSpec(f"filler_{index}", "Does nothing that anybody asks for", {}) for index in range(30)]
TOOLS = [
    *FILLERS,
    ToolSpec("weather_forecast", "Tells how warm it will be", {"properties": {"city": {"type": "string"}}}),
    ToolSpec("sendInvoice", "Bills a customer", {"properties": {"amount": {}}}),
    ToolSpec("查天气", "查询城市的天气", {}),
    ToolSpec("переводчик", "Переводит тексты на русский язык", {}),
]


def names(question: str, called: tuple[str, ...] = (), most: int = 3) -> list[str]:
    return [tool.name for tool in offered_tools(TOOLS, question, called, most=most)]


@pytest.mark.parametrize(
    ("question", "tool"),
    [
        ("What are the forecasts for Oslo?", "weather_forecast"),
        ("Please send the invoice", "sendInvoice"),
        ("which amount is due?", "sendInvoice"),
        ("北京的天气怎么样?", "查天气"),
        ("Какой язык?", "переводчик"),
    ],
)
def test_the_best_tool_is_offered(question: str, tool: str) -> None:
    assert tool in names(question, most=1)


def test_the_order_is_kept_and_called_tools_stay() -> None:
    chosen = names("invoice forecast", ("filler_29", "gone"))
    assert chosen == [tool.name for tool in TOOLS if tool.name in chosen]
    assert "filler_29" in chosen and len(chosen) == 4
    assert names("", most=2) == ["filler_0", "filler_1"], "where nothing fits, the first"


def test_few_tools_are_all_offered() -> None:
    assert offered_tools(TOOLS[:MAX_OFFERED], "x") == tuple(TOOLS[:MAX_OFFERED])
    assert len(offered_tools(TOOLS, "x")) == MAX_OFFERED
