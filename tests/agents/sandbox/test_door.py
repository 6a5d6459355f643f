"""There is one door to code of users: nothing else starts programs in `agents`, and nothing else knows bubblewrap."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SANDBOX = ROOT / "agents" / "sandbox"
SOURCES = sorted(
    path for package in ("agents", "backend", "rag", "inference") for path in (ROOT / package).rglob("*.py")
)
OUTSIDE = [path for path in SOURCES if SANDBOX not in path.parents]
STARTERS = frozenset({"subprocess", "multiprocessing", "pty", "popen2", "_posixsubprocess"})
CALLS = frozenset({"system", "popen", "fork", "forkpty", "posix_spawn", "posix_spawnp", "create_subprocess_exec"})
MAY_ASK = {"backend/common/sandbox.py"}


def rel(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def called(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr


@pytest.mark.parametrize("path", [path for path in OUTSIDE if path.is_relative_to(ROOT / "agents")], ids=rel)
def test_nothing_else_in_agents_starts_a_program(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not STARTERS & {name.split(".")[0] for name in imported(tree)}
    starts = {name for name in called(tree) if name in CALLS or name.startswith(("exec", "spawn"))}
    assert not starts, f"{starts} in {rel(path)}: code runs through `ports.code`"


def test_nothing_else_knows_bubblewrap_or_opens_the_door_directly() -> None:
    for path in OUTSIDE:
        source = path.read_text(encoding="utf-8")
        if "bwrap" not in source and "agents.sandbox" not in source:
            continue
        tree = ast.parse(source)
        texts = [
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        assert not any("bwrap" in text for text in texts), rel(path)
        if rel(path) not in MAY_ASK:
            assert not any(name.startswith("agents.sandbox") for name in imported(tree)), rel(path)


def test_the_code_that_runs_inside_imports_nothing_of_ours() -> None:
    for name in ("runner.py", "probe.py"):
        tree = ast.parse((SANDBOX / name).read_text(encoding="utf-8"))
        ours = {item for item in imported(tree) if item.split(".")[0] in ("agents", "backend", "rag", "inference")}
        assert not ours, f"{name} cannot have {ours} inside"
