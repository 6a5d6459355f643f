"""R20 and its neighbours: no constant secret, weak ones refused, Django's own deployment checks green."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from backend.config.environment import ConfigurationError, secrets_read
from backend.embedded.home import Home
from backend.embedded.secret_file import secrets_ensure

GOOD = {
    "secret_key": "q8Zt3nVw7LrK0pYb5XcMd2HsGfJ6uAeT1iNoR9lQvCxWzB4yUhPk",
    "encryption_key": "other",
    "setup_code": "c",
}


def write(home: Path, **changes: object) -> Path:
    home.mkdir(exist_ok=True)
    (home / "secrets.json").write_text(json.dumps({**GOOD, **changes}))
    return home


@pytest.fixture(autouse=True)
def _own_secrets_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ATELIER_SECRETS_FILE", raising=False)


def test_r20_two_installations_share_no_secret(tmp_path: Path) -> None:
    homes = [Home(tmp_path / name) for name in ("one", "two")]
    for home in homes:
        home.root.mkdir(mode=0o700)
    first, second = (secrets_ensure(home) for home in homes)
    for name in ("secret_key", "encryption_key", "setup_code"):
        assert getattr(first, name) != getattr(second, name)
    assert first.secret_key != first.encryption_key and len(first.secret_key) >= 50
    assert homes[0].secrets_file.stat().st_mode & 0o077 == 0
    assert secrets_ensure(homes[0]) == first, "a second start keeps the secrets"


@pytest.mark.parametrize(
    "key",
    ["", "short", "x" * 49, "django-insecure-" + "x" * 60, "changeme" * 10, "my-secret-" * 8],
    ids=["empty", "short", "49 characters", "django-insecure", "changeme", "secret"],
)
def test_r20_a_weak_secret_key_is_refused_with_what_to_do(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigurationError, match="random key"):
        secrets_read(write(tmp_path / "home", secret_key=key))


@pytest.mark.parametrize("key", ["", None, GOOD["secret_key"]], ids=["empty", "absent", "the secret key again"])
def test_r20_the_encryption_key_is_one_of_its_own(tmp_path: Path, key: str | None) -> None:
    with pytest.raises(ConfigurationError, match="encryption_key of its own"):
        secrets_read(write(tmp_path / "home", encryption_key=key))


def test_r20_a_good_file_is_read_and_a_missing_one_named(tmp_path: Path) -> None:
    assert secrets_read(write(tmp_path / "home")).setup_code == "c"
    with pytest.raises(ConfigurationError, match="atelier up"):
        secrets_read(tmp_path / "nowhere")


def test_r20_a_process_does_not_start_with_a_weak_secret(tmp_path: Path) -> None:
    done = django("check", ATELIER_SECRETS_FILE="", ATELIER_HOME=str(write(tmp_path / "home", secret_key="short")))
    assert done.returncode != 0 and "ConfigurationError" in done.stderr


def test_r20_djangos_deployment_checks_are_green(tmp_path: Path) -> None:
    done = django(
        "check", "--deploy", "--fail-level", "WARNING",
        ATELIER_HOME=str(write(tmp_path / "home")),
        ATELIER_SECRETS_FILE="",
        ATELIER_PUBLIC_URL="https://atelier.example",
        ATELIER_HOST="0.0.0.0",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_passwords_are_hashed_with_scrypt_first() -> None:
    assert settings.PASSWORD_HASHERS[0].endswith("ScryptPasswordHasher")


def django(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a Django command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "django", *arguments],
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "backend.config.settings"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("path", ["/", "/api/v1/setup", "/api/v1/session", "/v1/info", "/login"])
def test_a_foreign_name_reads_nothing(path: str, client: Client) -> None:
    """A page that rebinds its own name to loopback must not even learn whether set-up is open."""
    response = client.get(path, headers={"host": "evil.example"})
    assert response.status_code == 400
    assert response.json()["code"] == "unknown_host"
