"""Secrets of applications survive a new key of the installation."""

from typing import Any

import pytest
from cryptography.fernet import Fernet

from backend.apps.models import App, AppVersion
from backend.apps.services.rotation import app_secrets_rotate
from backend.common import secrets as stored_secrets
from backend.common.secrets import Rotation, decrypt, encrypt
from backend.config.environment import Secrets
from tests.backend.conftest import Person

pytestmark = pytest.mark.django_db


def test_r21_secret_variables_of_drafts_and_versions_are_encrypted_anew(owner: Person, settings: Any) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    use_keys(settings, old)
    own = {"workspace": owner.workspace}
    app = App.objects.create(**own, name="a", slug="a", mode="workflow", draft_secrets={"token": encrypt("CANARY")})
    AppVersion.objects.create(**own, app=app, number=1, config={}, secrets={"token": encrypt("CANARY-1")})
    App.objects.create(**own, name="b", slug="b", mode="workflow")
    use_keys(settings, f"{new},{old}")
    assert app_secrets_rotate() == Rotation(2, ())
    use_keys(settings, new)
    assert decrypt(App.unscoped.get(slug="a").draft_secrets["token"]) == "CANARY"
    assert decrypt(AppVersion.unscoped.get().secrets["token"]) == "CANARY-1"
    use_keys(settings, Fernet.generate_key().decode())
    assert app_secrets_rotate() == Rotation(0, ("variable token",))
    stored_secrets._cipher.cache_clear()


def use_keys(settings: Any, keys: str) -> None:
    settings.SECRETS = Secrets(settings.SECRETS.secret_key, keys, settings.SECRETS.setup_code)
    stored_secrets._cipher.cache_clear()
