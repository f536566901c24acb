"""What a briefing's PDF says, in the order in which it is read. Needs the extra `pdf`.

Texts that strangers wrote are cut at a length that no honest one reaches, and say so; the JSON export has all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from reportlab.lib.colors import HexColor
from reportlab.platypus import CondPageBreak, KeepTogether, Paragraph, Spacer, Table

from cid.domain.briefing import FACTORS, Found
from cid.domain.run import RunState
from cid.render import briefing_words as words
from cid.render.pdf_look import (
    BAD,
    BODY,
    BULLET,
    CELL,
    CELL_LINK,
    EYEBROW,
    FINDING,
    GOOD,
    H1,
    H2,
    LEAD,
    LINK,
    PLAIN,
    QUIET,
    QUOTE,
    ROOM,
    SMALL,
    STOPPED,
    TITLE,
    WARN,
    boxed,
    chip,
    facts,
    glance,
    grid,
    quoted,
    radar,
)
from cid.render.pdf_text import BOLD, LINES, drawable, markup, text
from cid.text.countries import country_name, language_name
from cid.text.urls import located

if TYPE_CHECKING:
    from datetime import datetime

    from cid.domain.briefing import Briefing, Citation, Evidence, Finding
    from cid.domain.dossier import Dossier
    from cid.domain.narratives import StoredMatch
    from cid.domain.run import RunItem
    from cid.domain.scorecard import ContentCheck, Scorecard

LONG, MIDDLE, SHORT, RAW = 3000, 800, 400, 20_000
"""Characters."""
MOST, FEW = 60, 20
"""Lines of a table, and of a list of texts."""
RAW_LINES = 1000
EVIDENCE = 60_000
"""Characters of all findings together, after which no further one is set: some 25 pages."""
_FOUND = {
    Found.FOUND: (GOOD, "#e3f1e7", "✓"),
    Found.NEAR: (WARN, "#fbf0d9", "≈"),
    Found.NOT_FOUND: (BAD, "#f9e3e3", "✗"),
    Found.NO_ITEM: (BAD, "#f9e3e3", "✗"),
    None: ("#5b6472", "#eceff3", "?"),
}
_PASSED = {True: (GOOD, "✓ passed"), False: (BAD, "✗ not passed"), None: ("#5b6472", "– nothing to look at")}
_LEVELS = {"high": (GOOD, "#e3f1e7"), "moderate": (WARN, "#fbf0d9"), "low": (BAD, "#f9e3e3")}
_LIMITS = {
    "cannot_determine": "Cannot be determined",
    "data_gaps": "Gaps in the data",
    "alternative_interpretations": "Other readings",
    "assessment_changing_factors": "What would change this assessment",
}
_TOLD_OF_A_READING = (("key_claims", "Claims"), ("actors", "Actors"), ("unverified", "Nobody is named for"))


def story(dossier: Dossier) -> list[Any]:
    kept = dossier.briefing
    briefing = kept.briefing if kept else None
    parts = [_opening(dossier)]
    if briefing:
        parts += [_findings(briefing), _confidence(briefing)]
    elif kept:
        parts.append(_as_it_came(kept.raw))
    parts.append(_known(dossier))
    if briefing:
        parts += [_told(briefing), _subject(dossier, briefing)]
    if dossier.scorecard:
        parts.append(_quality(dossier.scorecard.card))
    if briefing:
        parts.append(_limitations(briefing))
    parts += [_items(dossier), _sources(dossier), _method(dossier), _how(dossier)]
    return [one for part in parts for one in part]


def cut(said: str, most: int) -> str:
    more = len(said) - most
    return said if more <= 0 else f"{said[:most].rstrip()} … ({more:,} more characters in the JSON export)"


def heading(title: str) -> list[Any]:
    made = Paragraph(markup(title, BOLD), H1)
    made.outline = (0, title)
    return [CondPageBreak(90), made]


def small(said: str) -> Any:
    return text(cut(said, MIDDLE), CELL)


def bullets(lines: Sequence[str]) -> Iterator[Any]:
    for line in lines[:FEW]:
        yield text(cut(line, MIDDLE), BULLET, before='<bullet color="#23406b">•</bullet>')
    yield from more(len(lines) - FEW)


def more(left_out: int, what: str = "") -> Iterator[Any]:
    if left_out > 0:
        yield text(f"… and {left_out} more {what} in the JSON export.".replace("  ", " "), QUIET)


def human(name: str) -> str:
    """`data_gaps` → `Data gaps`."""
    spaced = name.replace("_", " ").strip()
    return spaced[:1].upper() + spaced[1:]


def when(at: datetime | None) -> str:
    return f"{at:%-d %B %Y, %H:%M} UTC" if at else "not known"


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
            (_points(card.card) if card else "–", "points of form", 1),
            (human(overall) or "–", "confidence", 1),
            (str(len(briefing.key_findings)), "findings", 0.8),
            (str(len(dossier.items)), "items read", 0.8),
            (_narratives(dossier), "known narratives", 1.15),
        ]
    )


def _points(card: Scorecard) -> str:
    return f"{card.total} of {sum(one.of for one in card.dimensions)}"


def _mark(said: str) -> Any:
    kind, _, rest = said.partition(":")
    return text(
        human(rest.strip()), STOPPED, before=f'<font name="{BOLD}" color="{WARN}">{markup(kind, BOLD)}.</font> '
    )


def _narratives(dossier: Dossier) -> str:
    return str(len({one.match.narrative for one in dossier.matches})) if words.looked_for_narratives(dossier) else "–"


def _findings(briefing: Briefing) -> Iterator[Any]:
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


def _confidence(briefing: Briefing) -> Iterator[Any]:
    assessed = briefing.confidence_assessment
    if not assessed.overall and not assessed.factors:
        return
    yield from heading("Confidence")
    yield text(f"Overall: {assessed.overall or 'not said'}.", BODY)
    order = [*(one for one in FACTORS if one in assessed.factors), *(n for n in assessed.factors if n not in FACTORS)]
    rows = [[small(human(n)), small(assessed.factors[n].level or "–"), small(assessed.factors[n].notes)] for n in order]
    if rows:
        yield grid(["Factor", "Level", "Why"], rows[:MOST], [3, 1.4, 6])


def _as_it_came(raw: str) -> Iterator[Any]:
    yield from heading("The answer as it came")
    yield text("It could not be read as a briefing, and nothing of it was checked.", BODY)
    lines = cut(raw, RAW).splitlines()
    for begin in range(0, min(len(lines), RAW_LINES), LINES):
        yield text("\n".join(lines[begin : begin + LINES]), SMALL)
    yield from more(len(lines) - RAW_LINES, "lines")


def _known(dossier: Dossier) -> Iterator[Any]:
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


def _told(briefing: Briefing) -> Iterator[Any]:
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


def _subject(dossier: Dossier, briefing: Briefing) -> Iterator[Any]:
    subject, known = briefing.subject_profile, dossier.profile
    said = {
        "Name": subject.name,
        "Account": subject.handle,
        "Kind": subject.kind,
        "Description": subject.description,
        "Language": language_name(subject.language),
        "Created": subject.created,
        "Followers": _count(subject.followers),
        "Says the platform": known.bio if known else "",
        "Followers, says the platform": _count(known.followers) if known else "",
    }
    pairs = [(name, small(value)) for name, value in said.items() if value]
    if pairs:
        yield from heading("Subject")
        yield facts(pairs)


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _quality(card: Scorecard) -> Iterator[Any]:
    yield from heading("Quality")
    said = f"Shown as {card.shown}. By form alone, the rubric gives {_points(card)} points: {card.rating}."
    if card.capped_by:
        names = ", ".join(f"“{human(name).lower()}”" for name in card.capped_by)
        said += f" What is shown is capped at {card.shown}, because a check of content did not pass: {names}."
    yield text(said, BODY)
    axes = [(one.name, one.score, one.of) for one in card.dimensions]
    rows = [
        [small(str(n)), small(human(name)), small(f"{got} / {most}")] for n, (name, got, most) in enumerate(axes, 1)
    ]
    if len(axes) >= 3:
        table = Table(rows, colWidths=[18, ROOM - RADAR - 18 - 48, 48], style=_TIGHT)
        note = text("The centre is no point at all, the edge all of them.", QUIET)
        yield Table([[radar(axes), [table, Spacer(0, 4), note]]], colWidths=[RADAR, ROOM - RADAR], style=_MIDDLE)
    elif rows:
        yield grid(["", "Dimension", "Points"], rows, [0.5, 5, 2])
    lost = [(one.name, point) for one in card.dimensions for point in one.points if point.points < point.of]
    if lost:
        yield Paragraph(markup("Where points were lost", BOLD), H2)
        rows = [[small(human(n)), small(human(p.check)), small(f"{p.points} / {p.of}"), small(p.why)] for n, p in lost]
        yield grid(["Dimension", "Check", "Points", "Why"], rows[:MOST], [2.4, 2.8, 1.1, 5])
    if card.checks:
        yield Paragraph(markup("Checks of content, which the rubric cannot see", BOLD), H2)
        yield grid(["Check", "Result", "Why"], [_check(one) for one in card.checks[:FEW]], [2.6, 2, 6])


_TIGHT = [
    PLAIN,
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("TOPPADDING", (0, 0), (-1, -1), 3),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ("LINEBELOW", (0, 0), (-1, -1), 0.4, HexColor("#d3d8df")),
]
_MIDDLE = [
    PLAIN,
    ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 0),
]
RADAR = 226
"""Points of width for the drawing."""


def _check(one: ContentCheck) -> list[Any]:
    colour, said = _PASSED[one.passed]
    why = [one.why, *(cut(place, SHORT) for place in one.where[:5])]
    if one.passed is False and one.cap:
        why.append(f"Caps the rating at {one.cap}.")
    return [
        small(human(one.name)),
        Paragraph(f'<font color="{colour}">{markup(said)}</font>', CELL),
        [small(line) for line in why if line],
    ]


def _limitations(briefing: Briefing) -> Iterator[Any]:
    found = [(title, getattr(briefing.limitations, name)) for name, title in _LIMITS.items()]
    yield from heading("Limitations")
    if not any(lines for _title, lines in found):
        yield text("The briefing names none, which is one.", BODY)
    for title, lines in found:
        if lines:
            yield Paragraph(markup(title, BOLD), H2)
            yield from bullets(lines)


def _items(dossier: Dossier) -> Iterator[Any]:
    if not dossier.items:
        return
    yield from heading("Items")
    kept = dossier.briefing.briefing if dossier.briefing else None
    read = {one.item: one for one in kept.item_readings} if kept else {}
    for item in dossier.items[:MOST]:
        yield KeepTogether(list(_item(item)))
        one = read.get(item.number)
        if one:
            pairs = [("Framing", one.framing)] if one.framing else []
            for name, title in _TOLD_OF_A_READING:
                if getattr(one, name):
                    pairs.append((title, " · ".join(getattr(one, name))))
            if pairs:
                yield quoted(
                    [
                        text(cut(said, MIDDLE), SMALL, before=f"<font name='{BOLD}'>{title}:</font> ")
                        for title, said in pairs
                    ]
                )
        yield Spacer(0, 7)


def _item(item: RunItem) -> Iterator[Any]:
    label = f"{item.number}. " if item.title else f"{item.number}. Without a title"
    yield text(cut(item.title, SHORT), H2, before=label)
    language = language_name(item.language)
    told = [item.publisher, item.author, when(item.published_at), language, words.GRAINS[item.grain]]
    told += [f"by {words.VIAS[item.via]}", "sample" if item.sample else ""]
    yield text(" · ".join(filter(None, told)), QUIET)
    if item.url:
        yield text(cut(item.url, SHORT), LINK, link=located(item.url))


def _sources(dossier: Dossier) -> Iterator[Any]:
    if not dossier.fetches:
        return
    yield from heading("Sources that were asked")
    rows = []
    for one in dossier.fetches[:MOST]:
        address = text(cut(one.address, SHORT), CELL_LINK, link=located(one.address)) if one.address else small("–")
        outcome = [small(human(one.outcome))]
        why = "; ".join(filter(None, (one.cause, one.detail)))
        if why:
            outcome.append(text(cut(why, SHORT), QUIET))
        rows.append([[small(human(words.VIAS[one.via])), address], outcome, small(f"{one.kept} of {one.found}")])
    yield grid(["Source", "Outcome", "Items kept"], rows, [6, 3, 1.4])


def _method(dossier: Dossier) -> Iterator[Any]:
    kept = dossier.briefing.briefing if dossier.briefing else None
    if not kept:
        return
    method = kept.methodology
    said = {
        "Collection": method.data_collection,
        "Period": method.period,
        "Items analysed": _count(method.items_analyzed),
        "Model": method.model,
        "Prompt": method.prompt_version,
        "Checks": method.validation,
    }
    pairs = [(name, small(value)) for name, value in said.items() if value]
    if pairs:
        yield from heading("Methodology")
        yield facts(pairs)


def _how(dossier: Dossier) -> Iterator[Any]:
    run, kept = dossier.run, dossier.briefing
    yield from heading("How this was made")
    for line in words.disclosure(dossier):
        yield text(line, BODY)
    said = {"Run": f"{run.id}, {words.STATES[run.state]}"}
    if kept:
        said |= {
            "Written by": kept.provider,
            "At": when(kept.made_at),
            "Prompt": f"{kept.prompt_version}, SHA-256 {kept.prompt_hash.hex()}",
            "Input": f"SHA-256 {kept.input_hash.hex()}",
            "Call": str(kept.call_id) if kept.call_id else "",
            "Schema": kept.schema_version,
        }
    if dossier.scorecard:
        said["Scoring"] = dossier.scorecard.card.version
    yield facts([(name, small(value)) for name, value in said.items() if value])
    if kept and kept.problems:
        yield Paragraph(markup("What was wrong with the answer", BOLD), H2)
        yield from bullets(kept.problems)
    if run.state is RunState.FAILED and dossier.steps:
        yield Paragraph(markup("Steps", BOLD), H2)
        yield from bullets(
            [f"{when(one.at)}: {': '.join(filter(None, (words.STATES[one.state], one.said)))}" for one in dossier.steps]
        )
