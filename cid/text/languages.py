"""Names of languages, as BCP 47 spells them."""

from __future__ import annotations

import re

_TAG = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{1,8}){0,4}")


def tag(text: str) -> str:
    """In lower case, or the empty string where `text` is no tag: “Azerbaijani” is a word, `az` a language."""
    spelled = text.strip().lower().replace("_", "-")
    return spelled if _TAG.fullmatch(spelled) else ""
