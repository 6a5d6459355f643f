"""The reference says what the code does: pages are as generated, and nothing of the code is missing from them."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from django.urls import get_resolver

from agents.events import BODIES
from agents.nodes.registry import NODES
from agents.tools.catalogue import TOOLS
from backend.common.errors import ApiError
from backend.config.environment import environment_read
from backend.config.reference.commands import management_commands, verbs
from backend.config.reference.console import endpoints
from backend.config.reference.errors import FRAMEWORK, LITERAL, codes_of, tree
from backend.config.reference.inference_server import OPTIONS, metrics, routes
from backend.config.reference.pages import FOLDER, PAGES
from backend.config.reference.service import services
from backend.config.reference.typescript import TARGET, events_module
from backend.config.reference.variables import SECRETS, VARIABLES
from backend.embedded.secret_file import Secrets
from tests.backend.routes import CONSOLE, SERVICE

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [path for name in ("backend", "inference", "rag", "agents") for path in sorted((ROOT / name).rglob("*.py"))]
REFERENCE = ROOT / "backend" / "config" / "reference"
WANTED = (ast.Call, ast.Subscript, ast.Constant, ast.Dict, ast.Assign, ast.FunctionDef)
PARSED = {
    path: [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, WANTED)]
    for path in SOURCES
    if REFERENCE not in path.parents
}


def page(name: str) -> str:
    """Return a page as it is in the repository."""
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8")


def is_listed(name: str, text: str) -> bool:
    """Whether a name stands in a code span of a page."""
    return f"`{text}`" in page(name)


def nodes_of(kind: type[ast.AST]) -> Iterator[tuple[Path, ast.AST]]:
    """Yield every node of a kind in the sources that the reference describes."""
    yield from ((path, node) for path, nodes in PARSED.items() for node in nodes if type(node) is kind)


def named(node: ast.expr) -> str:
    """Return the last name of an expression such as `os.environ`."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def text_of(node: object) -> str:
    """Return the text of a literal, or nothing."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_as_the_code_makes_it(name: str) -> None:
    assert page(name) == PAGES[name](), f"docs/reference/{name}.md is stale: run `python -m django docs_write`"


def test_there_is_no_page_that_nothing_makes() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} == set(PAGES)


def test_what_people_wrote_links_to_files_that_are_there_and_names_variables_that_exist() -> None:
    known = {item.name for item in VARIABLES}
    for path in [ROOT / "docs" / name for name in ("operations.md", "security.md")]:
        text = path.read_text(encoding="utf-8")
        links = re.findall(r"\]\(([^)#:]+)", text)
        assert links and [link for link in links if not (path.parent / link).exists()] == []
        assert set(re.findall(r"ATELIER_[A-Z_]+", text)) <= known


# Settings ------------------------------------------------------------------------------------------------------------
ENVIRONMENTS = {"environ", "env", "merged"}


def variables_read() -> set[str]:
    """Return every environment variable that the sources read or set by name."""
    found = set()
    for _, node in nodes_of(ast.Call):
        is_reader = isinstance(node.func, ast.Name) and node.func.id in {"get", "getenv"}
        is_method = isinstance(node.func, ast.Attribute) and named(node.func.value) in ENVIRONMENTS
        if node.args and (is_reader or is_method):
            found.add(text_of(node.args[0]))
    for _, node in nodes_of(ast.Subscript):
        if named(node.value) in ENVIRONMENTS:
            found.add(text_of(node.slice))
    for _, node in nodes_of(ast.Constant):
        if re.fullmatch(r"ATELIER(_[A-Z]+)+", text_of(node)):
            found.add(text_of(node))
    for _, node in nodes_of(ast.Dict):
        if any(key is None and named(value) == "env" for key, value in zip(node.keys, node.values, strict=True)):
            found |= {text_of(key) for key in node.keys}
    for name in ("atelier", "docker-compose.yml"):
        found |= set(re.findall(r"\$\{([A-Z][A-Z_]+)", (ROOT / name).read_text(encoding="utf-8")))
    return {name for name in found if re.fullmatch(r"[A-Z][A-Z0-9_]+", name)}


def test_every_environment_variable_is_on_the_settings_page_and_every_one_there_exists() -> None:
    assert {item.name for item in VARIABLES} == variables_read()
    assert all(is_listed("settings", item.name) for item in VARIABLES)


def test_the_defaults_on_the_settings_page_are_those_of_the_code() -> None:
    documented = {item.name: item.default for item in VARIABLES}
    source = next(node for _, node in nodes_of(ast.FunctionDef) if node.name == environment_read.__name__)
    calls = [node for node in ast.walk(source) if isinstance(node, ast.Call) and named(node.func) == "get"]
    defaults = {text_of(call.args[0]): text_of(call.args[1]) for call in calls}
    assert len(defaults) == 29 and defaults == {name: documented[name] for name in defaults}


def test_every_key_of_the_secrets_file_is_on_the_settings_page() -> None:
    assert {item.name for item in fields(Secrets)} == set(SECRETS)
    assert all(is_listed("settings", name) for name in SECRETS)


# Command line --------------------------------------------------------------------------------------------------------
def test_every_verb_with_its_options_and_every_command_is_on_the_command_line_page() -> None:
    text = page("cli")
    assert len(verbs()) > 15
    for name, command in verbs().items():
        is_there = f"### `./atelier {name}`" in text
        assert is_there or f"`{name}`" in text, name
        for parameter in command.params if is_there else ():
            if parameter.param_type_name == "option" and parameter.name != "help":
                assert parameter.opts[0] in text, f"{name} {parameter.opts[0]}"
    assert {path.stem for path in (ROOT / "backend").glob("**/management/commands/[a-z]*.py")} == set(
        management_commands()
    )
    assert all(is_listed("cli", name) for name in management_commands())


# Addresses -----------------------------------------------------------------------------------------------------------
def shown(route: str) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)


def test_every_console_endpoint_is_listed_with_the_role_that_the_tenancy_tests_prove() -> None:
    text = page("http-console")
    for route, methods in CONSOLE.items():
        for method, least in methods.items():
            assert f"| {method} | `/{shown(route)}` | {least} | " in text, f"{method} {route}"
    assert sum(len(methods) for methods in CONSOLE.values()) == len(endpoints())


def test_every_service_endpoint_is_listed_with_its_key() -> None:
    text = page("http-service")
    kinds = {"public": "none", "app": "app", "dataset": "dataset", "signed": "signed"}
    expected = {(method, f"v1/{item.route}", item.key) for item in services() for method in [item.method]}
    assert expected == {(m, route, kinds[key]) for route, methods in SERVICE.items() for m, key in methods.items()}
    for route in SERVICE:
        assert f"`/{shown(route)}`" in text or route.endswith("<path:rest>"), route


def test_every_offered_endpoint_says_what_it_does() -> None:
    for name in ("http-console", "http-service", "http-inference"):
        rows = [line for line in page(name).splitlines() if re.match(r"\| [A-Z]+ \| `/", line)]
        assert [line for line in rows if line.endswith("|  |") and line.count("|") > 4] == []


def test_every_route_option_and_metric_of_the_inference_server_is_listed() -> None:
    assert len(routes()) == 15 and len(metrics()) > 10
    assert all(is_listed("http-inference", path) for _, path in routes())
    main = ROOT / "inference" / "server" / "__main__.py"
    calls = [node for path, node in nodes_of(ast.Call) if path == main and named(node.func) == "add_argument"]
    assert {text_of(call.args[0]) for call in calls} == set(OPTIONS)
    metric_names = {
        text_of(node.args[0])
        for path, node in nodes_of(ast.Call)
        if path.match("inference/server/metrics.py") and node.args and text_of(node.args[0]).startswith("atelier_")
    }
    assert len(metric_names) > 10
    for name in metric_names:
        assert is_listed("http-inference", name) or is_listed("http-inference", f"{name}_total"), name


def test_the_resolver_knows_no_prefix_beside_those_of_the_pages() -> None:
    tops = {str(pattern.pattern).partition("/")[0] for pattern in get_resolver().url_patterns}
    assert tops == {"api", "v1", "metrics", "p", "embed", "^(?P<path>.*)$"}


# Parts ---------------------------------------------------------------------------------------------------------------
def test_every_event_with_its_fields_is_listed() -> None:
    sections = {part.partition("\n")[0]: part for part in page("events").split("\n## ")}
    for kind, body in BODIES.items():
        assert all(f"| `{item.name}` |" in sections[f"`{kind}`"] for item in fields(body)), kind


def test_every_node_with_its_keys_and_outputs_is_listed() -> None:
    sections = page("nodes").split("\n## ")
    for kind, node in NODES.items():
        (text,) = [part for part in sections if part.partition("\n")[0].endswith(f"`{kind}`")]
        assert all(f"| `{name}` |" in text for name in [*node.config_type.model_fields, *node.outputs]), kind


def test_every_tool_with_its_parameters_is_listed() -> None:
    sections = page("tools").split("\n## ")
    for name, tool in TOOLS.items():
        (text,) = [part for part in sections if part.partition("\n")[0].endswith(f"`{name}`")]
        parameters = tool.parameters["properties"]
        assert all(f"| `{key}` |" in text for key in [*parameters, *tool.config_type.model_fields]), name


# Errors --------------------------------------------------------------------------------------------------------------
CODE = re.compile(r"[a-z]+(_[a-z]+)*")
# Calls that take a code by its place; their other texts are sentences.
POSITIONAL = {"RunFailed", "NodeFailed", "error_body", "_status", "_refuse", "_give_up", "_unusable", "_fail"}


def codes_said() -> Iterator[tuple[str, str, ast.Call | None]]:
    """Yield each code that the sources say as a literal: where, the code, and the call that says it by keyword."""
    for path, node in nodes_of(ast.Call):
        where = f"{path.relative_to(ROOT)}:{node.lineno}"
        yield from ((where, text_of(k.value), node) for k in node.keywords if k.arg == "code")
        if named(node.func) in POSITIONAL:
            yield from ((where, text_of(argument), None) for argument in node.args)
    for path, node in [*nodes_of(ast.Assign), *nodes_of(ast.Dict)]:
        where = f"{path.relative_to(ROOT)}:{node.lineno}"
        yield from ((where, text_of(value), None) for name, value in pairs_of(node) if name == "code")


def pairs_of(node: ast.Assign | ast.Dict) -> Iterator[tuple[str, ast.expr]]:
    """Yield name and value of an assignment, or of a dictionary."""
    if isinstance(node, ast.Dict):
        yield from ((text_of(key), value) for key, value in zip(node.keys, node.values, strict=True))
        return
    values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
    for target in node.targets:
        names = target.elts if isinstance(target, ast.Tuple) else [target]
        yield from ((named(name), value) for name, value in zip(names, values, strict=False))


def test_every_error_code_is_on_the_errors_page() -> None:
    said = [(where, code) for where, code, _ in codes_said() if CODE.fullmatch(code)]
    assert len(said) > 90
    assert [(where, code) for where, code in said if not is_listed("errors", code)] == []
    assert all(is_listed("errors", kind.default_code) for kind in FRAMEWORK)


def test_every_code_that_the_errors_page_adds_to_the_trees_is_said_somewhere() -> None:
    said = {code for _, code, _ in codes_said()} | {kind.default_code for kind in FRAMEWORK}
    assert set(LITERAL) - said - {"internal_error"} == set()


def test_the_status_on_the_errors_page_is_that_of_the_class_that_is_raised() -> None:
    statuses = {kind.__name__: str(kind.http_status) for kind in tree(ApiError) if kind is not ApiError}
    trees = codes_of(ApiError)
    checked = 0
    for where, code, call in codes_said():
        if call is not None and named(call.func) in statuses and code in LITERAL and code not in trees:
            rows = [line for line in page("errors").splitlines() if line.startswith(f"| `{code}` |")]
            assert any(statuses[named(call.func)] in row.split("|")[2] for row in rows), (where, code)
            checked += 1
    assert checked > 10


def test_the_web_page_has_the_events_of_the_code() -> None:
    assert TARGET.read_text(encoding="utf-8") == events_module(), "stale: run `python -m django docs_write`"
