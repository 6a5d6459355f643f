"""A home: private folders, sockets that fit their address, secrets of its own."""

import base64
import os
from pathlib import Path

import pytest

from backend.embedded.errors import AlreadyRunningError, EmbeddedError
from backend.embedded.home import (
    LONGEST_SOCKET_NAME,
    SOCKET_PATH_LIMIT_BYTES,
    Home,
    home_locked,
    home_resolve,
    is_locked,
)
from backend.embedded.secret_file import secrets_ensure, secrets_read


def test_r20_two_homes_share_no_secret(tmp_path: Path) -> None:
    made = []
    for name in ("a", "b"):
        home = Home(tmp_path / name)
        home.create()
        made.append(secrets_ensure(home))
    first, second = made
    assert first.secret_key != second.secret_key
    assert first.encryption_key != second.encryption_key
    assert first.setup_code != second.setup_code
    assert len(first.secret_key) >= 50
    assert len(base64.urlsafe_b64decode(first.encryption_key)) == 32
    assert first.encryption_key != first.secret_key


def test_secrets_are_private_and_stay_the_same(home: Home) -> None:
    home.create()
    first = secrets_ensure(home)
    assert secrets_ensure(home) == first
    assert home.secrets_file.stat().st_mode & 0o777 == 0o600


def test_damaged_secrets_are_named_and_never_replaced(home: Home) -> None:
    home.create()
    home.secrets_file.write_text("{")
    with pytest.raises(EmbeddedError, match=r"secrets\.json"):
        secrets_ensure(home)
    assert home.secrets_file.read_text() == "{"
    with pytest.raises(EmbeddedError):
        secrets_read(home)


@pytest.mark.parametrize("length", [10, 60, 87, 88, 200, 2000])
def test_a_socket_path_always_fits_into_an_address(length: int) -> None:
    home = Home(Path("/") / "/".join("d" * min(50, length - i) for i in range(0, length, 51)))
    assert len(os.fsencode(home.sockets / LONGEST_SOCKET_NAME)) <= SOCKET_PATH_LIMIT_BYTES


def test_a_long_home_has_a_short_socket_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    homes = [Home(tmp_path / ("x" * 120) / name) for name in ("a", "b")]
    for home in homes:
        home.create()
        assert home.sockets.parent == tmp_path
        assert home.sockets.stat().st_mode & 0o777 == 0o700
    assert homes[0].sockets != homes[1].sockets


def test_a_socket_folder_that_others_can_enter_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    home = Home(tmp_path / ("x" * 120))
    home.sockets.mkdir(mode=0o777)
    home.sockets.chmod(0o777)
    with pytest.raises(EmbeddedError, match="open to others"):
        home.create()


def test_the_option_wins_over_the_environment_over_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ATELIER_HOME", str(tmp_path / "env"))
    assert home_resolve(str(tmp_path / "option")).root == tmp_path / "option"
    assert home_resolve(None).root == tmp_path / "env"
    monkeypatch.delenv("ATELIER_HOME")
    assert home_resolve(None).root.name == "var"


def test_a_lock_is_exclusive_and_ends_with_its_holder(home: Home) -> None:
    home.create()
    assert not is_locked(home)
    with home_locked(home):
        assert is_locked(home)
        with pytest.raises(AlreadyRunningError, match="down"), home_locked(home):
            pass
    assert not is_locked(home)
