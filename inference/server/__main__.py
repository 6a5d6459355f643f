"""python -m inference.server: serve the embedded models until SIGTERM."""

import argparse
import logging
import sys
from dataclasses import replace
from pathlib import Path

import uvicorn

from inference.config import ServerConfig, builtin_models
from inference.isolation.engine import ProcessEngine
from inference.registry import Registry
from inference.server.app import create_app

_GRACE_S = 1  # running answers get this long after SIGTERM


def main(arguments: list[str]) -> int:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m inference.server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--home", type=Path, required=True, help="folder for models and state")
    parser.add_argument("--api-key-file", type=Path, help="file with the key that clients must send")
    parser.add_argument("--scheduling", choices=("mlfq", "fcfs"), default="mlfq", help="fcfs: for comparison only")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    key = given.api_key_file.read_text(encoding="utf-8").strip() if given.api_key_file else None
    home = given.home.resolve()
    models = tuple(replace(model, scheduling=given.scheduling) for model in builtin_models(home))
    config = ServerConfig(home=home, host=given.host, port=given.port, api_key=key, models=models)
    if not config.is_loopback and not config.api_key:
        sys.stderr.write(f"{config.host!r} can be reached from other machines: give a key with --api-key-file.\n")
        return 2
    app = create_app(config, Registry(config.models, isolate=ProcessEngine.start))
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
