"""Busy ports are refused by name before anything is started."""

import re
import socket
from collections.abc import Iterator

import pytest

from backend.embedded.errors import EmbeddedError, PortBusyError
from backend.embedded.ports import is_free, ports_require_free


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        yield listener.getsockname()[1]


def test_a_busy_web_port_is_named_with_a_free_alternative(busy_port: int) -> None:
    with pytest.raises(PortBusyError, match=f"port {busy_port} is busy") as caught:
        ports_require_free("127.0.0.1", busy_port)
    offered = re.search(r"--port (\d+)", str(caught.value))
    assert offered is not None
    assert is_free("127.0.0.1", int(offered[1]))
    assert is_free("127.0.0.1", int(offered[1]) + 1)


def test_a_busy_inference_port_is_named_too(busy_port: int) -> None:
    with pytest.raises(PortBusyError, match=f"port {busy_port} is busy, and the inference server"):
        ports_require_free("127.0.0.1", busy_port - 1)


@pytest.mark.parametrize("port", [0, -1, 65535, 99999])
def test_a_port_without_a_successor_is_refused(port: int) -> None:
    with pytest.raises(EmbeddedError, match="out of range"):
        ports_require_free("127.0.0.1", port)


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(EmbeddedError, match="--host"):
        ports_require_free("192.0.2.1", 18999)
