"""The page of the command line: the verbs of `./atelier` and our own management commands."""

from collections.abc import Iterator
from typing import Any

from django.core.management import get_commands, load_command_class
from typer.main import get_command

from backend.cli.app import app
from backend.config.reference.markdown import code, page, section, table

NOT_YET = "Not yet."


def verbs() -> dict[str, Any]:
    """Return every verb with its command, `admin create` under that name."""
    return dict(_leaves(get_command(app), ""))


def _leaves(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield name, command
    for child, below in (children or {}).items():
        yield from _leaves(below, f"{name} {child}".strip())


def management_commands() -> dict[str, str]:
    """Return the help of each of our commands for `python -m django`."""
    ours = {name: place for name, place in get_commands().items() if str(place).startswith("backend.")}
    return {name: load_command_class(str(place), name).help for name, place in sorted(ours.items())}


def _parameter(parameter: Any) -> tuple[str, str, str]:
    is_option = parameter.param_type_name == "option"
    name = ", ".join(code(option) for option in parameter.opts) if is_option else code(parameter.name.upper())
    shown = getattr(parameter, "show_default", None)
    if parameter.required:
        default = "required"
    elif isinstance(shown, str):
        default = code(shown)
    else:
        default = "" if parameter.default in (None, False) else code(parameter.default)
    return name, default, (getattr(parameter, "help", "") or "").replace("$ATELIER_HOME", "`ATELIER_HOME`")


def _verb(name: str, command: Any) -> str:
    shown = [item for item in command.params if item.name not in ("help", "home")]
    rows = table(("Argument or option", "Default", "Meaning"), map(_parameter, shown)) if shown else ""
    return "\n\n".join(part for part in (f"### `./atelier {name}`", command.help or "", rows) if part)


def commands_page() -> str:
    """Return the page."""
    there = {name: command for name, command in verbs().items() if command.help != NOT_YET}
    later = [name for name in verbs() if name not in there]
    home = next(item for command in there.values() for item in command.params if item.name == "home")
    return page(
        "Command line",
        "What `./atelier` does, verb by verb: progress goes to stderr, results to stdout, and a verb that cannot do "
        "what was asked ends with 1 and says what to do.",
        section(
            "For every verb",
            f"`--home DIR` names the home folder to work on. {_parameter(home)[2]}",
        ),
        section("Verbs", *(_verb(name, command) for name, command in there.items())),
        section(
            "Not yet",
            f"These verbs are reserved and end with 2: {', '.join(code(name) for name in later)}.",
        ),
        section(
            "Management commands",
            "Run by `python -m django NAME` in the virtual environment, with the environment variables of a process "
            "of the platform (see [settings](settings.md)).",
            table(("Name", "What it does"), ((code(name), text) for name, text in management_commands().items())),
        ),
    )
