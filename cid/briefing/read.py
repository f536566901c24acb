"""From a model's answer to a briefing: nothing is lost over one word, and everything that is wrong gets a sentence.

What the desk knows by itself it fills in, whatever an answer says of it: the subject's figures, method and metadata.
Looking quotes up takes milliseconds: not for the event loop.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cid import __version__
from cid.briefing import documents
from cid.briefing.ask import silenced, span
from cid.briefing.earlier import modern
from cid.briefing.tell import Telling
from cid.domain.briefing import (
    CONFIDENCE,
    EVIDENCE,
    FACTORS,
    FREQUENCY,
    ROLES,
    STANCES,
    Analysis,
    Assessment,
    Attribution,
    Briefing,
    Evidence,
    Factor,
    Finding,
    Found,
    Indicator,
    ItemReading,
    Limitations,
    Metadata,
    Methodology,
    Network,
    Referenced,
    Subject,
    Told,
)
from cid.domain.llm import Json
from cid.domain.run import Profile, Replied, Run, RunItem
from cid.text.clean import line

SCHEMA_VERSION = "2.0"
"""Of a stored briefing; 1.x are the predecessor's."""
ASKED = ("executive_summary", "key_findings", "narrative_analysis", "confidence_assessment", "limitations")
"""The sections that an answer has to fill in; the desk can fill in the others without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    briefing: Briefing | None
    """None: the answer has no structure."""
    problems: tuple[str, ...]
    missing: tuple[str, ...] = ()
    """Sections of which there is nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the desk knows besides, and fills in itself."""

    profile: Profile | None = None
    replied: Replied | None = None
    at: datetime | None = None
    narratives: Collection[str] | None = None
    """Ids of the catalogue; None: they are not looked up."""


NOTHING = Known()


def read(value: Json, run: Run, items: Sequence[RunItem], known: Known = NOTHING) -> Read:
    """Never raises."""
    telling = Telling(items)
    answer = telling.part(value, "The answer")
    answer = modern(answer, items)
    if not any(section in answer for section in ASKED):
        telling.wrong("The answer has none of a briefing's sections.")
        return Read(briefing=None, problems=tuple(telling.problems))
    findings = _findings(telling, answer.get("key_findings"))
    briefing = Briefing(
        executive_summary=telling.text(answer.get("executive_summary"), "The summary"),
        key_findings=findings,
        subject_profile=_subject(telling, answer.get("subject_profile"), run, items, known.profile),
        narrative_analysis=_analysis(telling, answer.get("narrative_analysis"), known.narratives),
        confidence_assessment=_assessment(telling, answer.get("confidence_assessment")),
        limitations=_limitations(telling, answer.get("limitations")),
        evidence_references=_references(telling, answer.get("evidence_references")) or _listed(findings),
        item_readings=_readings(telling, answer.get("items")),
        methodology=_methodology(telling, run, items, known.replied),
        metadata=_metadata(run, known),
    )
    missing = tuple(section for section in ASKED if _is_blank(getattr(briefing, section)))
    for section in missing:
        telling.wrong(f"The section {section} is missing.")
    return Read(briefing=briefing, problems=tuple(telling.problems), missing=missing)


def salvage(raw: str, run: Run, items: Sequence[RunItem], known: Known = NOTHING) -> Read:
    """Of a reply that the model layer refused: what there is of a briefing in it. Never raises, and takes a time that
    is linear in the reply."""
    last: Read | None = None
    for how, value in documents.within(raw):
        found = read(value, run, items, known)
        said = (f"The reply is not of the shape asked for: {how}.", *found.problems)
        last = Read(briefing=found.briefing, problems=said, missing=found.missing)
        if found.briefing is not None:
            return last
    return last or Read(briefing=None, problems=("The reply holds no JSON: it is kept as it came.",))


def _is_blank(section: object) -> bool:
    return section in ("", (), Analysis(), Assessment(), Limitations())


def _findings(telling: Telling, value: Json) -> tuple[Finding, ...]:
    found = []
    for number, row in enumerate(telling.rows(value, "The list of findings"), 1):
        where = f"Finding {number}"
        one = telling.part(row, where)
        said = telling.text(one.get("finding"), where)
        if not said:
            telling.wrong(f"{where} says nothing: it is left out.")
            continue
        level = telling.word(one.get("confidence"), CONFIDENCE, f"The confidence of finding {number}")
        evidence = _evidence(telling, one.get("evidence"), where)
        found.append(Finding(finding=said, confidence=level, evidence=evidence))
    uncited = sum(not any(piece.citations for piece in one.evidence) for one in found)
    if uncited:
        telling.wrong(f"{uncited} of {len(found)} findings cite no item.")
    return tuple(found)


def _evidence(telling: Telling, value: Json, finding: str) -> tuple[Evidence, ...]:
    found = []
    for number, row in enumerate(telling.rows(value, f"{finding}: its evidence"), 1):
        where = f"{finding}, evidence {number}"
        one = telling.part(row, where)
        kind = telling.word(one.get("kind"), EVIDENCE, f"{where}: its kind")
        citations = telling.citations(one.get("citations"), where)
        reference = telling.text(one.get("reference"), where)
        if reference or citations:
            if kind == "post":
                reference = _addressed(reference, [cited.item for cited in citations], telling.items)
            found.append(Evidence(kind=kind, reference=reference, citations=citations))
    return tuple(found)


def _addressed(reference: str, cited: Sequence[int | None], items: Sequence[RunItem]) -> str:
    """As it is, and the address of the item that it cites, which the desk knows and a model may have left out."""
    urls = {item.number: item.url for item in items if item.url}
    if any(url in reference for url in urls.values()):
        return reference
    url = next((urls[number] for number in cited if number in urls), "")
    return f"{reference} {url}".strip()


def _subject(telling: Telling, value: Json, run: Run, items: Sequence[RunItem], profile: Profile | None) -> Subject:
    said = telling.part(value, "The subject profile")
    described: Mapping[str, str] = {
        name: telling.text(said.get(name), f"The subject's {name}") for name in ("kind", "description", "language")
    }
    first, last = span(run)
    known = profile or Profile(handle="")
    return Subject(
        name=run.outlet,
        handle=known.handle,
        platform=str(run.platform),
        country=run.country,
        items_analyzed=len(items),
        period=f"{first} to {last}",
        created=known.created_at.date().isoformat() if known.created_at else "",
        followers=known.followers,
        following=known.following,
        verified=known.verified,
        **described,
    )


def _analysis(telling: Telling, value: Json, narratives: Collection[str] | None) -> Analysis:
    said = telling.part(value, "The narrative analysis")
    network = telling.part(said.get("network_context"), "The network")
    source = telling.part(said.get("source_attribution"), "The attribution of the source")
    indicators = [
        telling.part(row, "An indicator")
        for row in telling.rows(said.get("behavioral_indicators"), "The list of indicators")
    ]
    return Analysis(
        primary_narratives=_told(telling, said.get("primary_narratives"), narratives),
        behavioral_indicators=tuple(
            Indicator(
                indicator=telling.text(one.get("indicator"), "An indicator"),
                description=telling.text(one.get("description"), "An indicator"),
            )
            for one in indicators
            if one
        ),
        network_context=Network(
            known_associations=telling.texts(network.get("known_associations"), "The associations"),
            amplification_patterns=telling.text(network.get("amplification_patterns"), "The amplification"),
            cross_platform_presence=telling.texts(network.get("cross_platform_presence"), "The other platforms"),
        ),
        source_attribution=Attribution(
            role=telling.word(source.get("role"), ROLES, "The role of the source") if source else "",
            content_origin=telling.text(source.get("content_origin"), "The origin"),
            amplification_chain=telling.text(source.get("amplification_chain"), "The chain of amplification"),
        ),
    )


def _told(telling: Telling, value: Json, narratives: Collection[str] | None) -> tuple[Told, ...]:
    found = []
    for number, row in enumerate(telling.rows(value, "The list of narratives"), 1):
        where = f"Narrative {number}"
        one = telling.part(row, where)
        said = telling.text(one.get("narrative"), where)
        if not said:
            continue
        alignment = telling.text(one.get("alignment"), f"{where}: its alignment")
        if narratives is not None and alignment and alignment not in narratives:
            telling.wrong(f"{where} names an entry that the catalogue does not have.")
            alignment = ""
        found.append(
            Told(
                narrative=said,
                frequency=telling.word(one.get("frequency"), FREQUENCY, f"{where}: its frequency"),
                alignment=alignment,
                stance=telling.word(one.get("stance"), STANCES, f"{where}: its stance"),
                citations=telling.citations(one.get("citations"), where),
            )
        )
        if alignment and not any(cited.found in {Found.FOUND, Found.NEAR} for cited in found[-1].citations):
            telling.wrong(f"{where} is said to be {alignment}, and no quote that can be found shows it.")
    return tuple(found)


def _assessment(telling: Telling, value: Json) -> Assessment:
    said = telling.part(value, "The confidence assessment")
    if not said:
        return Assessment()
    named = telling.part(said.get("factors"), "The factors of confidence")
    rows = {line(str(name), 60): one for name, one in named.items()}
    factors = {}
    for name in (*FACTORS, *sorted(rows.keys() - set(FACTORS))[: len(FACTORS)]):
        if name in rows:
            one = telling.part(rows[name], f"The factor {name}")
            level = telling.word(one.get("level"), CONFIDENCE, f"The factor {name}")
            factors[name] = Factor(level=level, notes=telling.text(one.get("notes"), f"The factor {name}"))
        elif name in FACTORS:
            telling.wrong(f"The factor {name} is missing.")
    return Assessment(overall=telling.word(said.get("overall"), CONFIDENCE, "The overall confidence"), factors=factors)


def _limitations(telling: Telling, value: Json) -> Limitations:
    said = telling.part(value, "The limitations")
    return Limitations(
        cannot_determine=telling.texts(said.get("cannot_determine"), "What cannot be determined"),
        data_gaps=telling.texts(said.get("data_gaps"), "The gaps in the data"),
        alternative_interpretations=telling.texts(said.get("alternative_interpretations"), "The alternatives"),
        assessment_changing_factors=telling.texts(said.get("assessment_changing_factors"), "What would change it"),
    )


def _references(telling: Telling, value: Json) -> tuple[Referenced, ...]:
    """Of an answer that brings a list of its own, as the predecessor's did."""
    found = []
    for number, row in enumerate(telling.rows(value, "The list of evidence"), 1):
        one = telling.part(row, f"Reference {number}")
        found.append(
            Referenced(
                id=telling.text(one.get("id"), f"Reference {number}") or f"E{number}",
                kind=telling.word(one.get("kind", one.get("type")), EVIDENCE, f"The kind of reference {number}"),
                reference=telling.text(one.get("reference"), f"Reference {number}"),
                notes=telling.text(one.get("notes"), f"Reference {number}"),
            )
        )
    return tuple(one for one in found if one.reference)


def _listed(findings: Sequence[Finding]) -> tuple[Referenced, ...]:
    """What the findings rest on, each once, with where it is used."""
    used: dict[tuple[str, str], list[str]] = {}
    for number, finding in enumerate(findings, 1):
        for one in finding.evidence:
            named = sorted({cited.item for cited in one.citations if cited.item is not None})
            items = f" (items {', '.join(map(str, named))})" if named else ""
            used.setdefault((one.kind, one.reference), []).append(f"finding {number}{items}")
    return tuple(
        Referenced(id=f"E{number}", kind=kind, reference=reference, notes="; ".join(where))
        for number, ((kind, reference), where) in enumerate(used.items(), 1)
        if reference
    )


def _readings(telling: Telling, value: Json) -> tuple[ItemReading, ...]:
    found: dict[int, ItemReading] = {}
    for number, row in enumerate(telling.rows(value, "The list of items"), 1):
        one = telling.part(row, f"Row {number} of the items")
        item = telling.item(one.get("item"))
        if item is None:
            telling.wrong(f"Row {number} of the items names none of this run's: it is left out.")
        elif item in found:
            telling.wrong(f"Item {item} is read twice: the first reading is kept.")
        else:
            where = f"The reading of item {item}"
            found[item] = ItemReading(
                item=item,
                framing=telling.text(one.get("framing"), where),
                key_claims=telling.texts(one.get("key_claims"), where),
                actors=telling.texts(one.get("actors"), where),
                unverified=telling.texts(one.get("unverified"), where),
            )
    left = sorted(telling.numbers - set(found))
    if left:
        telling.wrong(f"{len(left)} of {len(telling.numbers)} items were not read: {', '.join(map(str, left))}.")
    return tuple(found[number] for number in sorted(found))


def _methodology(telling: Telling, run: Run, items: Sequence[RunItem], replied: Replied | None) -> Methodology:
    vias = _counted([str(item.via) for item in items])
    grains = _counted([str(item.grain) for item in items])
    looked, counts, kept = sum(telling.counts.values()), telling.counts, ", ".join(map(str, silenced(items)))
    first, last = span(run)
    return Methodology(
        data_collection=f"{len(items)} items, by source: {vias or 'none'}; by what could be read: {grains or 'none'}",
        period=f"{first} to {last}",
        items_analyzed=len(items),
        model=replied.provider if replied else "",
        prompt_version=replied.prompt_version if replied else "",
        validation=(
            f"{looked} quotes looked up in the stored items: {counts[Found.FOUND]} found, {counts[Found.NEAR]} near, "
            f"{counts[Found.NOT_FOUND]} not found, {counts[Found.NO_ITEM]} of no item"
            + (f", {telling.unlooked} not looked up" if telling.unlooked else "")
            + (f"; sentences that speak to a model were kept from it in items {kept}" if kept else "")
        ),
    )


def _counted(values: Sequence[str]) -> str:
    return ", ".join(f"{value} {values.count(value)}" for value in sorted(set(values)))


def _metadata(run: Run, known: Known) -> Metadata:
    first, last = span(run)
    return Metadata(
        briefing_id=str(run.id),
        generated_at=known.at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if known.at else "",
        model_version=known.replied.provider if known.replied else "",
        prompt_version=known.replied.prompt_version if known.replied else "",
        cid_version=__version__,
        period_start=first,
        period_end=last,
    )
