"""Which addresses the desk connects to when a stranger names them. Pure."""

from __future__ import annotations

import ipaddress
from typing import TypeAlias

Ip: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

# By name and not by `is_global`: that is true for multicast, ::127.0.0.1, NAT64, 6to4, fec0::/10 and 168.63.129.16.
_RESERVED = """
    0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24
    192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 168.63.129.16/32
    ::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 3fff::/20 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8
"""
_BLOCKED = tuple(ipaddress.ip_network(network) for network in _RESERVED.split())
_6TO4 = ipaddress.IPv6Network("2002::/16")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(text: str) -> bool:
    """`text` is an IP address as the resolver or the socket layer has it; a zone marks a local one."""
    if "%" in text:
        return False
    try:
        ip = _unwrapped(ipaddress.ip_address(text))
    except ValueError:
        return False
    return not any(ip.version == network.version and ip in network for network in _BLOCKED)


def _unwrapped(ip: Ip) -> Ip:
    """The IPv4 address inside mapped, 6to4 and NAT64 forms: that is where the packets go."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip.ipv4_mapped:
        return ip.ipv4_mapped
    if ip in _6TO4:
        return ipaddress.IPv4Address(ip.packed[2:6])
    if ip in _NAT64:
        return ipaddress.IPv4Address(ip.packed[12:16])
    return ip
