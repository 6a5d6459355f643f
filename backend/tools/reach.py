"""Would a request be let out? The rules of a workspace asked about one address; nothing is sent to it."""

import asyncio
import ipaddress
import uuid
from dataclasses import dataclass

from django.conf import settings

from agents.egress import EgressRules, addresses_of
from backend.common.egress import origin_of
from backend.common.errors import Invalid
from backend.common.rates import rate_check
from backend.tools.selectors import egress_rules

CHECKS_PER_MINUTE = 60
RESOLVE_LIMIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Reach:
    """What the rules say of an address; `reason` is why it is not reached, or empty. No addresses: no such name."""

    host: str
    port: int
    addresses: tuple[str, ...]
    reason: str

    @property
    def is_reached(self) -> bool:
        """Whether a request would be sent."""
        return not self.reason


def egress_check(*, workspace_id: uuid.UUID, url: str, rules: EgressRules | None = None) -> Reach:
    """Return what the rules say of the address, those that are stored unless others are given.

    Raises `Invalid` for what is no http address, and `TooManyRequests` above 60 checks a minute of the workspace.
    """
    rate_check(
        f"egress-check:{workspace_id}",
        limit=CHECKS_PER_MINUTE,
        window_s=60,
        message=f"this workspace checked {CHECKS_PER_MINUTE} addresses within a minute: wait a moment",
    )
    try:
        _, host, port = origin_of(url.strip())
    except ValueError as error:
        raise Invalid(str(error), fields={"url": [str(error)]}) from error
    try:
        addresses = asyncio.run(_resolved(host, port))
    except (OSError, ValueError):
        return Reach(host, port, (), f"the name {host!r} has no address")
    opened = [ipaddress.ip_network(text) for text in settings.ENVIRONMENT.egress_networks]
    given = rules if rules is not None else egress_rules(workspace_id)
    reason = given.with_networks(opened).refusal(host, port, addresses)
    return Reach(host, port, tuple(map(str, addresses)), reason)


async def _resolved(host: str, port: int) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    async with asyncio.timeout(RESOLVE_LIMIT_S):
        return await addresses_of(host, port)
