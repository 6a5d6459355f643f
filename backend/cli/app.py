"""The verbs and their options; each verb's work is in a module of its own."""

import os
import sys
from typing import Annotated

import typer

from backend.cli.down import down
from backend.cli.errors import CommandError
from backend.cli.logs import logs
from backend.cli.screen import say
from backend.cli.status import status
from backend.cli.up import up
from backend.embedded.errors import EmbeddedError
from backend.embedded.home import home_resolve

DEFAULT_PORT = 8000
INTERRUPTED = 130

app = typer.Typer(
    name="atelier",
    help="Build, run and improve applications of large language models, on your own machine first.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
HomeOption = Annotated[str | None, typer.Option("--home", metavar="DIR", help="Default: $ATELIER_HOME, then ./var.")]


@app.command("up", help="Install what is missing, start everything, wait until healthy, print the URL.")
def up_command(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The web port; the inference server takes the next one.")] = DEFAULT_PORT,
    detach: Annotated[bool, typer.Option("--detach", help="Return once it is healthy; it goes on running.")] = False,
    home: HomeOption = None,
) -> None:
    up(home_resolve(home), host, port, detach=detach)


@app.command("down", help="Stop everything; no process stays behind.")
def down_command(home: HomeOption = None) -> None:
    down(home_resolve(home))


@app.command("status", help="Each process: id, state, memory, address.")
def status_command(
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False, home: HomeOption = None
) -> None:
    raise typer.Exit(status(home_resolve(home), as_json=as_json))


@app.command("logs", help="What the processes wrote last.")
def logs_command(
    process: Annotated[str | None, typer.Argument(help="web, worker-runs, inference, postgres …")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    home: HomeOption = None,
) -> None:
    logs(home_resolve(home), process, follow=follow)


def main() -> None:
    """Run the verb; an error that its user can put right is one message, never a stack trace."""
    try:
        app()
    except CommandError as error:
        say(f"atelier: {error}")
        sys.exit(error.exit_code)
    except EmbeddedError as error:
        say(f"atelier: {error}")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # `./atelier logs | head`: the reader has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
