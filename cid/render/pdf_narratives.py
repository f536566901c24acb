"""Known narratives, what the briefing itself tells of narratives, and whom it is about. Needs the extra `pdf`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cid.render import briefing_words as words
from cid.render.pdf_bits import MOST, SHORT, count, cut, heading, human, more, small
from cid.render.pdf_look import (
    BODY,
    CELL,
    QUIET,
    facts,
    grid,
)
from cid.render.pdf_text import text
from cid.text.countries import language_name

if TYPE_CHECKING:
    from cid.domain.briefing import Briefing
    from cid.domain.dossier import Dossier
    from cid.domain.narratives import StoredMatch


def narratives(dossier: Dossier) -> str:
    return str(len({one.match.narrative for one in dossier.matches})) if words.looked_for_narratives(dossier) else "–"


def known(dossier: Dossier) -> Iterator[Any]:
    if not words.looked_for_narratives(dossier):
        return
    yield from heading("Known narratives")
    if not dossier.matches:
        yield text("None of the catalogue was found, neither in the items nor in the report.", BODY)
        return
    yield text(
        "Where texts match a narrative of the catalogue, and what they do with it. To match is not to agree.", BODY
    )
    together = sorted(dossier.matches, key=lambda one: one.match.narrative)[:MOST]
    names = [one.match.narrative for one in together]
    rows = [_match(one, first=n == 0 or names[n - 1] != names[n]) for n, one in enumerate(together)]
    yield grid(
        ["Narrative", "Where", "Stance", "Strength", "Matched words", "Analyst"], rows, [3.2, 1.3, 1.3, 1.5, 3.4, 1.6]
    )
    yield from more(len(dossier.matches) - MOST)


def _match(one: StoredMatch, *, first: bool) -> list[Any]:
    """`first`: of its narrative, which is named once."""
    match = one.match
    where = f"item {match.item}" if match.item is not None else "report"
    name = text(cut(one.name, SHORT), CELL)
    below = text(" · ".join(filter(None, (match.narrative, one.category))), QUIET)
    strength = f"{match.strength}, {match.cues} {'cue' if match.cues == 1 else 'cues'}"
    if match.probability is not None:
        strength = f"{match.strength}, {match.by} {match.probability:.2f}"
    matched = "; ".join(dict.fromkeys(span.text for span in match.spans)) or "–"
    last = [small(strength), text(cut(matched, SHORT), CELL), small(words.VERDICTS[one.verdict])]
    return [[name, below] if first else small(""), small(where), small(words.STANCES[match.stance]), *last]


def told(briefing: Briefing) -> Iterator[Any]:
    told = briefing.narrative_analysis
    network, source = told.network_context, told.source_attribution
    lines = [
        ("Origin", source.content_origin),
        ("Role of the source", human(source.role)),
        ("Way of spreading", source.amplification_chain),
        ("Associations", "; ".join(network.known_associations)),
        ("Amplification", network.amplification_patterns),
        ("Other platforms", "; ".join(network.cross_platform_presence)),
    ]
    pairs = [(name, small(said)) for name, said in lines if said]
    if not (told.primary_narratives or told.behavioral_indicators or pairs):
        return
    yield from heading("Narratives and behaviour")
    if told.primary_narratives:
        rows = [
            [small(one.narrative), small(one.frequency or "–"), small(one.alignment or "–")]
            for one in told.primary_narratives
        ]
        yield grid(["As the briefing tells them", "How often", "Of the catalogue"], rows[:MOST], [6, 1.8, 2.4])
    if told.behavioral_indicators:
        rows = [[small(human(one.indicator)), small(one.description)] for one in told.behavioral_indicators]
        yield grid(["Behaviour", "What was seen"], rows[:MOST], [2.6, 7])
    if pairs:
        yield facts(pairs)


def subject(dossier: Dossier, briefing: Briefing) -> Iterator[Any]:
    subject, known = briefing.subject_profile, dossier.profile
    said = {
        "Name": subject.name,
        "Account": subject.handle,
        "Kind": subject.kind,
        "Description": subject.description,
        "Language": language_name(subject.language),
        "Created": subject.created,
        "Followers": count(subject.followers),
        "Says the platform": known.bio if known else "",
        "Followers, says the platform": count(known.followers) if known else "",
    }
    pairs = [(name, small(value)) for name, value in said.items() if value]
    if pairs:
        yield from heading("Subject")
        yield facts(pairs)
