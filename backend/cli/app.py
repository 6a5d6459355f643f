"""The verbs and their options; each verb's work is in a module of its own."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from backend.cli.accounts import admin_create, machine_admin, token_create
from backend.cli.analytics import analytics_rebuild
from backend.cli.archive import backup_restore, backup_write
from backend.cli.bench import bench_run
from backend.cli.doctor import doctor
from backend.cli.down import down
from backend.cli.engines import engine_install, engines_list
from backend.cli.errors import CommandError
from backend.cli.evaluate import evaluate
from backend.cli.logs import logs
from backend.cli.model_speed import model_bench
from backend.cli.models import (
    model_add,
    model_load,
    model_pull,
    model_remove,
    model_serve,
    model_unload,
    models_list,
)
from backend.cli.quantize import model_quantize
from backend.cli.screen import say
from backend.cli.status import status
from backend.cli.suite import check_run, suite_run
from backend.cli.training import starter_train
from backend.cli.up import DEFAULT_PORT, up
from backend.embedded.errors import EmbeddedError
from backend.embedded.home import home_resolve

INTERRUPTED = 130
MOST_STREAMS = 64
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
    vllm: Annotated[
        bool, typer.Option("--vllm", help="Also the tests of engines that need packages of their own.")
    ] = False,
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
    quick: Annotated[bool, typer.Option("--quick", help="A short bench serve, retrieval or skills.")] = False,
    data: Annotated[str | None, typer.Option(metavar="DIR", help="Labelled questions, retrieval or skills.")] = None,
    functions: Annotated[str | None, typer.Option(metavar="DIR", help="Public function calls, skills.")] = None,
    home: HomeOption = None,
) -> None:
    chosen = home_resolve(home)
    raise typer.Exit(bench_run(chosen, name, json_file, only=only, is_quick=quick, data=data, functions=functions))


@app.command("eval", help="Run an app over a test set; exits 1 when its score is below --min, 2 for a wrong name.")
def eval_command(
    name: Annotated[str, typer.Argument(metavar="APP", help="Slug, name or id of the app.")],
    test_set: Annotated[str, typer.Option("--set", metavar="S", help="Name or id of the test set.")],
    least: Annotated[float, typer.Option("--min", metavar="SCORE", min=0, max=1, help="The least score, 0 to 1.")],
    evaluator: Annotated[
        list[str] | None, typer.Option(help="Name or id; repeat it for several. Default: those of the app's gate.")
    ] = None,
    version: Annotated[int | None, typer.Option(help="A published version; the draft without it.")] = None,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", help="How long to wait for the end.")] = 3600,
    home: HomeOption = None,
) -> None:
    raise typer.Exit(
        evaluate(
            home_resolve(home),
            app=name,
            test_set=test_set,
            least=least,
            evaluators=evaluator or [],
            version=version,
            timeout_s=timeout,
        )
    )


admin_app = typer.Typer(help="Accounts of administrators.", no_args_is_help=True)
token_app = typer.Typer(help="Tokens for scripts.", no_args_is_help=True)
models_app = typer.Typer(help="Models of the inference server.", no_args_is_help=True)
app.add_typer(admin_app, name="admin")
app.add_typer(token_app, name="token")
app.add_typer(models_app, name="models")
analytics_app = typer.Typer(help="The numbers over runs.", no_args_is_help=True)
app.add_typer(analytics_app, name="analytics")
engines_app = typer.Typer(help="Engines with environments of their own.", no_args_is_help=True)
app.add_typer(engines_app, name="engines")


@admin_app.command("create", help="Make a user owner of a workspace, and close the set-up page.")
def admin_create_command(
    email: Annotated[str, typer.Option()],
    password: Annotated[str, typer.Option()],
    workspace: Annotated[str, typer.Option()] = "default",
    reset_password: Annotated[bool, typer.Option("--reset-password")] = False,
    home: HomeOption = None,
) -> None:
    admin_create(home_resolve(home), email=email, password=password, workspace=workspace, reset_password=reset_password)


@admin_app.command("machine", help="Let a user care for the models of this machine, in whatever workspace.")
def admin_machine_command(
    email: Annotated[str, typer.Argument(metavar="EMAIL")],
    remove: Annotated[bool, typer.Option("--remove", help="No longer.")] = False,
    home: HomeOption = None,
) -> None:
    machine_admin(home_resolve(home), email=email, is_taken=remove)


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


@models_app.command("pull", help="Download a model from the hub: OWNER/NAME, and of it a FILE.")
def model_pull_command(
    repository: str,
    file: Annotated[str, typer.Option("--file", help="One of its GGUFs; the usual quantization if left out.")] = "",
    revision: Annotated[str, typer.Option(help="A branch, tag or commit.")] = "",
    name: Annotated[str, typer.Option(help="What it is called here.")] = "",
    engine: Annotated[str, typer.Option(help="Who serves safetensors: vllm, transformers or ctranslate2.")] = "",
    home: HomeOption = None,
) -> None:
    model_pull(home_resolve(home), repository=repository, file=file, revision=revision, name=name, engine=engine)


@models_app.command("add", help="Add a GGUF file, or a folder of safetensors, of this machine.")
def model_add_command(
    path: str,
    name: Annotated[str, typer.Option(help="What it is called here.")] = "",
    engine: Annotated[str, typer.Option(help="Who serves safetensors: vllm, transformers or ctranslate2.")] = "",
    home: HomeOption = None,
) -> None:
    model_add(home_resolve(home), path=os.path.abspath(path), name=name, engine=engine)


@models_app.command("serve", help="Choose the engine of a model in safetensors.")
def model_serve_command(
    name: str,
    engine: Annotated[str, typer.Option(help="vllm, transformers, ctranslate2.")] = "vllm",
    home: HomeOption = None,
) -> None:
    model_serve(home_resolve(home), name=name, engine=engine)


@models_app.command("remove", help="Remove a model from the disk; refused while it is loaded or used.")
def model_remove_command(name: str, home: HomeOption = None) -> None:
    model_remove(home_resolve(home), name=name)


@models_app.command("load", help="Load a model into memory.")
def model_load_command(
    name: str,
    keep_alive: Annotated[int | None, typer.Option(help="Seconds that it stays unasked; 0 is for ever.")] = None,
    context: Annotated[int | None, typer.Option(help="Tokens of its context.")] = None,
    home: HomeOption = None,
) -> None:
    model_load(home_resolve(home), name=name, keep_alive_s=keep_alive, context_tokens=context)


@models_app.command("unload", help="Take a model out of memory once its answers are written.")
def model_unload_command(name: str, home: HomeOption = None) -> None:
    model_unload(home_resolve(home), name=name)


@models_app.command("quantize", help="Store a model's weights in smaller types, measure and install them.")
def model_quantize_command(
    model: Annotated[str, typer.Argument(help="A model of this machine, or the path of a GGUF or folder.")],
    types: Annotated[
        str, typer.Option(help="Separated by commas, e.g. q4_K_M,q8_0; or gptq-w4a16,awq-w4a16.")
    ] = "q4_K_M",
    calibration: Annotated[Path | None, typer.Option(help="A text whose kind of words matters most.")] = None,
    calibrate: Annotated[bool, typer.Option("--calibrate", help="Calibrate on the platform's own text.")] = False,
    evaluation: Annotated[Path | None, typer.Option(help="The text to measure on, instead of our own.")] = None,
    home: HomeOption = None,
) -> None:
    model_quantize(
        home_resolve(home),
        model=model,
        types=types,
        calibration=calibration,
        is_calibrated=calibrate,
        evaluation=evaluation,
    )


@models_app.command("bench", help="Measure how fast a model of this machine answers.")
def model_bench_command(
    name: str,
    streams: Annotated[str, typer.Option(help="Answers at once, separated by commas.")] = "1,8",
    tokens: Annotated[int, typer.Option(min=8, max=4096, help="How long each answer is.")] = 128,
    json_file: Annotated[str | None, typer.Option("--json", metavar="FILE", help="Write the figures there.")] = None,
    home: HomeOption = None,
) -> None:
    model_bench(home_resolve(home), name=name, streams=_counts(streams), tokens=tokens, json_file=json_file)


def _counts(text: str) -> tuple[int, ...]:
    try:
        counts = tuple(int(part) for part in text.split(","))
    except ValueError:
        counts = ()
    if not counts or not all(1 <= count <= MOST_STREAMS for count in counts):
        raise CommandError(f"--streams {text!r} is no list of numbers from 1 to {MOST_STREAMS}: give 1,8 for example")
    return counts


@models_app.command("train-starter", help="Train the embedded model's adapter on this machine; takes hours.")
def train_starter_command(  # one for each option
    minutes: Annotated[float, typer.Option(help="How long to train.")] = 110.0,
    steps: Annotated[int, typer.Option(help="So many steps instead: the same seed gives the same adapter.")] = 0,
    seed: Annotated[int, typer.Option(help="Which samples, in which order.")] = 11,
    begin_with: Annotated[Path | None, typer.Option(help="An adapter to go on from.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where it goes, if not where the server looks.")] = None,
    home: HomeOption = None,
) -> None:
    starter_train(home_resolve(home), minutes=minutes, steps=steps, seed=seed, begin_with=begin_with, out=out)


@analytics_app.command("rebuild", help="Count the hours and days of all runs anew; the platform may be in use.")
def analytics_rebuild_command(home: HomeOption = None) -> None:
    analytics_rebuild(home_resolve(home))


@engines_app.command("list", help="Each environment, and whether it is installed.")
def engines_list_command(home: HomeOption = None) -> None:
    engines_list(home_resolve(home))


@engines_app.command("install", help="Install an engine's packages beside the platform's.")
def engine_install_command(name: str, home: HomeOption = None) -> None:
    engine_install(home_resolve(home), name)


def main() -> None:
    """Run the verb; an error that its user can put right is one message, never a stack trace."""
    try:
        app(prog_name="atelier")
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
