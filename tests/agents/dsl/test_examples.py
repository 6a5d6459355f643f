"""Real exported apps, read where they lie beside the checkout: every one imports, says what became of it, and runs."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import yaml

from agents.dsl.document import document_read
from agents.dsl.exporting import Exported, export_app, to_yaml
from agents.dsl.importing import MODES, Imported, import_app
from agents.sandbox.pool import SandboxPool
from agents.types import JsonValue
from tests.agents.dsl.files import ALONE, Object
from tests.agents.dsl.running import ended

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "dify-dsl-examples"
FILES = sorted(FOLDER.glob("*.yml"))
NUMBERS = range(46)
pytestmark = pytest.mark.shared_data

SAYS = {
    24: '```json\n[{"chapter": "1", "title": "One", "contents": ["a", "b"]}]\n```',
    27: '{"banner": "a", "top": "b", "bottom": "c", "summary": "d"}',
    43: '{"banner": "a", "top": "b", "bottom": "c"}',
}
"""What the model says where an app reads its answer as JSON of its own shape."""
LACKING = {
    0: "there is no tool 'hjlarry/small_pay/small_pay/create_order'",
    1: "there is no tool 'aws/lambda_yaml_to_json'",
    4: "there is no workflow",
    11: "No module named 'jieba'",
    21: "there is no tool 'google_translate/translate'",
    23: "No module named 'pandas'",
    30: "there is no tool 'hexinfo_db_query/sql_query'",
    31: "No module named 'requests'",
    34: "there is no tool 'duckduckgo/ddgo_translate'",
    35: "No module named 'pandas'",
    37: "No module named 'json_repair'",
    40: "No module named 'requests'",
    44: "No module named 'matplotlib'",
}
"""Apps that need more than is built in, and how their run says so; their reports say it before."""
OTHERWISE = {36: ("is no address", "list index out of range")}
"""An app that reads what another search service gives; which of its branches fails first differs."""


def content(number: int) -> str:
    if not FILES:
        pytest.skip("the example apps beside the checkout are absent")
    return FILES[number].read_text(encoding="utf-8")


def loaded(number: int) -> Object:
    """Return the file as another reader has it."""
    found: Object = yaml.safe_load(content(number))
    return found


def imported(number: int) -> Imported:
    return import_app(document_read(content(number)), ALONE)


def counted(value: JsonValue, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield what a file names, found by looks alone: models, tools and datasets, wherever they stand."""
    if isinstance(value, list):
        for item in value:
            if key == "dataset_ids":
                yield "dataset", str(item)
            yield from counted(item)
    if not isinstance(value, dict):
        return
    name = value.get("name") or value.get("model")
    if value.get("provider") and isinstance(name, str) and name:
        yield "model", f"{value['provider']}/{name}"
    if value.get("embedding_model_name"):
        yield "model", f"{value['embedding_provider_name']}/{value['embedding_model_name']}"
    if value.get("tool_name"):
        yield "tool", f"{value.get('provider_id') or value.get('provider_name')}/{value['tool_name']}"
    for inner, item in value.items():
        yield from counted(item, inner)


def test_there_are_as_many_examples_as_these_tests_know() -> None:
    content(0)
    assert len(FILES) == len(NUMBERS)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_file_is_read_as_another_reader_reads_it(number: int) -> None:
    assert document_read(content(number)) == loaded(number)


def objects_at(value: JsonValue, *path: str) -> list[Object]:
    """Return the objects of the list at a path; an absent one has none."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


@pytest.mark.parametrize("number", NUMBERS)
def test_the_report_counts_what_the_file_counts(number: int) -> None:
    file, found = loaded(number), imported(number)
    app, workflow = file["app"], file["workflow"]
    assert isinstance(app, dict) and found.mode == MODES[str(app["mode"])]
    nodes = objects_at(workflow, "graph", "nodes")
    assert [line.id for line in found.report.of("node")] == [item["id"] for item in nodes]
    starts = [item for item in nodes if isinstance(data := item["data"], dict) and data["type"] == "start"]
    inputs = [f"{item['id']}.{asked['variable']}" for item in starts for asked in objects_at(item, "data", "variables")]
    for name, prefix in (("environment_variables", "env"), ("conversation_variables", "conversation")):
        inputs += [f"{prefix}.{item['name']}" for item in objects_at(workflow, name)]
    assert sorted(line.id for line in found.report.of("variable")) == sorted(inputs)
    named = set(counted(workflow))
    for kind in ("model", "tool", "dataset"):
        lines = [line.id for line in found.report.lines if line.kind == kind]
        assert sorted(lines) == sorted(thing for what, thing in named if what == kind)


@pytest.mark.parametrize("number", NUMBERS)
def test_what_does_not_run_as_it_did_has_a_reason(number: int) -> None:
    for line in imported(number).report.lines:
        assert line.reason or line.outcome == "mapped", line


@pytest.mark.parametrize("number", NUMBERS)
def test_our_own_export_imports_again_unchanged(number: int) -> None:
    found = imported(number)
    exported = Exported(found.name, found.mode, found.description, found.icon, found.draft, found.extras)
    again = import_app(document_read(to_yaml(export_app(exported))), ALONE)
    assert again.draft == found.draft
    assert (again.name, again.description, again.icon, again.extras) == (
        found.name,
        found.description,
        found.icon,
        found.extras,
    )


@pytest.mark.parametrize("number", NUMBERS)
def test_an_export_has_every_key_of_the_file(number: int) -> None:
    found = imported(number)
    exported = Exported(found.name, found.mode, found.description, found.icon, found.draft, found.extras)
    assert not list(lost(loaded(number), export_app(exported)))


def lost(file: JsonValue, again: JsonValue, path: str = "") -> Iterator[str]:
    """Yield the keys of a file that an export has not; what an agent's tools are listed as has another order."""
    if isinstance(file, dict) and isinstance(again, dict):
        for key, value in file.items():
            if key not in again:
                yield f"{path}.{key}"
            else:
                yield from lost(value, again[key], f"{path}.{key}")
    elif isinstance(file, list) and isinstance(again, list) and not path.endswith(".tools.value"):
        if len(file) > len(again):
            yield f"{path}: {len(file)} > {len(again)}"
        for index, (value, other) in enumerate(zip(file, again, strict=False)):
            yield from lost(value, other, f"{path}.{index}")


@pytest.fixture(scope="module")
def whole_pool() -> SandboxPool:
    return SandboxPool()


@pytest.fixture
async def pool(whole_pool: SandboxPool) -> AsyncIterator[SandboxPool]:
    assert whole_pool.reason_off == ""
    yield whole_pool
    await whole_pool.aclose()


@pytest.mark.parametrize("number", NUMBERS)
async def test_an_app_runs_to_its_end_or_says_what_it_lacks(number: int, pool: SandboxPool) -> None:
    found = imported(number)
    end = await ended(found, pool, SAYS.get(number, "An answer."))
    if number in LACKING:
        assert LACKING[number] in end.problem
        reasons = [line.reason for line in found.report.lines if line.outcome == "unsupported"]
        assert reasons, "the report says it before the run does"
    elif number in OTHERWISE:
        assert any(text in end.problem for text in OTHERWISE[number])
        assert any(line.outcome == "degraded" for line in found.report.of("tool"))
    else:
        assert end.problem == ""
        assert end.outputs is not None and json.dumps(dict(end.outputs))
