"""Addresses in text that nobody allowed: the way a hijacked model would carry something out."""

from __future__ import annotations

import re
from collections.abc import Iterable

_OURS = "\0"
_FOREIGN = re.compile(
    r"(?:https?:|ftp:|www\.)[^\s)>\]\"']*"  # an address, bare or not
    r"|\]\(\s*(?!<?\0)[^)\s]*"  # the target of a Markdown link, whatever its scheme
    r"|^ {0,3}\[[^\]\n]+\]:\s*(?!<?\0)\S+"  # of a link by reference
    r"|<(?:[a-z][a-z0-9+.\-]{1,31}:)[^>\s]*",  # an autolink
    re.IGNORECASE | re.MULTILINE,
)


def foreign(text: str, allowed: Iterable[str]) -> list[str]:
    """The addresses in `text` that are not exactly among `allowed`, as they stand there. An allowed one with something
    appended is another address."""
    text = text.replace(_OURS, "")
    addresses = sorted({address for address in allowed if address}, key=len, reverse=True)
    if addresses:
        either = "|".join(re.escape(address) for address in addresses)
        text = re.sub(rf"(?:{either})(?=[.,;:!?*_]*(?:$|[\s)>\]\"'|<]))", _OURS, text, flags=re.MULTILINE)
    return [match.group().lstrip("](< ") for match in _FOREIGN.finditer(text)]


def unlinked(text: str) -> str:
    """`text` in which nothing is an address any more."""
    before = None
    while text != before:  # what is left of one may make another
        before, text = text, _FOREIGN.sub("…", text.replace(_OURS, ""))
    return text
