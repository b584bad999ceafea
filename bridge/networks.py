"""Network addresses as proxies and operators write them. Pure."""

from __future__ import annotations

import socket
import unicodedata
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
MAPPED = IPv6Network("::ffff:0:0/96")
NAT64 = IPv6Network("64:ff9b::/96")
"""Where a network has IPv6 only, a public IPv4 address is reached by an address in here, which ends in it."""
GLOBAL = IPv6Network("2000::/3")
RESERVED = tuple(
    map(
        ip_network,
        [
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24"),
            *("192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
            *("224.0.0.0/4", "240.0.0.0/4"),
            "168.63.129.16",  # Azure's service for its virtual machines, at an address that looks public
            *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),  # tunnels, documentation
        ],
    )
)
"""Not of the public internet: https://www.iana.org/assignments/iana-ipv4-special-registry and its IPv6 counterpart.
169.254.0.0/16 and 100.64.0.0/10 hold the metadata services of clouds."""


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


def is_public(text: str) -> bool:
    """Whether this is an address of the public internet: neither of a private network, nor of this machine, nor
    reserved. False for what is no address."""
    address = read_address(text)
    if isinstance(address, IPv6Address):
        if address in NAT64:
            address = IPv4Address(int(address) & 0xFFFFFFFF)
        elif address not in GLOBAL:
            return False
    return address is not None and not any(address in network for network in RESERVED)


def is_loopback(host: str) -> bool:
    """Whether a host is this very machine, by its address or as `localhost`."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def literal_address(host: str) -> str:
    """The address that a host is which is written as one, in any form that a resolver takes (`127.1`, `0x7f000001`,
    `2130706433`, full-width digits, `[::1]`); "" for a name."""
    host = unicodedata.normalize("NFKC", host).rstrip(".")
    if ":" in host:
        return str(read_address(f"[{host.strip('[]')}]") or "")
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, UnicodeError):
        return ""
