"""Who speaks: by the host, as far as lists know it."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

from cid.domain.evidence import Confidence, SourceClass
from cid.domain.searching import SourceRules
from cid.text import urls
from cid.text.injection import signs

_CEILING = {SourceClass.SOCIAL: Confidence.LOW, SourceClass.VENDOR: Confidence.MEDIUM}
"""No higher than this, whatever anybody thinks of the sentence."""
_ORDER = (Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH)


def classed(url: str, rules: SourceRules) -> SourceClass | None:
    """None: no list names it."""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".").lower()
    except ValueError:
        return None
    labels = host.split(".")
    under = {".".join(labels[start:]) for start in range(len(labels))}
    if len(labels) > 1 and len(labels[-1]) == 2:
        under.add(f"{labels[-2]}.*")
    return next((kind for kind, listed in rules.by_class() if not under.isdisjoint(listed)), None)


@lru_cache(maxsize=5000)
def called(publisher: str, url: str) -> str:
    """What a publisher calls itself, which strangers wrote, too; its host where that reads as an order to a model."""
    return urls.site(url) if signs(publisher) else publisher


def bounded(confidence: Confidence, kind: SourceClass) -> Confidence:
    return min(confidence, _CEILING.get(kind, Confidence.HIGH), key=_ORDER.index)
