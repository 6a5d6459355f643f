"""Pictures that a model looks at: from the question or a variable, and those that it cannot see."""

import pytest

from agents.errors import FileMissing, ImagesUnsupported
from agents.events import RunFailed
from agents.types import FileRef, JsonValue, RunSpec
from agents.workflow.execute import run_graph
from agents.workflow.preflight import check_run
from agents.workflow.scope import file_value
from tests.agents.fakes import (
    FakeFiles,
    ScriptedModel,
    always,
    node,
    ports_of,
    spec_of,
)
from tests.agents.nodes.llm_graphs import CAT, MODEL, NOTES, ask, prompt


def seeing(selector: list[JsonValue] | None = None, **more: object) -> RunSpec:
    configs: dict[str, JsonValue] = (
        {"detail": "low"} if selector is None else {"detail": "low", "variable_selector": selector}
    )
    vision: JsonValue = {"enabled": True, "configs": configs}
    nodes = [
        node("start", "start", {"variables": [{"variable": "pics", "type": "file-list"}]}),
        node("llm", "llm", {"model": MODEL, "prompt_template": prompt(("user", "Look")), "vision": vision}),
    ]
    return spec_of(nodes, ["start > llm"], mode="chatflow", **more)


PICTURE = "data:image/png;base64,YWJj"


async def test_images_come_from_the_question_or_from_a_variable() -> None:
    files = FakeFiles({"f1": b"abc", "f2": b"xyz"})
    asked = await ask(seeing(files=(CAT, NOTES)), files=files, supports_images=True)
    assert [image.url for image in asked.messages[-1].images] == [PICTURE]
    pics: list[JsonValue] = [file_value(ref.id, ref.name, ref.mime_type, ref.size_bytes) for ref in (CAT, NOTES)]
    for value in (pics, pics[0]):
        asked = await ask(
            seeing(["start", "pics"], inputs={"pics": value}), files=_Finding(files.contents), supports_images=True
        )
        assert [image.url for image in asked.messages[-1].images] == [PICTURE]
    nothing = await ask(seeing(["start", "pics"], inputs={"pics": None}), supports_images=False)
    assert nothing.messages[-1].images == ()


class _Finding(FakeFiles):
    async def find(self, file_id: str) -> FileRef:
        return {"f1": CAT, "f2": NOTES}[file_id]


class _Losing(FakeFiles):
    async def find(self, file_id: str) -> FileRef:
        raise FileNotFoundError(file_id)


async def test_an_image_that_cannot_be_seen_is_an_error_that_says_so() -> None:
    value: JsonValue = [file_value(CAT.id, CAT.name, CAT.mime_type, 3)]
    blind = ports_of(ScriptedModel(always("ok")), files=_Finding({"f1": b"abc"}))
    with pytest.raises(ImagesUnsupported, match=r"'cat\.png' is one"):
        await check_run(seeing(files=(CAT,)), blind)
    spec = seeing(["start", "pics"], inputs={"pics": value})
    last = [body async for body in run_graph(spec, blind)][-1]
    assert isinstance(last, RunFailed) and last.code == "images_unsupported"
    lost = ports_of(ScriptedModel(always("ok"), supports_images=True), files=_Losing())
    last = [body async for body in run_graph(spec, lost)][-1]
    assert isinstance(last, RunFailed) and last.code == FileMissing.code and "cat.png" in last.message
