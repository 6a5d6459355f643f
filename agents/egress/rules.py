"""What a workspace may reach: public addresses on the usual ports, and what an administrator lists or forbids."""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agents.egress.addresses import IPAddress, IPNetwork, is_opened, is_public

USUAL_PORTS = frozenset({80, 443, 8080, 8443})
MAX_PORT = 65_535
MAX_PLACES = 500
_WITH_PORT = re.compile(r"(?P<place>\[[^\]]+\](?:/\d+)?|[^:\[\]]+):(?P<port>\d{1,5})")
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")


@dataclass(frozen=True, slots=True)
class Place:
    """A host, the hosts below one (`*.example.org`), or a network; on one port, or on every port for None."""

    host: str = ""
    network: IPNetwork | None = None
    port: int | None = None

    @classmethod
    def read(cls, text: str) -> "Place":
        """Read `host`, `*.host`, `10.1.0.0/16`, `[fd00::1]`, each with `:port` or without; raises `ValueError`."""
        bare = text.strip().lower()
        found = _WITH_PORT.fullmatch(bare)
        port = int(found["port"]) if found else None
        if port is not None and not 0 < port <= MAX_PORT:
            raise ValueError(f"{text!r} has the port {port}: ports go from 1 to {MAX_PORT}")
        name = (found["place"] if found else bare).replace("[", "").replace("]", "").rstrip(".")
        try:
            return cls(network=ipaddress.ip_network(name), port=port)
        except ValueError as error:
            if "/" in name or ":" in name:
                raise ValueError(f"{text!r} is no network: write it as 10.1.0.0/16 or fd00::/8 ({error})") from error
        try:
            name = name if name.isascii() else name.encode("idna").decode("ascii")
        except UnicodeError:
            name = ""
        if not _HOST.fullmatch(name) or _NUMBER.fullmatch(name.rpartition(".")[2]):
            raise ValueError(f"{text!r} is neither a host such as api.example.org or *.example.org nor a network")
        return cls(host=name, port=port)

    def names(self, host: str) -> bool:
        """Whether the host is the one, or one of those, that this stands for."""
        if self.host.startswith("*."):
            return host.endswith(self.host[1:])
        return bool(self.host) and host == self.host

    def is_at(self, port: int) -> bool:
        """Whether the port is meant."""
        return self.port is None or self.port == port


@dataclass(frozen=True, slots=True)
class EgressRules:
    """The rules of one workspace. What is listed in `deny` is never reached.

    `allow` opens private addresses and unusual ports: of a network, and of a host that is named in full; a wildcard
    opens ports only, since whoever owns the domain chooses its addresses. With `only_listed` nothing else is reached.
    """

    allow: tuple[Place, ...] = ()
    deny: tuple[Place, ...] = ()
    only_listed: bool = False

    @classmethod
    def read(cls, allow: Iterable[str] = (), deny: Iterable[str] = (), *, only_listed: bool = False) -> "EgressRules":
        """Read two lists of places; raises `ValueError` that names the first which is none."""
        return cls(tuple(map(Place.read, allow)), tuple(map(Place.read, deny)), only_listed)

    def refusal(self, host: str, port: int, addresses: Sequence[IPAddress]) -> str:
        """Return why a host with these addresses may not be reached on the port; empty when it may."""
        host = host.rstrip(".").lower()
        if any(place.is_at(port) and _covers_any(place, host, addresses) for place in self.deny):
            return f"{host!r} is on the list of places that this workspace never reaches"
        here = [place for place in self.allow if place.is_at(port)]
        for address in addresses:
            if not (is_public(address) or any(_opens(place, host, address) for place in here)):
                return f"{host!r} is inside a private network: an administrator can allow it"
        listed = any(_covers_all(place, host, addresses) for place in here)
        if self.only_listed and not listed:
            return f"{host!r} is not among the places that this workspace reaches: an administrator can allow it"
        if port not in USUAL_PORTS and not listed:
            usual = ", ".join(map(str, sorted(USUAL_PORTS)))
            return f"port {port} of {host!r} is none of {usual}: an administrator can allow '{host}:{port}'"
        return ""

    def with_networks(self, networks: Iterable[IPNetwork]) -> "EgressRules":
        """Return the rules with networks that the installation allows."""
        return EgressRules((*self.allow, *(Place(network=item) for item in networks)), self.deny, self.only_listed)


OPEN_RULES = EgressRules()
"""The public internet on the usual ports."""


def _opens(place: Place, host: str, address: IPAddress) -> bool:
    if place.network is not None:
        return is_opened(address, place.network)
    return place.names(host) and "*" not in place.host and is_opened(address, _everything(address))


def _everything(address: IPAddress) -> IPNetwork:
    return ipaddress.ip_network("0.0.0.0/0" if address.version == 4 else "::/0")


def _covers_any(place: Place, host: str, addresses: Sequence[IPAddress]) -> bool:
    return place.names(host) or (place.network is not None and any(address in place.network for address in addresses))


def _covers_all(place: Place, host: str, addresses: Sequence[IPAddress]) -> bool:
    return place.names(host) or (place.network is not None and all(address in place.network for address in addresses))
