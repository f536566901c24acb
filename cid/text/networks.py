"""Whose address it is that somebody comes from, as far as counting goes."""

from __future__ import annotations

import ipaddress


def customer_of(address: str) -> str:
    """An IPv6 customer has a /64 of addresses: counted one by one, a limit would be none.

    What is no address is answered as it is.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
