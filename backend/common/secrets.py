"""Keys that are shown once and stored as digests, and secrets that are stored encrypted."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

KEY_BYTES = 32
SHOWN_PREFIX_CHARS = 12


class UndecryptableSecret(Exception):
    """A stored secret was encrypted with a key that this installation no longer has."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """How many secrets were encrypted anew, and whose secret cannot be read any more."""

    rotated: int
    unreadable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewKey:
    """A fresh key: `plaintext` goes to the caller once, the rest is stored."""

    plaintext: str
    prefix: str
    digest: str


def key_digest(plaintext: str) -> str:
    """Return the SHA-256 of a key, in hex. Keys are 256 random bits: no salt or stretching is needed."""
    return hashlib.sha256(plaintext.encode()).hexdigest()


def key_create(kind: str) -> NewKey:
    """Return a new key such as `app-…`; the prefix is for eyes, the stored kind decides what it opens."""
    plaintext = f"{kind}-{secrets.token_urlsafe(KEY_BYTES)}"
    return NewKey(plaintext, plaintext[:SHOWN_PREFIX_CHARS], key_digest(plaintext))


def equals(left: str, right: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())


@lru_cache(maxsize=1)
def _cipher() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.SECRETS.encryption_key.split(",")])


def encrypt(plaintext: str) -> str:
    """Return the secret encrypted with the installation's encryption key (Fernet)."""
    return _cipher().encrypt(plaintext.encode()).decode() if plaintext else ""


def decrypt(ciphertext: str) -> str:
    """Return what `encrypt` was given; raises `UndecryptableSecret`."""
    if not ciphertext:
        return ""
    try:
        return _cipher().decrypt(ciphertext.encode()).decode()
    except InvalidToken as error:
        raise UndecryptableSecret("the secret was stored under another encryption key: enter it again") from error


def rotate(ciphertext: str) -> str:
    """Return the secret encrypted anew with the first of the installation's keys."""
    return _cipher().rotate(ciphertext.encode()).decode() if ciphertext else ""
