"""Trains the starter adapter, with the extra [train]: `python -m inference.starter --model A.gguf --out B.gguf`."""

import argparse
import sys
from pathlib import Path

from inference.starter.template import template_of
from inference.starter.train import Settings, train


def main() -> None:
    """Train with what the command line says, and print a line for every ten steps."""
    usual = Settings()
    parser = argparse.ArgumentParser(prog="python -m inference.starter")
    parser.add_argument("--model", type=Path, required=True, help="the GGUF that the adapter is made for")
    parser.add_argument("--out", type=Path, required=True, help="where the adapter goes")
    parser.add_argument("--begin-with", type=Path, help="an adapter to go on from")
    parser.add_argument("--minutes", type=float, default=usual.minutes)
    parser.add_argument("--steps", type=int, default=usual.steps, help="so many steps instead of minutes")
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--learning-rate", type=float, default=usual.learning_rate)
    parser.add_argument("--device", default=usual.device, help="cpu, or cuda for a GPU")
    given = parser.parse_args()
    settings = Settings(
        seed=given.seed,
        learning_rate=given.learning_rate,
        minutes=given.minutes,
        steps=given.steps,
        device=given.device,
    )
    train(given.model, template_of(given.model), given.out, settings, _say, given.begin_with)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
