"""Lists of addresses as people paste them."""

from __future__ import annotations

from cid.domain.errors import Refused

LINES = 1000


def addresses(text: str) -> list[str]:
    """One per line; empty lines and those that begin with `#` are passed over. Raises Refused: more than LINES."""
    found = [line.strip() for line in text.lstrip("\ufeff").splitlines()]
    wanted = [line for line in found if line and not line.startswith("#")]
    if len(wanted) > LINES:
        raise Refused(f"The list has {len(wanted)} addresses: {LINES} are taken at a time.")
    return wanted
