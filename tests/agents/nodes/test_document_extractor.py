"""document-extractor: the text of one file and of several, and files that are not there or cannot be read."""

import pytest

from agents.types import JsonValue
from tests.agents.nodes.cases import Case, SavedNode, end, run_case, saved_node, selector, start, with_keys

FILES = {"a.txt": b"The first document.", "b.md": b"The second document.", "c.bin": b"\x00\x01\x02"}
TYPES = {"file": "file", "files": "file-list", "word": "text-input", "data": "json_object"}
EDGES = ["start > read", "read > end"]


def reading(path: str = "start.file", **config: JsonValue) -> SavedNode:
    return saved_node("read", "document-extractor", {"variable_selector": selector(path), **config})


def uploaded(name: str) -> JsonValue:
    return {"transfer_method": "local_file", "upload_file_id": name, "type": "document"}


def case(name: str, node: SavedNode, inputs: dict[str, JsonValue], text: JsonValue = None, **more: str) -> Case:
    nodes = [start(**TYPES), node, end(text="read.text")]
    return Case(name, nodes, EDGES, inputs, None if more else {"text": text}, files=FILES, **more)  # type: ignore[arg-type]  # error and says


BOTH: dict[str, JsonValue] = {"files": [uploaded("a.txt"), uploaded("b.md")]}
TEXTS: list[JsonValue] = ["The first document.", "The second document."]
CASES = [
    case("the text of a file", reading(), {"file": uploaded("a.txt")}, "The first document."),
    case("the texts of several files", reading("start.files", is_array_file=True), BOTH, TEXTS),
    case("one of several files", reading("start.files.1"), BOTH, "The second document."),
    case("no files have no texts", reading("start.files", is_array_file=True), {"files": []}, []),
    Case(
        "each file of an iteration",
        [
            start(**TYPES),
            saved_node(
                "each",
                "iteration",
                {"iterator_selector": selector("start.files"), "output_selector": selector("read.text")},
            ),
            saved_node("begin", "iteration-start", parent="each"),
            {**reading("each.item"), "parentId": "each"},
            end(text="each.output"),
        ],
        ["start > each", "begin > read", "each > end"],
        BOTH,
        {"text": TEXTS},
        files=FILES,
    ),
    case("no file at all", reading(), {}, error="file_not_found", says="there is no file at 'start.file'"),
    case(
        "a file that is not the caller's",
        reading("start.data.file"),
        {
            "data": {
                "file": {"id": "9d0ee3c6-3ea3-4bd6-bd95-d2c3f9ad3b3c", "name": "secret.txt", "mime_type": "text/plain"}
            }
        },
        error="file_not_found",
        says="the file 'secret.txt' at 'start.data.file' is not there",
    ),
    case(
        "what is no file",
        reading("start.data.file"),
        {"data": {"file": {"id": "a.txt"}}},
        error="wrong_type",
        says="'start.data.file' is of type object: only files can be read",
    ),
    case(
        "a file that is no document",
        reading(),
        {"file": uploaded("c.bin")},
        error="invalid_input",
        says="'c.bin' cannot be read",
    ),
    case(
        "a default stands for a file that cannot be read",
        with_keys(
            reading(),
            error_strategy="default-value",
            default_value=[{"key": "text", "type": "string", "value": "unreadable"}],
        ),
        {"file": uploaded("c.bin")},
        "unreadable",
    ),
    Case(
        "a file that cannot be read has its own way out",
        [start(**TYPES), with_keys(reading(), error_strategy="fail-branch"), end(text="read.error_type")],
        ["start > read", "read.fail-branch > end"],
        {"file": uploaded("c.bin")},
        {"text": "invalid_input"},
        files=FILES,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_an_extractor_reads_what_its_case_says(case: Case) -> None:
    await run_case(case)


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (reading("start.word"), "it reads 'start.word', which is of type string; it takes file or array[file]"),
        (reading("start.ghost"), "it reads 'start.ghost'"),
        (saved_node("read", "document-extractor"), "variable_selector: Field required"),
    ],
)
async def test_an_extractor_without_a_file_is_refused(node: SavedNode, message: str) -> None:
    await run_case(case("refused", node, {}, error="invalid_graph", says=message))
