"""The built-in models that are made from a wheel's files before the first start."""

import subprocess
import sys

from backend.cli.errors import CommandError
from backend.cli.screen import step
from backend.embedded.home import REPOSITORY, Home
from inference.config import ModelConfig, builtin_models


def unconverted(home: Home) -> list[ModelConfig]:
    return [model for model in builtin_models(home.root) if model.convert_from is not None and not model.path.exists()]


def builtin_models_ensure(home: Home) -> None:
    """Convert what is missing, in a process of its own: the server would keep the converter's memory."""
    for model in unconverted(home):
        with step(f"Converting {model.id}"):
            command = [
                sys.executable,
                "-P",
                "-m",
                "inference.quantization.convert",
                str(model.convert_from),
                str(model.path),
            ]
            done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise CommandError(f"{model.id} could not be converted:\n{done.stderr.strip()}")
