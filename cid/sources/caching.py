"""What an answer's headers say about how long it stays good (RFC 9111, sections 4.2 and 5.2.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from cid.text import dates

_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,12})", re.IGNORECASE)
_NOT_AT_ALL = re.compile(r"(?:^|[\s,])(?:no-cache|no-store)(?=[\s,]|$)", re.IGNORECASE)
LONGEST_S = 365 * 86_400


def good_for(headers: Mapping[str, str], now: datetime) -> int | None:
    """Seconds from now; None where nothing is said, or that it is good for no time at all.

    `max-age` goes before `Expires`, and what the answer's age has used up already is taken off. Names in lower case.
    """
    control = headers.get("cache-control", "")
    if _NOT_AT_ALL.search(control):
        return None
    if found := _MAX_AGE.search(control):
        age = headers.get("age", "").strip()
        seconds = int(found[1]) - (int(age[:9]) if age.isascii() and age.isdecimal() else 0)
    elif expires := dates.parse(headers.get("expires", "")):
        seconds = int((expires - (dates.parse(headers.get("date", "")) or now)).total_seconds())
    else:
        return None
    return min(seconds, LONGEST_S) if seconds > 0 else None
