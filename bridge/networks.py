"""Network addresses as proxies and operators write them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
MAPPED = IPv6Network("::ffff:0:0/96")


def read_address(text: str) -> IPv4Address | IPv6Address | None:
    """The address in `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80` or `fe80::1%eth0`; None for
    anything else (`unknown`, a name, nothing). `::ffff:192.0.2.1` is 192.0.2.1."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def forwarded_for(header: str, proxies: int) -> str:
    """The caller's address from `X-Forwarded-For`: what the outermost of our `proxies` appended, for each appends the
    address of its own caller. "" where there are fewer entries: the request did not pass all proxies.

    Split at every comma, also within quotation marks (RFC 9110): a quotation mark that a caller sends must not hide
    the addresses that our proxies append.
    """
    entries = header.split(",")
    return entries[-proxies].strip() if len(entries) >= proxies else ""


def read_network(text: str) -> Network:
    """A network or a single address; an IPv4 network that is written as IPv6 (`::ffff:10.0.0.0/104`) is IPv4.

    Raises ValueError.
    """
    network = ip_network(text.strip(), strict=False)
    if isinstance(network, IPv6Network) and network.prefixlen >= MAPPED.prefixlen and network.subnet_of(MAPPED):
        return ip_network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - MAPPED.prefixlen))
    return network


def is_in(text: str | None, networks: Iterable[Network]) -> bool:
    """Whether the address is known and in one of the networks."""
    address = read_address(text or "")
    return address is not None and any(address in network for network in networks)
