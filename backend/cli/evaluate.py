"""`eval`: run an app over a test set in the running platform, print what came of it, and end by its score."""

import time
from importlib import import_module
from types import ModuleType

from backend.cli.errors import CommandError
from backend.cli.in_process import django_ready
from backend.cli.screen import say
from backend.common.errors import ApiError
from backend.embedded.home import Home

LOOK_EVERY_S = 0.5
BELOW, WRONG_NAME = 1, 2


class UnknownName(CommandError):
    """There is nothing of that name."""

    exit_code = WRONG_NAME


def evaluate(
    home: Home, *, app: str, test_set: str, least: float, evaluators: list[str], version: int | None, timeout_s: float
) -> int:
    """Return 0 when the score reaches `least`, 1 below or without a score; raises `UnknownName` for a wrong name."""
    django_ready(home)
    # Models can only be imported once Django knows its settings, which name this very home.
    models = import_module("backend.evaluations.models")
    services = import_module("backend.evaluations.services.experiments")
    found = _app(app)
    own = {"workspace_id": found.workspace_id}
    cases = _named(models.EvaluationSet, test_set, "test set", **own)
    judges = [_named(models.Evaluator, name, "evaluator", **own) for name in evaluators] or _of_gate(found)
    trial = services.Trial(
        app=found, test_set=cases, variants=[services.Variant(version=version)], evaluators=judges, name=f"eval {app}"
    )
    try:
        experiment = services.experiment_start(trial=trial, actor=None)
    except ApiError as error:
        raise (UnknownName if error.http_status == 404 else CommandError)(error.message) from error
    _wait(models, experiment, timeout_s)
    return _told(experiment, least)


def _app(name: str) -> object:
    """Return the app by its slug, its name or its id."""
    apps = import_module("backend.apps.models").App.unscoped.select_related("published_version")
    found = [item for item in apps.all() if name in (item.slug, item.name, str(item.id))]
    if not found:
        known = ", ".join(sorted(item.slug for item in apps.all())[:20]) or "none"
        raise UnknownName(f"there is no app {name!r}: the apps are {known}")
    if len(found) > 1:
        ids = ", ".join(str(item.id) for item in found)
        raise UnknownName(f"several apps are called {name!r}: name one by its id, of {ids}")
    return found[0]


def _named(model: type, name: str, what: str, **own: object) -> object:
    rows = list(model.objects.within(own["workspace_id"]))  # type: ignore[attr-defined]  # loaded after Django is ready
    found = next((row for row in rows if name in (row.name, str(row.id))), None)
    if found is None:
        known = ", ".join(sorted(row.name for row in rows)[:20]) or "none"
        raise UnknownName(f"there is no {what} {name!r} in the app's workspace: there are {known}")
    return found


def _of_gate(app: object) -> list[object]:
    gate = import_module("backend.evaluations.selectors").gate_of(app.workspace_id, app.id)  # type: ignore[attr-defined]
    if gate is None:
        raise CommandError("the app has no gate whose evaluators could judge: name some by --evaluator")
    return list(gate.evaluators.all())


def _wait(models: ModuleType, experiment: object, timeout_s: float) -> None:
    """Wait for the end; the workers do the work, and go on when this process is stopped."""
    deadline = time.monotonic() + timeout_s
    while True:
        experiment.refresh_from_db(from_queryset=models.Experiment.unscoped)  # type: ignore[attr-defined]
        if experiment.finished_at:  # type: ignore[attr-defined]
            return
        if time.monotonic() > deadline:
            raise CommandError(f"the experiment has not ended after {timeout_s:g} s: it goes on, see the page")
        time.sleep(LOOK_EVERY_S)


def _told(experiment: object, least: float) -> int:
    (result,) = import_module("backend.evaluations.results").results_of(experiment)
    lines = [("evaluator", "mean", "95 %", "passed", "no verdict")]
    for item in (*result.evaluators,):
        mean = item.mean
        shown = (f"{mean.mean:.3f}", f"{mean.low:.3f} … {mean.high:.3f}") if mean else ("–", "–")
        lines.append((item.name, *shown, f"{item.passed}/{item.scored}", str(item.failures)))
    score = result.score
    total = (f"{score.mean:.3f}", f"{score.low:.3f} … {score.high:.3f}") if score else ("–", "–")
    lines.append(("score", *total, "", str(result.unscored)))
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    for item in result.evaluators:
        if item.first_failure:
            say(f"  {item.first_failure}")
    is_enough = score is not None and score.mean >= least
    say(
        f"{result.label}: {result.succeeded} cases answered, {result.failed} failed; "
        f"the score {total[0]} is {'at least' if is_enough else 'below'} {least:g}"
    )
    return 0 if is_enough else BELOW
