"""`models quantize`: store a model's weights in smaller types, print what they cost and bring, install them."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from backend.cli.errors import CommandError
from backend.cli.screen import Step, say, step
from backend.embedded.home import Home
from inference.config import builtin_models
from inference.errors import InferenceError
from inference.quantization.job import Plan, Update, result_of, run
from inference.quantization.kinds import kinds_of
from inference.quantization.report import HEADINGS, RULE, Report, table
from inference.store.engines import compressor_python
from inference.store.files import ModelStore
from inference.store.manifest import name_of


def model_quantize(
    home: Home, *, model: str, types: str, calibration: Path | None, is_calibrated: bool, evaluation: Path | None
) -> None:
    """Quantize a model of this machine, or the file or folder at a path. Raises CommandError with the reason.

    Interrupted, it goes on where it was when it is called again.
    """
    name, source = _source(home, model)
    for text in (calibration, evaluation):
        if text is not None and not text.is_file():
            raise CommandError(f"there is no file {str(text)!r}: give a text")
    store = ModelStore(home.root)
    work = home.root / "models" / "quantizing" / name
    try:
        kinds = kinds_of(tuple(part.strip() for part in types.split(",") if part.strip()))
        names = {kind.name: store.check_free(name_of(f"{name}-{kind.name}")) for kind in kinds}
        python = compressor_python(home.root) if any(kind.method for kind in kinds) else None
        plan = Plan(name, source, tuple(names), work, calibration, is_calibrated, evaluation, python=python)
        with step(f"Quantizing {name} to {', '.join(names)}") as shown:
            report = run(plan, noted(shown))
        for kind, made in names.items():
            file, engine = result_of(work, kind)
            store.add(file, model=made, source=f"quantized:{name}", engine=engine)
    except InferenceError as error:
        raise CommandError(error.message) from error
    shutil.rmtree(work)
    report_say(report)
    for made in names.values():
        print(made)


def _source(home: Home, model: str) -> tuple[str, Path]:
    for built_in in builtin_models(home.root):
        if built_in.id == model:
            if built_in.kind != "chat":
                raise CommandError(f"{model!r} is no model that generates text: only those are quantized here")
            return model, built_in.path
    path = Path(model)
    if path.exists():
        return name_of(path.stem if path.is_file() else path.resolve().name), path.resolve()
    try:
        return model, ModelStore(home.root).path(model)
    except InferenceError as error:
        raise CommandError(error.message) from error


def noted(shown: Step) -> "_Noted":
    """Return what shows where a job is beside a step."""
    return _Noted(shown)


class _Noted:
    def __init__(self, shown: Step) -> None:
        self._shown = shown

    def __call__(self, update: Update) -> None:
        self._shown.note(f"{update.done:.0%} {update.stage} {update.type}".rstrip())
        if update.line:
            say(f"    {update.type}: {update.line}")


def report_say(report: Report) -> None:
    """Print the table, the recommendation and its rule."""
    rows = [HEADINGS, *table(report)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    for row in rows:
        say(_line(row, widths))
    if report.recommended:
        say(f"* recommended: {report.recommended}, {report.reason}")
        say(f"  by the rule: {RULE}")
    say(f"  read: {report.text}, {report.tokens} predictions; {report.threads} cores")
    if report.calibration:
        say(f"  calibrated with: {report.calibration}")
    if report.note:
        say(f"  note: {report.note}")


def _line(row: Iterable[str], widths: list[int]) -> str:
    first, *others = zip(row, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(text.rjust(width) for text, width in others)])
