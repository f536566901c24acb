"""Pages that say with status 200 that there is nothing."""

from __future__ import annotations

import re

from cid.text.words import fold

LONGEST = 1500
"""Characters of text; a longer page tells of something, if only of pages that are not found."""
_NOTHING = re.compile(
    r"\b404\b|\bnot found\b|\bno longer (?:available|exists)\b|\bhas been (?:removed|deleted)\b"
    r"|\bnicht gefunden\b|\bnicht (?:mehr )?verfugbar\b|\bintrouvable\b|\bno encontrad[ao]\b|\bno existe\b"
    r"|\bnon trovat[ao]\b|\bnao encontrad[ao]\b|\bniet gevonden\b|\bnie znaleziono\b|не наи?дена|नहीं मिला"
)


def nothing_there(title: str, text: str) -> bool:
    """By its title, and where it has none by its first words."""
    return len(text) <= LONGEST and bool(_NOTHING.search(fold(title) if title.strip() else fold(text[:200])))
