"""`models`: what the inference server of the running platform serves."""

import json

from backend.cli.errors import CommandError
from backend.cli.health import http_get
from backend.embedded.home import Home
from backend.embedded.state import state_running


def models_list(home: Home) -> None:
    """Print a line for each model; raises CommandError when the server does not answer."""
    state = state_running(home)
    if state is None:
        raise CommandError(f"no platform is running in {str(home.root)!r}: `./atelier up --detach` starts it")
    status, body = http_get(state.inference_url, "/v1/models")
    if status != 200:
        raise CommandError(f"the inference server answers HTTP {status}: `./atelier logs inference` says why")
    for model in json.loads(body)["data"]:
        print(model["id"])
