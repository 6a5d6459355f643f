"""The verbs without a running platform: exit codes, streams and messages that scripts rely on."""

import json
import socket
from pathlib import Path

import pytest

from backend.cli.benches.table import json_write
from backend.cli.errors import CommandError
from backend.embedded.home import Home
from tests.cli.conftest import Atelier


@pytest.mark.parametrize("streams", ["", "0", "1,x", "65", "1;8"])
def test_streams_of_a_bench_are_numbers(atelier: Atelier, streams: str) -> None:
    done = atelier("models", "bench", "smollm2-135m-instruct", "--streams", streams)
    assert done.returncode == 1
    assert done.stderr.startswith(f"atelier: --streams {streams!r} is no list of numbers from 1 to 64")
    assert len(done.stderr.splitlines()) == 1


def test_figures_that_cannot_be_written_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be written: No such file or directory; choose another file"):
        json_write(str(tmp_path / "none" / "a.json"), {})


def test_there_must_be_an_adapter_to_begin_with(atelier: Atelier) -> None:
    done = atelier("models", "train-starter", "--begin-with", "nowhere.gguf")
    assert done.returncode == 1
    assert "no adapter 'nowhere.gguf' to begin with" in done.stderr


def test_status_without_a_platform_exits_1_and_touches_nothing(atelier: Atelier, home: Home) -> None:
    done = atelier("status", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout) == {"running": False, "home": str(home.root), "processes": []}
    assert not home.root.exists()


def test_down_without_a_platform_is_harmless(atelier: Atelier, home: Home) -> None:
    done = atelier("down")
    assert (done.returncode, done.stderr) == (0, "Atelier is not running.\n")
    assert not home.root.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("admin", "create", "--email", "a@example.org", "--password", "long enough"),
        ("token", "create", "--email", "a@example.org"),
        ("models", "list"),
        ("models", "bench", "smollm2-135m-instruct"),
    ],
)
def test_a_verb_that_needs_the_platform_says_how_to_start_it(atelier: Atelier, arguments: tuple[str, ...]) -> None:
    done = atelier(*arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "./atelier up" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("offset", [0, -1])
def test_up_refuses_a_busy_port_before_it_does_anything(atelier: Atelier, home: Home, offset: int) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        busy = listener.getsockname()[1]
        done = atelier("up", "--detach", "--port", str(busy + offset))
    assert done.returncode == 1
    assert f"port {busy} is busy" in done.stderr
    assert "up --port" in done.stderr
    assert not home.root.exists()


def test_an_unknown_log_names_those_that_there_are(atelier: Atelier, home: Home) -> None:
    home.create()
    home.log_file("web").write_text("hello\n")
    assert atelier("logs", "web").stdout == "hello\n"
    done = atelier("logs", "wbe")
    assert done.returncode == 1
    assert "there are: web" in done.stderr


def test_every_verb_takes_a_home(atelier: Atelier, home: Home) -> None:
    other = home.root.with_name("other")
    done = atelier("status", "--json", "--home", str(other))
    assert json.loads(done.stdout)["home"] == str(other)
