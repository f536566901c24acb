"""What to search for, and what pages say, without a model: the words of the headline, and the sentences that share the
most of them or hold a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cid.domain.llm import Json
from cid.text.prose import numbers, quotations, sentences, significant
from cid.text.words import words

PER_PAGE = 4
SHORTEST, LONGEST = 5, 45
"""Words of a sentence that is taken."""
ALIKE = 2
"""Significant words that a sentence shares with the headline, to be about the same."""
HEADLINE = 12
"""Words of it that are searched for."""


def queries(shared: Mapping[str, Json], story: Mapping[str, Json]) -> Mapping[str, Json]:
    headline = " ".join(words(story["headline"])[:HEADLINE])
    about = [headline, *(f"{headline} {keyword}" for keyword in shared["profile"]["keywords"])]
    about += [f"{headline} {place}" for place in shared["profile"]["geography"]]
    asked = [text.strip() for text in about if text.strip()] or [story["publisher"] or "news"]
    return {"queries": [{"text": text, "news": False} for text in asked[: shared["queries"]["most"]]]}


def evidence(_shared: Mapping[str, Json], story: Mapping[str, Json]) -> Mapping[str, Json]:
    about = significant(story["headline"])
    claims = [claim for page in story["pages"] for claim in _of(page, about)]
    return {"claims": claims, "avoid": [], "sources": []}


def _of(page: Mapping[str, Json], about: set[str]) -> Sequence[Mapping[str, Json]]:
    found = [one for one in sentences(page["text"]) if SHORTEST <= len(words(one)) <= LONGEST and "…" not in one]
    shares = {one: len(about & significant(one)) for one in found}
    taken = [one for one in shares if shares[one] >= ALIKE or (numbers(one) and shares[one])]
    return [
        {"page": page["page"], "quote": one, "kind": _kind(one), "confidence": "medium", "safe": ""}
        for one in taken[:PER_PAGE]
    ]


def _kind(sentence: str) -> str:
    if quotations(sentence):
        return "quote"
    return "number" if numbers(sentence) else "statement"
