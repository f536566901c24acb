"""What the page of a finished run is given: findings with their quotes, items with marks, matches, points. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cid.domain.briefing import FACTORS, Citation, Evidence, Finding, Found, ItemReading
from cid.domain.dossier import About, Dossier, Feedback
from cid.domain.narratives import StoredMatch, Where
from cid.domain.reading import TextState
from cid.domain.scorecard import ContentCheck, Dimension, Point, Rating, Scorecard
from cid.text import countries
from cid.web import run_marks, run_words, words
from cid.web.run_marks import Piece, Span
from cid.web.words import _

if TYPE_CHECKING:
    from cid.domain.ids import UserId
    from cid.domain.run import RunItem

Chip = tuple[str, str]
"""Its text and its tone."""
RADIUS = 100
LONGEST = 100_000
"""Letters of all items together whose whole texts stand on the page at once. Where there are more, each is shown to who
asks for it: twenty long articles would make a page of two megabytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Feedback, with a name to it."""

    feedback: Feedback
    chip: Chip
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CitationView:
    citation: Citation
    chip: Chip
    means: str
    href: str
    """Where it leads on this page; empty: nowhere, because the item is none of the run's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceView:
    label: str
    """As analysts write it: POST, PATTERN; empty: none that there is."""
    reference: str
    citations: Sequence[CitationView]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    number: int
    text: str
    confidence: Chip
    evidence: Sequence[EvidenceView]
    said: Sequence[Said]

    @property
    def labels(self) -> list[tuple[str, str]]:
        """Each label once, with where its first quote stands."""
        first: dict[str, str] = {}
        for one in self.evidence:
            hrefs = [cited.href for cited in one.citations if cited.href]
            if one.label and not first.get(one.label):
                first[one.label] = hrefs[0] if hrefs else ""
        return list(first.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    item: RunItem
    via: str
    grain: Chip
    read: str
    """What came of reading its page; empty: it was read, or not tried."""
    language: str
    title: Sequence[Piece]
    excerpt: Sequence[Piece]
    whole: Sequence[Piece]
    """Empty: the excerpt is all, or the page would be too long with it."""
    left_out: bool
    """The whole text is there for who asks for it."""
    opened: bool
    """Somebody asked for the whole text."""
    reading: ItemReading | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchView:
    stored: StoredMatch
    stance: tuple[str, str, str]
    strength: str
    where: str
    by: str
    language: str
    cues: Sequence[tuple[str, str, str]]
    """What was matched, the cue that found it, and where it stands on this page."""
    verdict: Chip | None
    who: str
    said: Sequence[Said]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    x: float
    y: float
    label_x: float
    label_y: float
    anchor: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Radar:
    axes: Sequence[Axis]
    rings: Sequence[str]
    """As `points` of polygons, from the inside out."""
    shape: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionView:
    name: str
    means: str
    score: int
    of: int
    points: Sequence[tuple[str, Point]]

    @property
    def lost(self) -> list[tuple[str, Point]]:
        return [(name, point) for name, point in self.points if point.points < point.of]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckView:
    check: ContentCheck
    name: str
    chip: Chip
    caps: str
    """The best rating that it lets be shown; empty: it holds nothing back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityView:
    card: Scorecard
    shown: Chip
    by_form: Chip
    radar: Radar
    dimensions: Sequence[DimensionView]
    checks: Sequence[CheckView]
    capped_by: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefingView:
    """Of a run that has items, or an answer."""

    findings: Sequence[FindingView]
    items: Sequence[ItemView]
    matches: Sequence[MatchView]
    quality: QualityView | None
    overall: Chip
    factors: Sequence[tuple[str, Chip, str]]
    limitations: Sequence[tuple[str, Sequence[str]]]
    quotes: Sequence[tuple[Chip, int]]
    """How many quotes there are of each kind."""
    input_hash: str
    prompt_hash: str
    said: Sequence[Said]
    """Of the run as a whole."""


def briefing_view(dossier: Dossier, names: Mapping[UserId, str], whole: str = "") -> BriefingView:
    """`whole`: the number of the item whose whole text is asked for, as somebody wrote it."""
    stored = dossier.briefing
    told = stored.briefing if stored else None
    findings = told.key_findings if told else ()
    numbers = {item.number for item in dossier.items}
    factors = told.confidence_assessment.factors if told else {}
    limits = told.limitations if told else None
    return BriefingView(
        findings=[_finding(n, one, numbers, dossier, names) for n, one in enumerate(findings, start=1)],
        items=_items(dossier, findings, whole),
        matches=[_match(n, one, dossier, names) for n, one in enumerate(dossier.matches, start=1)],
        quality=quality(dossier.scorecard.card) if dossier.scorecard else None,
        overall=confidence(told.confidence_assessment.overall if told else ""),
        factors=[
            (run_words.named(run_words.FACTORS, name), confidence(factors[name].level), factors[name].notes)
            for name in [*(one for one in FACTORS if one in factors), *(one for one in factors if one not in FACTORS)]
        ],
        limitations=[(text, getattr(limits, name)) for name, text in run_words.LIMITS.items() if limits],
        quotes=_counted(findings),
        input_hash=stored.input_hash.hex() if stored else "",
        prompt_hash=stored.prompt_hash.hex() if stored else "",
        said=_said(dossier, About.RUN, "", names),
    )


def confidence(level: str) -> Chip:
    return run_words.CONFIDENCE.get(level, run_words.UNSAID)


def _finding(n: int, one: Finding, numbers: set[int], dossier: Dossier, names: Mapping[UserId, str]) -> FindingView:
    return FindingView(
        number=n,
        text=one.finding,
        confidence=confidence(one.confidence),
        evidence=[_evidence(f"q{n}-{e}", evidence, numbers) for e, evidence in enumerate(one.evidence, start=1)],
        said=_said(dossier, About.FINDING, str(n), names),
    )


def _evidence(anchor: str, one: Evidence, numbers: set[int]) -> EvidenceView:
    return EvidenceView(
        label=one.kind.upper(),
        reference=one.reference,
        citations=[_citation(f"{anchor}-{c}", cited, numbers) for c, cited in enumerate(one.citations, start=1)],
    )


def _citation(anchor: str, cited: Citation, numbers: set[int]) -> CitationView:
    text, tone, means = run_words.FOUND[cited.found] if cited.found else run_words.UNLOOKED
    href = f"#item-{cited.item}" if cited.item in numbers else ""
    return CitationView(
        citation=cited, chip=(text, tone), means=means, href=f"#{anchor}" if href and _placed(cited) else href
    )


def _placed(cited: Citation) -> bool:
    return cited.start is not None and cited.end is not None and cited.found in {Found.FOUND, Found.NEAR}


def _counted(findings: Sequence[Finding]) -> list[tuple[Chip, int]]:
    found = [cited.found for one in findings for piece in one.evidence for cited in piece.citations]
    return [
        ((text, tone), found.count(kind)) for kind, (text, tone, _means) in run_words.FOUND.items() if kind in found
    ]


def _items(dossier: Dossier, findings: Sequence[Finding], whole: str) -> list[ItemView]:
    told = dossier.briefing.briefing if dossier.briefing else None
    readings = {one.item: one for one in told.item_readings} if told else {}
    spans = _spans(dossier, findings)
    every = sum(len(item.text) for item in dossier.items) <= LONGEST
    return [
        _item(
            item,
            spans.get(item.number, []),
            readings.get(item.number),
            every=every,
            asked=whole == str(item.number),
        )
        for item in dossier.items
    ]


def _spans(dossier: Dossier, findings: Sequence[Finding]) -> dict[int, list[Span]]:
    """By item: what was quoted from it and what was matched in it."""
    made: dict[int, list[Span]] = {}
    for f, one in enumerate(findings, start=1):
        for e, piece in enumerate(one.evidence, start=1):
            for c, cited in enumerate(piece.citations, start=1):
                if cited.item is not None and cited.start is not None and cited.end is not None and _placed(cited):
                    label = _("quoted in finding {n}").format(n=f)
                    span = Span(start=cited.start, end=cited.end, id=f"q{f}-{e}-{c}", kind="quote", label=label)
                    made.setdefault(cited.item, []).append(span)
    for m, stored in enumerate(dossier.matches, start=1):
        if stored.match.item is not None:
            for s, found in enumerate(stored.match.spans, start=1):
                span = Span(start=found.start, end=found.end, id=f"m{m}-{s}", kind="cue", label=stored.name)
                made.setdefault(stored.match.item, []).append(span)
    return made


def _item(item: RunItem, spans: Sequence[Span], reading: ItemReading | None, *, every: bool, asked: bool) -> ItemView:
    in_title, in_text = run_marks.split(spans, item.title)
    whole = run_marks.pieces(item.text, in_text)
    short = run_marks.excerpt(whole)
    cut = any(piece.gap for piece in short)
    return ItemView(
        item=item,
        via=run_words.VIAS[item.via],
        grain=run_words.GRAINS[item.grain],
        read=_read(item.text_state),
        language=countries.language_name(item.language) if item.language else "",
        title=run_marks.pieces(item.title, in_title),
        excerpt=short,
        whole=whole if cut and (every or asked) else (),
        left_out=cut and not every and not asked,
        opened=asked,
        reading=reading,
    )


def _match(n: int, stored: StoredMatch, dossier: Dossier, names: Mapping[UserId, str]) -> MatchView:
    match = stored.match
    there = match.where is Where.ITEM and match.item in {item.number for item in dossier.items}
    return MatchView(
        stored=stored,
        stance=run_words.STANCES[match.stance],
        strength=run_words.STRENGTHS[match.strength],
        where=run_words.WHERE[match.where],
        by=run_words.BY[match.by],
        language=countries.language_name(match.language) if match.language else "",
        cues=run_marks.cues(match.spans, f"#m{n}-" if there else ""),
        verdict=run_words.VERDICTS[stored.verdict] if stored.verdict else None,
        who=names.get(stored.verdict_by, "") if stored.verdict_by else "",
        said=_said(dossier, About.MATCH, str(stored.id), names),
    )


def _said(dossier: Dossier, about: About, ref: str, names: Mapping[UserId, str]) -> list[Said]:
    return [
        Said(
            feedback=one,
            chip=run_words.FEELINGS[one.feeling],
            who=names.get(one.user_id, "") if one.user_id else "",
        )
        for one in dossier.feedback
        if one.about is about and one.ref == ref
    ]


def quality(card: Scorecard) -> QualityView:
    capped = set(card.capped_by)
    return QualityView(
        card=card,
        shown=run_words.RATINGS[card.shown],
        by_form=run_words.RATINGS[card.rating],
        radar=radar(card.dimensions),
        dimensions=[_dimension(one) for one in card.dimensions],
        checks=[_check(one, caps=one.name in capped) for one in card.checks],
        capped_by=[run_words.plain(name) for name in card.capped_by],
    )


def dimension_name(name: str) -> str:
    return run_words.DIMENSIONS[name][0] if name in run_words.DIMENSIONS else run_words.plain(name)


def _dimension(one: Dimension) -> DimensionView:
    return DimensionView(
        name=dimension_name(one.name),
        means=run_words.DIMENSIONS.get(one.name, ("", ""))[1],
        score=one.score,
        of=one.of,
        points=[(run_words.plain(point.check), point) for point in one.points],
    )


def _check(one: ContentCheck, *, caps: bool) -> CheckView:
    chips = {True: (_("passed"), "good"), False: (_("not passed"), "bad"), None: (_("nothing to look at"), "plain")}
    return CheckView(
        check=one,
        name=run_words.plain(one.name),
        chip=chips[one.passed],
        caps=run_words.RATINGS[Rating(one.cap)][0] if caps and one.cap else "",
    )


def radar(dimensions: Sequence[Dimension]) -> Radar:
    """One axis per dimension, the first upwards, clockwise; the scale is the share of the points, not the points."""
    turns = [2 * math.pi * n / max(1, len(dimensions)) for n in range(len(dimensions))]
    axes = [_axis(turn, dimension_name(one.name)) for turn, one in zip(turns, dimensions, strict=True)]
    shares = [one.score / one.of if one.of else 0.0 for one in dimensions]
    return Radar(
        axes=axes,
        rings=[_polygon(turns, [share] * len(turns)) for share in (0.25, 0.5, 0.75, 1.0)],
        shape=_polygon(turns, shares),
    )


def _axis(turn: float, label: str) -> Axis:
    x, y = math.sin(turn), -math.cos(turn)
    anchor = "middle" if abs(x) < 0.2 else "start" if x > 0 else "end"
    return Axis(
        x=round(x * RADIUS, 1),
        y=round(y * RADIUS, 1),
        label_x=round(x * (RADIUS + 10), 1),
        label_y=round(y * (RADIUS + 12) + 4, 1),
        anchor=anchor,
        label=label,
    )


def _polygon(turns: Sequence[float], shares: Sequence[float]) -> str:
    return " ".join(
        f"{math.sin(turn) * RADIUS * share:.1f},{-math.cos(turn) * RADIUS * share:.1f}"
        for turn, share in zip(turns, shares, strict=True)
    )


def _read(state: str) -> str:
    """What came of the try to read an item's page, where it was not read."""
    if state in {"", TextState.READ}:
        return ""
    return words.TEXT_STATES[TextState(state)][0] if state in set(TextState) else state
