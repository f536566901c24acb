"""What a briefing's PDF says, in the order in which it is read. Needs the extra `pdf`.

Texts that strangers wrote are cut at a length that no honest one reaches, and say so; the JSON export has all of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from reportlab.lib.colors import HexColor
from reportlab.platypus import Spacer

from cid.render import briefing_words as words
from cid.render.pdf_bits import LONG, RAW, RAW_LINES, SHORT, cut, heading, human, more, when
from cid.render.pdf_findings import confidence, findings
from cid.render.pdf_look import (
    BODY,
    EYEBROW,
    LEAD,
    QUIET,
    SMALL,
    STOPPED,
    TITLE,
    WARN,
    boxed,
    glance,
)
from cid.render.pdf_matter import items, made, method, sources
from cid.render.pdf_narratives import known, narratives, subject, told
from cid.render.pdf_quality import limitations, points_of, quality
from cid.render.pdf_text import BOLD, LINES, boxed_letters, drawable, markup, scripts, text
from cid.text.countries import country_name

if TYPE_CHECKING:
    from cid.domain.briefing import Briefing
    from cid.domain.dossier import Dossier

SCRIPTS = 8
"""That are named: who writes in more fills a page on purpose."""


def story(dossier: Dossier) -> list[Any]:
    """Where letters cannot be drawn, the first page says of which scripts they are."""
    with boxed_letters() as boxed:
        opening, *others = [list(part) for part in _parts(dossier)]
    return [one for part in (opening, _unshown(boxed), *others) for one in part]


def _unshown(boxed: Collection[str]) -> Iterator[Any]:
    if boxed:
        named = ", ".join(scripts(boxed)[:SCRIPTS])
        said = f"Letters of these scripts could not be drawn, and an empty box stands for each: {named}."
        yield text(f"{said} The JSON export has them.", QUIET)


def _parts(dossier: Dossier) -> list[Iterator[Any]]:
    kept = dossier.briefing
    briefing = kept.briefing if kept else None
    parts = [_opening(dossier)]
    if briefing:
        parts += [findings(briefing), confidence(briefing)]
    elif kept:
        parts.append(_as_it_came(kept.raw))
    parts.append(known(dossier))
    if briefing:
        parts += [told(briefing), subject(dossier, briefing)]
    if dossier.scorecard:
        parts.append(quality(dossier.scorecard.card))
    if briefing:
        parts.append(limitations(briefing))
    parts += [items(dossier), sources(dossier), method(dossier), made(dossier)]
    return parts


def _opening(dossier: Dossier) -> Iterator[Any]:
    run, kept = dossier.run, dossier.briefing
    yield text("ANALYSIS BRIEFING", EYEBROW)
    title = text(cut(run.outlet, SHORT), TITLE)
    title.outline = (0, f"{drawable(run.outlet[:120])}: summary")
    yield title
    facts_ = [country_name(run.country), words.PLATFORMS[run.platform], words.PERIODS[run.period]]
    ended = f"finished {when(run.ended_at)}" if run.ended_at else f"asked for {when(run.created_at)}"
    yield text(" · ".join([*filter(None, facts_), ended]), QUIET)
    yield text(f"{words.tlp_label(run)}: {words.SHARE[run.tlp]}", QUIET)
    marks = words.marks(dossier)
    if marks:
        yield Spacer(0, 6)
        yield boxed([_mark(one) for one in marks], ground=HexColor("#fdf4e0"), edge=HexColor(WARN))
    yield Spacer(0, 12)
    briefing = kept.briefing if kept else None
    if briefing:
        summary = briefing.executive_summary or "The briefing has no summary."
        yield boxed([text("BOTTOM LINE", EYEBROW), text(cut(summary, LONG), LEAD)])
    if briefing:
        yield _at_a_glance(dossier, briefing)
    yield text(" ".join(words.disclosure(dossier)), QUIET)


def _at_a_glance(dossier: Dossier, briefing: Briefing) -> Any:
    card, overall = dossier.scorecard, briefing.confidence_assessment.overall
    return glance(
        [
            (human(card.card.shown) if card else "–", "quality, as shown" if card else "not scored", 1.25),
            (points_of(card.card) if card else "–", "points of form", 1),
            (human(overall) or "–", "confidence", 1),
            (str(len(briefing.key_findings)), "findings", 0.8),
            (str(len(dossier.items)), "items read", 0.8),
            (narratives(dossier), "known narratives", 1.15),
        ]
    )


def _mark(said: str) -> Any:
    kind, _, rest = said.partition(":")
    return text(
        human(rest.strip()), STOPPED, before=f'<font name="{BOLD}" color="{WARN}">{markup(kind, BOLD)}.</font> '
    )


def _as_it_came(raw: str) -> Iterator[Any]:
    yield from heading("The answer as it came")
    yield text("It could not be read as a briefing, and nothing of it was checked.", BODY)
    lines = cut(raw, RAW).splitlines()
    for begin in range(0, min(len(lines), RAW_LINES), LINES):
        yield text("\n".join(lines[begin : begin + LINES]), SMALL)
    yield from more(len(lines) - RAW_LINES, "lines")
