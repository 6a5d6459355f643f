"""The pages of nodes and tools: what a graph and an agent can be made of."""

from agents.nodes.base import Node
from agents.nodes.registry import NODES
from agents.tools.catalogue import TOOLS
from agents.tools.spec import ToolType, credentials_of, outputs_of
from backend.config.reference.markdown import code, page, section, table
from backend.config.reference.schemas import HEAD, schema_rows


def _node(node: Node) -> str:
    outputs = table(("Output", "Type"), ((code(name), kind) for name, kind in node.outputs.items()))
    return section(
        f"{node.title} — {code(node.kind)}",
        f"{node.description}.",
        table(HEAD, schema_rows(node.config_type.model_json_schema())),
        outputs if node.outputs else "Its outputs are the run's inputs.",
    )


def nodes_page() -> str:
    """Return the page of nodes."""
    return page(
        "Nodes",
        "The kinds of nodes that a run's graph is made of, with the keys of their `data` and their outputs.",
        "A node refers to another's output as `{{#node.field#}}` in a text, and as `[node, field]` in a key that ends "
        "in `_selector`. Keys that are not listed are kept and ignored. In this version the graph is made from an "
        "app's draft; packages add kinds under the entry point `atelier.nodes`.",
        *(_node(NODES[kind]) for kind in sorted(NODES)),
    )


def _tool(tool: type[ToolType]) -> str:
    config = schema_rows(tool.config_type.model_json_schema())
    return section(
        f"{tool.title} — {code(tool.name)}",
        f"{tool.description}.",
        table(HEAD, schema_rows(tool.parameters)),
        "Its author configures:\n\n" + table(HEAD, config) if config else "It has no configuration.",
        *_entered(tool),
        *_given(tool),
    )


def _entered(tool: type[ToolType]) -> list[str]:
    rows = [
        (code(item.name), "yes" if item.is_required and not item.default else "", code(item.default), item.help)
        for item in credentials_of(tool)
    ]
    head = ("Name", "Required", "Default", "What it is")
    return ["An administrator enters, once for the workspace:\n\n" + table(head, rows)] if rows else []


def _given(tool: type[ToolType]) -> list[str]:
    rows = [(code(name), kind) for name, kind in outputs_of(tool).items()]
    return (
        ["A workflow reads besides `text`, `files` and `json`:\n\n" + table(("Output", "Type"), rows)] if rows else []
    )


def tools_page() -> str:
    """Return the page of tools."""
    return page(
        "Tools",
        "What an agent can be given to call: the parameters are the model's to choose, the configuration is the "
        "author's.",
        "Packages add tools under the entry point `atelier.tools`.",
        *(_tool(TOOLS[name]) for name in sorted(TOOLS)),
    )
