"""`models train-starter`: teaches the embedded model, in an environment of its own."""

import os
import subprocess
from pathlib import Path

from backend.cli.engines import TRAINING, engine_install
from backend.cli.errors import CommandError
from backend.cli.screen import say
from backend.embedded.home import REPOSITORY, Home
from inference.config import CHAT_MODEL, builtin_models


def starter_train(
    home: Home, *, minutes: float, steps: int, seed: int, begin_with: Path | None, out: Path | None
) -> None:
    """Train the adapter and put it where the inference server finds it when it starts the next time."""
    if begin_with is not None and not begin_with.is_file():
        raise CommandError(f"there is no adapter {str(begin_with)!r} to begin with")
    python = engine_install(home, TRAINING) / "bin" / "python"
    model = next(model.path for model in builtin_models(home.root) if model.id == CHAT_MODEL)
    target = out or home.root / "models" / "starter.gguf"
    target.parent.mkdir(parents=True, exist_ok=True)
    command = [str(python), "-W", "ignore", "-m", "inference.starter", "--model", str(model), "--out", str(target)]
    command += ["--minutes", str(minutes), "--steps", str(steps), "--seed", str(seed)]
    command += ["--begin-with", str(begin_with)] if begin_with else []
    done = subprocess.run(command, cwd=REPOSITORY, env=_environment(), check=False)
    if done.returncode != 0:
        raise CommandError(f"the training ended with {done.returncode}: its last lines above say why")
    say(f"The adapter is {target}. `./atelier down` and `up` have it served; `./atelier bench skills` measures it.")


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), "TOKENIZERS_PARALLELISM": "false"}
