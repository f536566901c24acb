"""Names of languages as pages and feeds give them."""

from __future__ import annotations

import re

LIMIT = 35
"""Characters: what BCP 47 says a buffer for a language tag should hold at least (RFC 5646, 4.4.1)."""
_TAG = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{1,8})*")


def tag(text: str) -> str:
    """A language tag (BCP 47) in lower case, `en_US` read as `en-us`; empty for anything that is none."""
    spelled = text.strip().lower().replace("_", "-")
    return spelled if len(spelled) <= LIMIT and _TAG.fullmatch(spelled) else ""
