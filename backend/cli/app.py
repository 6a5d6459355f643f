"""The verbs and their options; each verb's work is in a module of its own."""

import os
import sys
from typing import Annotated

import typer

from backend.cli.accounts import admin_create, token_create
from backend.cli.archive import backup_restore, backup_write
from backend.cli.bench import bench_run
from backend.cli.doctor import doctor
from backend.cli.down import down
from backend.cli.errors import CommandError, NotYetError
from backend.cli.logs import logs
from backend.cli.models import models_list
from backend.cli.screen import say
from backend.cli.status import status
from backend.cli.suite import check_run, suite_run
from backend.cli.up import DEFAULT_PORT, up
from backend.embedded.errors import EmbeddedError
from backend.embedded.home import home_resolve

INTERRUPTED = 130
ANY_ARGUMENTS = {"allow_extra_args": True, "ignore_unknown_options": True}

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
    port: Annotated[
        int | None,
        typer.Option(help="The web port; the inference server takes the next one.", show_default=str(DEFAULT_PORT)),
    ] = None,
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


@app.command("doctor", help="Look for what keeps it from working; says what to do.")
def doctor_command(home: HomeOption = None) -> None:
    raise typer.Exit(doctor(home_resolve(home)))


@app.command("backup", help="Write data, files and keys into a new FILE; the platform may run.")
def backup_command(file: str, home: HomeOption = None) -> None:
    backup_write(home_resolve(home), file)


@app.command("restore", help="Make the home anew from FILE; refuses a running platform.")
def restore_command(
    file: str,
    force: Annotated[bool, typer.Option("--force", help="Set what the home holds aside.")] = False,
    home: HomeOption = None,
) -> None:
    backup_restore(home_resolve(home), file, force=force)


@app.command(
    "test",
    help="The whole suite, on a home and ports of its own. Arguments go to pytest.",
    context_settings=ANY_ARGUMENTS,
)
def suite_command(
    context: typer.Context,
    vllm: Annotated[bool, typer.Option("--vllm", help="Also the tests that need vLLM's wheels.")] = False,
    home: HomeOption = None,
) -> None:
    if home is not None:
        raise CommandError("tests make homes of their own: leave --home out")
    raise typer.Exit(suite_run(context.args, with_vllm=vllm))


@app.command("check", help="Format, lint, types, import contracts, fast tests.")
def check_command(home: HomeOption = None) -> None:
    if home is not None:
        raise CommandError("checks make homes of their own: leave --home out")
    raise typer.Exit(check_run())


@app.command("bench", help="Compare with a peer and a gate: overhead, serve, quantize …")
def bench_command(
    name: str,
    json_file: Annotated[str | None, typer.Option("--json", metavar="FILE", help="Write the rows there.")] = None,
    only: Annotated[str, typer.Option(metavar="W1,W6", help="These workloads of bench serve.")] = "",
    quick: Annotated[bool, typer.Option("--quick", help="One short round of each workload of bench serve.")] = False,
    home: HomeOption = None,
) -> None:
    raise typer.Exit(bench_run(home_resolve(home), name, json_file, only=only, is_quick=quick))


admin_app = typer.Typer(help="Accounts of administrators.", no_args_is_help=True)
token_app = typer.Typer(help="Tokens for scripts.", no_args_is_help=True)
models_app = typer.Typer(help="Models of the inference server.", no_args_is_help=True)
app.add_typer(admin_app, name="admin")
app.add_typer(token_app, name="token")
app.add_typer(models_app, name="models")


@admin_app.command("create", help="Make a user owner of a workspace, and close the set-up page.")
def admin_create_command(
    email: Annotated[str, typer.Option()],
    password: Annotated[str, typer.Option()],
    workspace: Annotated[str, typer.Option()] = "default",
    reset_password: Annotated[bool, typer.Option("--reset-password")] = False,
    home: HomeOption = None,
) -> None:
    admin_create(home_resolve(home), email=email, password=password, workspace=workspace, reset_password=reset_password)


@token_app.command("create", help="Print a new token, alone on stdout.")
def token_create_command(
    email: Annotated[str, typer.Option()],
    workspace: Annotated[str | None, typer.Option()] = None,
    name: Annotated[str, typer.Option()] = "command line",
    home: HomeOption = None,
) -> None:
    token_create(home_resolve(home), email=email, workspace=workspace, name=name)


@models_app.command("list", help="The models that are served now.")
def models_list_command(home: HomeOption = None) -> None:
    models_list(home_resolve(home))


def _models_not_yet(verb: str) -> None:
    @models_app.command(verb, help="Not yet.", context_settings=ANY_ARGUMENTS)
    def command(context: typer.Context) -> None:
        raise NotYetError(f"not yet: models {verb} has not come with this release")


for _verb in ("pull", "add", "remove", "load", "unload", "quantize", "bench", "train-starter"):
    _models_not_yet(_verb)


def main() -> None:
    """Run the verb; an error that its user can put right is one message, never a stack trace."""
    try:
        app(prog_name="atelier")
    except NotYetError as error:
        say(str(error))
        sys.exit(error.exit_code)
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
