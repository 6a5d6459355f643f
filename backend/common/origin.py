"""Where the request that is being answered came from: the address and the program, for the audit log."""

import ipaddress
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass

from django.conf import settings

USER_AGENT_CHARS = 200
_ASKED: ContextVar[Mapping[str, object] | None] = ContextVar("request_meta", default=None)


@dataclass(frozen=True, slots=True)
class RequestOrigin:
    """An address as text, and what the program calls itself."""

    address: str
    user_agent: str


def origin_remember(meta: Mapping[str, object]) -> None:
    """Note the headers of the request that this context answers; they are read only when somebody asks."""
    _ASKED.set(meta)


def origin_now() -> RequestOrigin | None:
    """Return where the present request came from; None outside of requests."""
    meta = _ASKED.get()
    if meta is None:
        return None
    agent = str(meta.get("HTTP_USER_AGENT", "")).replace("\0", "")
    return RequestOrigin(address_of(meta), agent[:USER_AGENT_CHARS])


def address_of(meta: Mapping[str, object]) -> str:
    """Return the address of the caller. What a proxy says is believed of trusted proxies alone, from the nearest on."""
    nearest = _clean(str(meta.get("REMOTE_ADDR", "")))
    named = [_clean(part) for part in str(meta.get("HTTP_X_FORWARDED_FOR", "")).split(",") if part.strip()]
    while named and _is_trusted(nearest):
        if not named[-1]:
            break
        nearest = named.pop()
    return nearest


def _clean(text: str) -> str:
    """Return an address without a port, or nothing where it is none."""
    said = text.strip().removeprefix("[")
    for part in (said, said.partition("]")[0], said.rpartition(":")[0]):
        try:
            return str(ipaddress.ip_address(part))
        except ValueError:
            continue
    return ""


def _is_trusted(address: str) -> bool:
    if not address:
        return False
    found = ipaddress.ip_address(address)
    return any(found in ipaddress.ip_network(network) for network in settings.ENVIRONMENT.trusted_proxies)
