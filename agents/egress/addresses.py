"""Addresses: which are of the internet, and which no name and no wide network may open."""

import ipaddress

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

# An IPv4 address inside an IPv6 one is reached as IPv4: it is judged as that, or not reached at all.
TRANSLATED = tuple(ipaddress.ip_network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))
# Where clouds keep the credentials of a machine, and what is no host at all: only a network inside opens these.
GUARDED = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "169.254.0.0/16",
        "100.100.100.200/32",
        "192.0.0.192/32",
        "168.63.129.16/32",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "fe80::/10",
        "fd00:ec2::254/128",
        "ff00::/8",
    )
)


def plain(address: IPAddress) -> IPAddress:
    """Return the IPv4 address that an IPv6 one merely wraps, or the address itself."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def is_public(address: IPAddress) -> bool:
    """May the internet at large be found at this address? Private, local, shared and translated ones are not public."""
    address = plain(address)
    if isinstance(address, ipaddress.IPv6Address) and (
        address.is_site_local or any(address in network for network in TRANSLATED)
    ):
        return False
    if guard_of(address) is not None:
        return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_loopback or address.is_link_local
    )


def guard_of(address: IPAddress) -> IPNetwork | None:
    """Return the guarded network that the address lies in."""
    return next((network for network in GUARDED if address in network), None)


def is_opened(address: IPAddress, network: IPNetwork) -> bool:
    """Whether listing `network` opens `address`: a guarded one only when the network lies in what guards it."""
    if address not in network:
        return False
    guard = guard_of(address)
    if guard is None:
        return True
    return network.prefixlen >= guard.prefixlen
