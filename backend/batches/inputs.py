"""What an application asks for, and the columns of a table that give it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backend.apps.draft import Draft
from backend.apps.drafts import CONVERSATION_MODES, AppDraft
from backend.apps.graph_draft import GraphDraft
from backend.apps.graph_inputs import start_variables
from backend.common.errors import Invalid

QUERY = "query"
FILES = frozenset({"file", "file-list"})
TRUE = frozenset({"true", "1", "yes", "y", "on", "x"})
FALSE = frozenset({"false", "0", "no", "n", "off"})


@dataclass(frozen=True, slots=True)
class Input:
    """One input of an application. A required one without a default needs a column."""

    name: str
    label: str = ""
    type: str = "text"
    required: bool = False


def inputs_of(mode: str, draft: AppDraft) -> tuple[Input, ...]:
    """Return what a run takes from a row: the question of a conversation, then the variables. Files go with none."""
    asked = (Input(QUERY, type="paragraph", required=True),) if mode in CONVERSATION_MODES else ()
    declared = _of_graph(draft) if isinstance(draft, GraphDraft) else _of_prompt(draft)
    return (*asked, *(item for item in declared if not (asked and item.name == QUERY)))


def _of_prompt(draft: Draft) -> tuple[Input, ...]:
    return tuple(
        Input(item.name, item.label, item.type, item.required and item.default in (None, ""))
        for item in draft.variables
    )


def _of_graph(draft: GraphDraft) -> tuple[Input, ...]:
    return tuple(
        Input(
            str(item["variable"]),
            str(item.get("label") or ""),
            str(item.get("type") or "text"),
            bool(item.get("required")) and item.get("default") in (None, ""),
        )
        for item in start_variables(draft.saved().nodes)
    )


def mapping_guess(inputs: Sequence[Input], columns: Sequence[str]) -> dict[str, str]:
    """Return input → column where a column has the input's name, or else its label, whatever the case."""
    by_name = {column.casefold(): column for column in reversed(columns)}
    found = {}
    for item in inputs:
        column = by_name.get(item.name.casefold()) or by_name.get(item.label.casefold())
        if column is not None and item.type not in FILES:
            found[item.name] = column
    return found


def missing_inputs(inputs: Sequence[Input], mapping: Mapping[str, str]) -> list[str]:
    """Return the required inputs that no column gives."""
    return [item.name for item in inputs if item.required and item.name not in mapping]


def unknown_columns(columns: Sequence[str], mapping: Mapping[str, str]) -> list[str]:
    """Return the columns that give no input; they are carried into the results."""
    return [column for column in columns if column not in mapping.values()]


def mapping_check(inputs: Sequence[Input], columns: Sequence[str], mapping: Mapping[str, str]) -> None:
    """Raise `Invalid` for an input or a column that is not there."""
    names = {item.name: item for item in inputs}
    wrong: dict[str, list[str]] = {}
    for name, column in mapping.items():
        if name not in names:
            wrong[f"mapping.{name}"] = [f"the app has no input {name!r}: it has {_named(list(names))}"]
        elif names[name].type in FILES:
            wrong[f"mapping.{name}"] = [f"the input {name!r} is a file, which no table can give: leave it out"]
        elif column not in columns:
            wrong[f"mapping.{name}"] = [f"the table has no column {column!r}: it has {_named(columns)}"]
    if wrong:
        path, messages = next(iter(wrong.items()))
        raise Invalid(f"{path}: {messages[0]}", fields=wrong)


def inputs_require(inputs: Sequence[Input], columns: Sequence[str], mapping: Mapping[str, str]) -> None:
    """Raise `Invalid` when something that every run needs comes from no column."""
    missing = missing_inputs(inputs, mapping)
    if not missing:
        return
    message = f"no column gives {_named(missing)}, which every run needs; the table has {_named(columns)}"
    raise Invalid(message, code="missing_columns", fields={f"mapping.{name}": [message] for name in missing})


def _named(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names)) or "none"


def row_inputs(
    inputs: Sequence[Input], columns: Sequence[str], mapping: Mapping[str, str], cells: Sequence[str]
) -> tuple[dict[str, object], str]:
    """Return the inputs of a row and its question; raises `Invalid` for a checkbox that says neither yes nor no."""
    at = {column: index for index, column in enumerate(columns)}
    values: dict[str, object] = {}
    for item in inputs:
        cell = cells[at[mapping[item.name]]] if item.name in mapping else ""
        if cell.strip():
            values[item.name] = _yes_or_no(item.name, cell) if item.type in ("checkbox", "boolean") else cell
    return values, str(values.get(QUERY, ""))


def _yes_or_no(name: str, cell: str) -> bool:
    said = cell.strip().casefold()
    if said not in TRUE | FALSE:
        message = f"{name!r} takes true or false, not {cell[:100]!r}"
        raise Invalid(f"inputs.{name}: {message}", fields={f"inputs.{name}": [message]})
    return said in TRUE
