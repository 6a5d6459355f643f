"""python -m inference.server: serve the embedded models until SIGTERM."""

import argparse
import logging
import os
import sys
from dataclasses import replace
from pathlib import Path

import uvicorn

from inference.config import ServerConfig, builtin_models
from inference.isolation.engine import ProcessEngine
from inference.registry import Registry
from inference.server.app import create_app
from inference.server.residency import Policy

_GRACE_S = 1  # running answers get this long after SIGTERM


def main(arguments: list[str]) -> int:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m inference.server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--home", type=Path, required=True, help="folder for models and state")
    parser.add_argument("--api-key-file", type=Path, help="file with the key that clients must send")
    parser.add_argument("--scheduling", choices=("mlfq", "fcfs"), default="mlfq", help="fcfs: for comparison only")
    parser.add_argument(
        "--memory-mb",
        type=int,
        default=int(os.environ.get("ATELIER_MODEL_MEMORY_MB", "0")),
        help="memory that models may take together; 0: 70%% of the machine's",
    )
    parser.add_argument(
        "--keep-alive-s",
        type=int,
        default=int(os.environ.get("ATELIER_MODEL_KEEP_ALIVE_S", "1800")),
        help="how long an added model stays loaded that nobody asks; 0: for ever",
    )
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    key = given.api_key_file.read_text(encoding="utf-8").strip() if given.api_key_file else None
    home = given.home.resolve()
    models = tuple(replace(model, scheduling=given.scheduling) for model in builtin_models(home))
    config = ServerConfig(home=home, host=given.host, port=given.port, api_key=key, models=models)
    if not config.is_loopback and not config.api_key:
        sys.stderr.write(f"{config.host!r} can be reached from other machines: give a key with --api-key-file.\n")
        return 2
    policy = Policy(budget_bytes=given.memory_mb * 1_000_000, keep_alive_s=given.keep_alive_s)
    home.mkdir(parents=True, exist_ok=True)
    app = create_app(config, Registry(config.models, isolate=ProcessEngine.start), policy)
    uvicorn.run(
        app,
        host=config.host,
        port=config.port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=_GRACE_S,
        server_header=False,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
