"""Findings with their evidence, and how sure the briefing is. Needs the extra `pdf`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from reportlab.platypus import KeepTogether, Paragraph, Spacer, Table

from cid.domain.briefing import FACTORS, Found
from cid.render import briefing_words as words
from cid.render.pdf_bits import EVIDENCE, FEW, LONG, MIDDLE, MOST, SHORT, cut, heading, human, more, small
from cid.render.pdf_look import (
    BAD,
    BODY,
    FINDING,
    GOOD,
    PLAIN,
    QUOTE,
    ROOM,
    SMALL,
    WARN,
    chip,
    grid,
    quoted,
)
from cid.render.pdf_text import markup, text

if TYPE_CHECKING:
    from cid.domain.briefing import Briefing, Citation, Evidence, Finding

_FOUND = {
    Found.FOUND: (GOOD, "#e3f1e7", "✓"),
    Found.NEAR: (WARN, "#fbf0d9", "≈"),
    Found.NOT_FOUND: (BAD, "#f9e3e3", "✗"),
    Found.NO_ITEM: (BAD, "#f9e3e3", "✗"),
    None: ("#5b6472", "#eceff3", "?"),
}
_LEVELS = {"high": (GOOD, "#e3f1e7"), "moderate": (WARN, "#fbf0d9"), "low": (BAD, "#f9e3e3")}


def findings(briefing: Briefing) -> Iterator[Any]:
    yield from heading("Key findings")
    if not briefing.key_findings:
        yield text("The briefing has no findings.", BODY)
    spent = set_ = 0
    for number, one in enumerate(briefing.key_findings[:FEW], 1):
        spent += min(len(one.finding), LONG) + sum(map(_length, one.evidence[:FEW]))
        if number > 1 and spent > EVIDENCE:
            break
        yield from _finding(number, one)
        set_ = number
    yield from more(len(briefing.key_findings) - set_)


def _length(one: Evidence) -> int:
    quotes = sum(min(len(cited.quote), MIDDLE) + SHORT for cited in one.citations[:FEW])
    return min(len(one.reference), MIDDLE) + quotes


def _finding(number: int, one: Finding) -> Iterator[Any]:
    said = text(cut(one.finding or "Without words.", LONG), FINDING)
    colour, ground = _LEVELS.get(one.confidence, ("#5b6472", "#eceff3"))
    level = f"{one.confidence} confidence" if one.confidence else "confidence not said"
    kinds = dict.fromkeys(evidence.kind or "evidence" for evidence in one.evidence)
    chips = " ".join([chip(level, colour, ground), *(chip(kind.replace("_", " ").upper()) for kind in kinds)])
    label = Table(
        [[text(str(number), FINDING), [said, Paragraph(chips, SMALL)]]],
        colWidths=[20, ROOM - 20],
        style=[
            PLAIN,
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 0),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
        ],
        splitInRow=1,
        spaceBefore=5,
    )
    evidence = [quoted(list(_evidence(each))) for each in one.evidence[:FEW]]
    if not evidence:
        evidence = [quoted([text("No evidence is given.", QUOTE)])]
    yield KeepTogether([label, evidence[0]])
    yield from evidence[1:]
    yield Spacer(0, 8)


def _evidence(one: Evidence) -> Iterator[Any]:
    yield text(cut(one.reference, MIDDLE), SMALL, before=f"{chip((one.kind or 'evidence').replace('_', ' ').upper())} ")
    for cited in one.citations[:FEW]:
        yield text(f"“{cut(cited.quote, MIDDLE)}”" if cited.quote else "Without a quote.", QUOTE)
        yield _checked(cited)


def _checked(cited: Citation) -> Any:
    colour, ground, sign = _FOUND[cited.found]
    where = f"item {cited.item}" if cited.item is not None else "no item named"
    if cited.found is not None and cited.start is not None and cited.end is not None:
        where += f", characters {cited.start:,} to {cited.end:,}"
    said = chip(f"{sign} {words.FOUND[cited.found]}", colour, ground)
    return Paragraph(f'{said} <font color="#5b6472">{markup(where)}</font>', SMALL)


def confidence(briefing: Briefing) -> Iterator[Any]:
    assessed = briefing.confidence_assessment
    if not assessed.overall and not assessed.factors:
        return
    yield from heading("Confidence")
    yield text(f"Overall: {assessed.overall or 'not said'}.", BODY)
    order = [*(one for one in FACTORS if one in assessed.factors), *(n for n in assessed.factors if n not in FACTORS)]
    rows = [[small(human(n)), small(assessed.factors[n].level or "–"), small(assessed.factors[n].notes)] for n in order]
    if rows:
        yield grid(["Factor", "Level", "Why"], rows[:MOST], [3, 1.4, 6])
