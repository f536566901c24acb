"""The evidence pack: what the story's items say, sentence by sentence, word for word, with where it stands. Sentences
that speak to a model say nothing about the story, and are left out."""

from __future__ import annotations

from collections.abc import Sequence

from cid.domain.evidence import Claim, Report, SourceClass
from cid.domain.searching import SourceRules
from cid.gates.evidence.classes import called, classed
from cid.text.injection import LEFT_OUT, without
from cid.text.prose import sentences
from cid.text.words import words

PER_REPORT = 20
"""Sentences. Where several publishers report, TOTAL leaves each fewer."""
TOTAL = 60
ROOM, LEAST_ROOM, ALL_ROOM = 3000, 1000, 12_000
"""Characters looked at of an article: as many as PER_REPORT sentences take, and fewer where many report. Looking for
orders to models costs 40 ms per thousand."""
SHORTEST = 4
"""Words; what is shorter says nothing that could be checked."""
NOBODY = SourceRules()
"""Of nobody it is known who speaks."""


def pack(reports: Sequence[Report], rules: SourceRules = NOBODY) -> tuple[Claim, ...]:
    """Publishers take turns, the earliest report first, so that a cut at TOTAL loses the tails and no publisher.
    A sentence that two reports share word for word is kept once, as the first one's."""
    seen: set[tuple[str, ...]] = set()
    columns: list[list[Claim]] = []
    room = min(ROOM, max(LEAST_ROOM, ALL_ROOM // max(len(reports), 1)))
    for report in sorted(reports, key=lambda report: (report.reported_at, str(report.item_id))):
        column = []
        title, summary = without(report.title, _body(report, room))
        for sentence in _said(title, summary):
            folded = tuple(words(sentence))
            if len(folded) >= SHORTEST and folded not in seen:
                seen.add(folded)
                column.append(_claim(report, title, sentence, rules))
        if column:
            columns.append(column[:PER_REPORT])
        if len(columns) == TOTAL:  # each has its turn before any has a second one: later reports would be cut
            break
    depth = max((len(column) for column in columns), default=0)
    turns = [column[row] for row in range(depth) for column in columns if row < len(column)]
    return tuple(turns[:TOTAL])


def _body(report: Report, room: int) -> str:
    """The article, or what the source said of it where that is longer. Sentences are whole or left out."""
    text = report.text
    if len(text) > room:
        text = "\n\n".join(sentences(text[:room])[:-1])
    return text if len(text) > len(report.summary) else report.summary


def _said(title: str, summary: str) -> list[str]:
    """A headline is evidence only where there is nothing else: it is made to be short, not exact."""
    said = [sentence for sentence in sentences(summary) if sentence != LEFT_OUT]
    return said if any(len(words(sentence)) >= SHORTEST for sentence in said) else [title]


def _claim(report: Report, title: str, sentence: str, rules: SourceRules) -> Claim:
    return Claim(
        text=sentence,
        item_id=str(report.item_id),
        url=report.url,
        title=title,
        publisher=called(report.publisher, report.url),
        source_class=classed(report.url, rules) or SourceClass.PRESS,
    )
