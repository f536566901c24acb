"""What an outlet is kept under, from what people call it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from cid.text import countries
from cid.text.words import words


def keys(outlet: str, country: str = "") -> Sequence[str]:
    """As runs of it are kept under, with its country or with any: few hundred keys, each found in the index. The first
    time reads the table of countries: tenths of a second."""
    names = dict.fromkeys((" ".join(words(outlet)), outlet.strip().removeprefix("@").casefold()))
    codes = [country] if country else ["", *countries.codes()]
    return [f"{name} {code}".strip() for name in names for code in codes]
