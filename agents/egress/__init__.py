"""The one door for outbound HTTP: what may be reached, how it is dialled, and how much comes back."""

from agents.egress.addresses import IPAddress, IPNetwork, is_public
from agents.egress.exchange import (
    MAX_BYTES,
    MAX_REDIRECTS,
    TIMEOUT_S,
    ExchangeLimits,
    Fetched,
    Outgoing,
    TooLarge,
    fetch,
    send,
)
from agents.egress.page_types import PAGE_SUFFIXES
from agents.egress.rules import OPEN_RULES, EgressRules, Place
from agents.egress.transport import EgressRefused, PublicTransport, Resolve, addresses_of, resolve_host

__all__ = [
    "MAX_BYTES",
    "MAX_REDIRECTS",
    "OPEN_RULES",
    "PAGE_SUFFIXES",
    "TIMEOUT_S",
    "EgressRefused",
    "EgressRules",
    "ExchangeLimits",
    "Fetched",
    "IPAddress",
    "IPNetwork",
    "Outgoing",
    "Place",
    "PublicTransport",
    "Resolve",
    "TooLarge",
    "addresses_of",
    "fetch",
    "is_public",
    "resolve_host",
    "send",
]
