"""A run as tables: one file per table for programs, or all of them in one long table that opens in a spreadsheet.

The long table is made of the others: a line per cell that says something, named by table, line and column. So both say
the same, and neither is a sheet of stacked tables, which no reader of CSV can read.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cid.domain.briefing import Briefing
from cid.render import briefing_words as words
from cid.render.sheet import BOM, csv_lines
from cid.text.countries import country_name

if TYPE_CHECKING:
    from datetime import datetime

    from cid.domain.dossier import Dossier
    from cid.domain.narratives import StoredMatch
    from cid.domain.run import RunItem
    from cid.domain.scorecard import Scorecard

HEAD = ("section", "number", "field", "value")
CELL = 32_000
"""Characters of one cell of the long table: spreadsheets cut at 32,767 without a word."""
EPOCH = (1980, 1, 1, 0, 0, 0)
"""Of every file in the archive: the earliest that ZIP knows, so that the same tables make the same bytes."""
ONLY_STRICT = {("items", "text")}
"""What the long table leaves to the other: whole articles are nothing that anybody reads in a cell."""


@dataclass(frozen=True, slots=True)
class Table:
    head: tuple[str, ...]
    rows: Sequence[tuple[object, ...]]


def briefing_csv(dossier: Dossier, *, tenant: str) -> bytes:
    """One long table, UTF-8 with a byte order mark, RFC 4180."""
    return BOM + csv_lines([HEAD, *_long(tables(dossier, tenant=tenant))])


def briefing_csv_zip(dossier: Dossier, *, tenant: str) -> bytes:
    """A table per file, UTF-8 without a mark, RFC 4180. What a run does not have is no file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, table in tables(dossier, tenant=tenant).items():
            entry = zipfile.ZipInfo(f"{name}.csv", EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, csv_lines([table.head, *table.rows]))
    return out.getvalue()


def _long(made: Mapping[str, Table]) -> Iterator[Sequence[object]]:
    for name, table in made.items():
        for number, row in enumerate(table.rows, 1):
            for field, value in zip(table.head, row, strict=True):
                if (said := _said(value)) and (name, field) not in ONLY_STRICT:
                    yield name, number, field, said


def _said(value: object) -> str:
    text = "" if value is None else str(value)
    more = len(text) - CELL
    return text if more <= 0 else f"{text[:CELL]} … ({more} more characters)"


def tables(dossier: Dossier, *, tenant: str) -> dict[str, Table]:
    """By name, in the order of reading. Of a part that is missing there is no table."""
    made = {"run": _run(dossier, tenant)}
    kept, card = dossier.briefing, dossier.scorecard
    if kept and kept.briefing:
        made |= _briefing(kept.briefing)
    elif kept:
        made["briefing"] = Table(("section", "part", "text"), [("raw", "", kept.raw)])
    if words.looked_for_narratives(dossier):
        made["narratives"] = _narratives(dossier.matches)
    if card:
        made["scorecard"] = _scorecard(card.card)
    if dossier.items:
        made["items"] = _items(dossier)
    if dossier.fetches:
        head = ("number", "source", "address", "outcome", "cause", "detail", "found", "kept", "at")
        made["sources"] = Table(
            head,
            [
                (f.number, f.via, f.address, f.outcome, f.cause, f.detail, f.found, f.kept, _at(f.at))
                for f in dossier.fetches
            ],
        )
    return made


def _run(dossier: Dossier, tenant: str) -> Table:
    run, kept = dossier.run, dossier.briefing
    facts: dict[str, object] = {
        "id": run.id,
        "tenant": tenant,
        "tlp": words.tlp_label(run),
        "outlet": run.outlet,
        "country": run.country,
        "country_name": country_name(run.country),
        "url": run.url,
        "platform": run.platform,
        "period": run.period,
        "state": run.state,
        "failure": run.failure,
        "detail": run.detail,
        "shortfalls": " ".join(run.shortfalls),
        "sample": _yes(run.sample),
        "created_at": _at(run.created_at),
        "ended_at": _at(run.ended_at),
        "provider": kept.provider if kept else "",
        "prompt_version": kept.prompt_version if kept else "",
        "prompt_sha256": kept.prompt_hash.hex() if kept else "",
        "input_sha256": kept.input_hash.hex() if kept else "",
        "generated_at": _at(kept.made_at) if kept else "",
        "structured": _yes(kept.structured) if kept else "",
        "extractive": _yes(kept.extractive) if kept else "",
        "marks": " ".join(words.marks(dossier)),
        "disclosure": " ".join(words.disclosure(dossier)),
    }
    return Table(tuple(facts), [tuple(facts.values())])


def _briefing(briefing: Briefing) -> dict[str, Table]:
    findings = [
        (number, one.finding, one.confidence, len(one.evidence)) for number, one in enumerate(briefing.key_findings, 1)
    ]
    head = ("finding", "evidence", "kind", "reference", "item", "quote", "found", "start", "end")
    return {
        "briefing": Table(("section", "part", "text"), [line for line in _texts(briefing) if line[2]]),
        "findings": Table(("number", "finding", "confidence", "evidence"), findings),
        "evidence": Table(head, list(_evidence(briefing))),
    }


def _evidence(briefing: Briefing) -> Iterator[tuple[object, ...]]:
    """A line per quote; evidence without one has a line of its own."""
    for number, finding in enumerate(briefing.key_findings, 1):
        for place, one in enumerate(finding.evidence, 1):
            begin = (number, place, one.kind, one.reference)
            if not one.citations:
                yield (*begin, None, "", "", None, None)
            for cited in one.citations:
                yield (*begin, cited.item, cited.quote, words.FOUND[cited.found], cited.start, cited.end)


def _texts(briefing: Briefing) -> Iterator[tuple[str, str, str]]:
    """Everything of a briefing that is no finding, a line each: which section, which part of it, what it says."""
    yield "executive_summary", "", briefing.executive_summary
    subject, told, methodology = briefing.subject_profile, briefing.narrative_analysis, briefing.methodology
    yield from (("subject_profile", name, _text(getattr(subject, name))) for name in subject.__slots__)
    for one in told.primary_narratives:
        yield "narrative_analysis", one.frequency, " ".join(filter(None, (one.narrative, one.alignment)))
    for sign in told.behavioral_indicators:
        yield "narrative_analysis", sign.indicator, sign.description
    for part in (told.network_context, told.source_attribution):
        for name in part.__slots__:
            yield "narrative_analysis", name, _text(getattr(part, name))
    yield "confidence_assessment", "overall", briefing.confidence_assessment.overall
    for name, factor in briefing.confidence_assessment.factors.items():
        yield "confidence_assessment", name, ": ".join(filter(None, (factor.level, factor.notes)))
    for name in briefing.limitations.__slots__:
        for line in getattr(briefing.limitations, name):
            yield "limitations", name, line
    yield from (("methodology", name, _text(getattr(methodology, name))) for name in methodology.__slots__)
    for source in briefing.evidence_references:
        yield "evidence_references", source.id, " ".join(filter(None, (source.kind, source.reference, source.notes)))


def _narratives(matches: Sequence[StoredMatch]) -> Table:
    first = ("id", "narrative", "name", "category", "where", "item", "strength", "cues", "stance", "language", "by")
    head = (*first, "probability", "matched", "verdict", "version")
    rows: list[tuple[object, ...]] = []
    for one in matches:
        match = one.match
        matched = " | ".join(span.text for span in match.spans)
        row = (one.id, match.narrative, one.name, one.category, match.where, match.item, match.strength, match.cues)
        last = (match.probability, matched, one.verdict, match.version)
        rows.append((*row, match.stance, match.language, match.by, *last))
    return Table(head, rows)


def _scorecard(card: Scorecard) -> Table:
    """Points of the rubric and checks of content in one table: `kind` says which."""
    head = ("kind", "dimension", "check", "points", "of", "result", "why", "cap")
    rows: list[tuple[object, ...]] = [
        ("total", "", "", card.total, sum(one.of for one in card.dimensions), card.shown, _capped(card), ""),
        ("rubric", "", "", card.total, sum(one.of for one in card.dimensions), card.rating, "", ""),
    ]
    for dimension in card.dimensions:
        rows += [("point", dimension.name, one.check, one.points, one.of, "", one.why, "") for one in dimension.points]
    for check in card.checks:
        result = {True: "passed", False: "not passed", None: "nothing to look at"}[check.passed]
        rows.append(("content", "", check.name, None, None, result, " ".join((check.why, *check.where)), check.cap))
    return Table(head, rows)


def _capped(card: Scorecard) -> str:
    return f"capped by {', '.join(card.capped_by)}" if card.capped_by else ""


def _items(dossier: Dossier) -> Table:
    read = {}
    if dossier.briefing and dossier.briefing.briefing:
        read = {one.item: one for one in dossier.briefing.briefing.item_readings}
    first = (
        "number",
        "title",
        "publisher",
        "author",
        "url",
        "language",
        "published_at",
        "fetched_at",
        "source",
        "grain",
    )
    head = (*first, "text_state", "sha256", "sample", "framing", "key_claims", "actors", "unverified", "text")
    rows: list[tuple[object, ...]] = []
    for item in dossier.items:
        one = read.get(item.number)
        told = (one.framing, *map(_text, (one.key_claims, one.actors, one.unverified))) if one else ("", "", "", "")
        rows.append((*_item(item), *told, item.text))
    return Table(head, rows)


def _item(item: RunItem) -> tuple[object, ...]:
    first = (item.number, item.title, item.publisher, item.author, item.url, item.language, _at(item.published_at))
    return (
        *(*first, _at(item.fetched_at), item.via, item.grain, item.text_state, item.sha256.hex()),
        _yes(item.sample),
    )


def _text(value: object) -> str:
    if isinstance(value, bool):
        return _yes(value)
    if isinstance(value, tuple):
        return " | ".join(map(str, value))
    return "" if value is None else str(value)


def _yes(value: bool) -> str:  # noqa: FBT001 - it is what is written
    return "yes" if value else "no"


def _at(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
