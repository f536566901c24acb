"""Addresses in text that nobody allowed: the way a hijacked model would carry something out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import urlsplit

from cid.text.clean import unhidden

_OURS = "\0"
_HOST = r"(?<![\w@.\-/])(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}"
_FOREIGN = re.compile(
    r"(?:https?:|ftp:|www\.)[^\s)>\]\"']*"  # an address, bare or not
    r"|(?:javascript|vbscript|file|blob|intent):(?=[^\s])[^\s>\]\"']*"  # what runs or reads instead of leading anywhere
    r"|data:[\w.+-]{0,40}(?:/[\w.+-]{1,60})?[;,][^\s)>\]\"']*"
    r"|(?<![\w:/])[/\\]{2}(?=[\w\[][^\s/\\]*[.:\]])[^\s)>\]\"']*"  # one that takes its scheme from the page
    rf"|{_HOST}(?<!\.js)(?::\d{{2,5}}|[/?#])(?=[\w/%?=&#~@.+-])[^\s)>\]\"']*"  # without scheme, but with a path
    r"|\]\(\s*(?!<?\0)[^)\s]*"  # the target of a Markdown link, whatever its scheme
    r"|^[ \t>*+\-\d.)]*\[(?:[^\[\]\\\0]|\\.){1,999}\]:\s*(?!<?\0)\S+"  # of a link by reference, in lists too
    r"|<(?:[a-z][a-z0-9+.\-]{1,31}:)[^>\s]*",  # an autolink
    re.IGNORECASE | re.MULTILINE,
)
# Endings that make a word a site's name to whoever turns names into links; in small letters: `.It` begins a sentence
# after a lost space. The last three are reserved for examples.
_ENDINGS = (
    "com net org info biz edu gov int eu io co ai app dev xyz top site online shop store club news live pro link click"
    " me tv cc ly gg to tk ru su cn uk de fr it es pt nl be ch at se no fi dk pl cz gr tr il ir in jp kr hk tw sg my th"
    " vn id ph au nz br mx ar cl za ng ke eg ma ua ro hu bg rs hr ca us ie example test invalid"
)
_SITE = re.compile(rf"(?<![\w.\-/])(?:[\w-]{{1,63}}\.){{1,8}}(?:{'|'.join(_ENDINGS.split())})(?![\w-]|\.\w)")


def foreign(text: str, allowed: Iterable[str]) -> list[str]:
    """The addresses in `text` that are not exactly among `allowed`, as they stand there. An allowed one with something
    appended is another address, and so is one that holds what no reader sees. What reads as an address once wide
    letters are made plain is one."""
    addresses = sorted({address for address in allowed if address}, key=len, reverse=True)
    text = text.replace(_OURS, "")
    found = _found(text, addresses)
    seen = _folded(text)
    return found if found or seen == text else _found(seen, addresses)


def unlinked(text: str) -> str:
    """`text` in which nothing is an address any more."""
    before = None
    while text != before:  # what is left of one may make another
        before, text = text, _FOREIGN.sub("…", text.replace(_OURS, ""))
        if text == before and foreign(text, ()):
            text = _folded(text)
    return text


def sites(text: str, allowed: Iterable[str]) -> list[str]:
    """Names of sites in `text` that stand there as words, in lower case, each once: many programs make links of them.
    Those at which an allowed address lies are left out."""
    known = {(urlsplit(address).hostname or "").removeprefix("www.") for address in allowed}
    named = dict.fromkeys(match.group().lower().removeprefix("www.") for match in _SITE.finditer(_folded(text)))
    return [name for name in named if name not in known]


def _found(text: str, addresses: list[str]) -> list[str]:
    if addresses:
        either = "|".join(re.escape(address) for address in addresses)
        text = re.sub(rf"(?:{either})(?=[.,;:!?*_]*(?:$|[\s)>\]\"'|<]))", _OURS, text, flags=re.MULTILINE)
    return [match.group().lstrip("](< ") for match in _FOREIGN.finditer(text)]


def _folded(text: str) -> str:
    """As whoever follows an address reads it: wide letters plain, an ideographic full stop as the dot of a name."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", unhidden(text)).replace("。", ".").replace(_OURS, "")
