"""Briefings on one invented newspaper, and the five articles that they are about. All written for this project.

`good` is one that a careful analyst would sign. The others have its form: `lorem` is the printers' dummy text,
`fluent_emptiness` is well written and about nothing; two are `good` itself with one thing wrong.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cid.domain.briefing import Briefing, Factor
from cid.domain.run import Grain, RunItem, Via
from cid.domain.shape import built

if TYPE_CHECKING:
    from cid.domain.llm import Json

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
INVENTED = (
    "A diplomat was filmed with a suitcase at the north gate",
    "The union has taken orders from abroad since spring",
    "Bank records seen by this newspaper prove the payments",
)
"""In no article."""


def items() -> tuple[RunItem, ...]:
    told: list[dict[str, Json]] = json.loads((HERE / "items.json").read_text())
    return tuple(
        item(str(one["title"]), str(one["text"]), number=number, url=str(one["url"]))
        for number, one in enumerate(told, 1)
    )


def item(title: str, text: str, *, number: int = 1, url: str = "", grain: Grain = Grain.ARTICLE) -> RunItem:
    return RunItem(
        number=number,
        via=Via.OWN_FEED,
        url=url or f"https://meridian-post.test/2026/11/{number:02}",
        title=title,
        text=text,
        grain=grain,
        text_state="",
        sha256=hashlib.sha256(f"{title}\n{text}".encode(errors="surrogatepass")).digest(),
        publisher="meridian-post.test",
        author="",
        language="en",
        published_at=NOW,
        fetched_at=NOW,
    )


def stored(name: str) -> Briefing:
    return built(Briefing, json.loads((HERE / f"{name}.json").read_text()))


def good() -> Briefing:
    return stored("good")


def invented_quotes() -> Briefing:
    """`good`, whose findings but one quote what nobody wrote."""
    found = good()
    made = []
    for number, finding in enumerate(found.key_findings):
        evidence = tuple(
            replace(piece, citations=tuple(replace(one, quote=INVENTED[number]) for one in piece.citations))
            if number < len(INVENTED)
            else piece
            for piece in finding.evidence
        )
        made.append(replace(finding, evidence=evidence))
    return replace(found, key_findings=tuple(made))


def inverted_confidence() -> Briefing:
    """`good`, as sure as can be of what all four factors say little for."""
    found = good()
    factors = {name: Factor(level="low", notes=one.notes) for name, one in found.confidence_assessment.factors.items()}
    return replace(found, confidence_assessment=replace(found.confidence_assessment, overall="high", factors=factors))


def corpus() -> dict[str, Briefing]:
    return {
        "lorem ipsum": stored("lorem"),
        "fluent emptiness": stored("fluent_emptiness"),
        "good briefing": good(),
        "invented quotes": invented_quotes(),
        "inverted confidence": inverted_confidence(),
    }
