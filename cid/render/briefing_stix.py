"""A run as a STIX 2.1 bundle (https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html).

What stands for what: the tenant and the outlet are identities, the briefing a report about the outlet, each item
observed data of its address, each finding a note, each known narrative that was matched a grouping of the outlet and
the items, and an analyst's verdict on a match an opinion. No threat actor, campaign or attack pattern is made of an
outlet: that somebody published a sentence is observed, who is behind it is not.

Ids are made of the tenant's, the run's and the thing's own: two exports of one run differ in `modified` alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID, uuid5

from cid.domain.narratives import MatchVerdict, StoredMatch
from cid.domain.run import Tlp
from cid.render import briefing_words as words
from cid.text.countries import country_name
from cid.text.urls import located

if TYPE_CHECKING:
    from cid.domain.briefing import Briefing, Finding
    from cid.domain.dossier import Dossier
    from cid.domain.llm import Json
    from cid.domain.run import RunItem

Thing: TypeAlias = dict[str, "Json"]

OURS = UUID("5f0f6f0e-7f43-5d0b-9a3e-0c8d8f6b2c11")
"""Namespace of ids that are ours: anybody's would do that is not the one of the standard."""
OBSERVABLES = UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
"""Namespace of the ids of observables (STIX 2.1, section 2.9): the same address has one id everywhere."""
TLP_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
TLP_IDS = {
    Tlp.CLEAR: "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    Tlp.GREEN: "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    Tlp.AMBER: "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    Tlp.AMBER_STRICT: "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    Tlp.RED: "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}
TLP_CREATED = "2022-10-01T00:00:00.000Z"
"""The markings of TLP 2.0 as OASIS publishes them, ids and time too: STIX 2.1 itself knows TLP 1 only
(cti-stix-common-objects, extension-definition-specifications/tlp-2.0)."""
CONFIDENCE = {"low": 15, "moderate": 50, "high": 85}
"""STIX 2.1, appendix A, table of the scale None / Low / Med / High."""
OPINIONS = {MatchVerdict.CONFIRMED: "agree", MatchVerdict.REJECTED: "disagree"}
"""Of opinion-enum (STIX 2.1, section 10.20)."""


def briefing_stix(dossier: Dossier, *, tenant: str, at: datetime) -> bytes:
    """`tenant`: its name. `at`: when it was exported, which is what `modified` says."""
    run = dossier.run
    made = [one for one in _Bundle(dossier, tenant, at).objects() if one]
    bundle = {"type": "bundle", "id": f"bundle--{uuid5(OURS, f'bundle:{run.tenant_id}:{run.id}')}", "objects": made}
    return (json.dumps(bundle, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")


class _Bundle:
    def __init__(self, dossier: Dossier, tenant: str, at: datetime) -> None:
        self.dossier, self.run, self.tenant = dossier, dossier.run, tenant
        self.created = _moment(self.run.created_at)
        self.modified = _moment(max(at, self.run.created_at))
        self.desk = f"identity--{uuid5(OURS, f'tenant:{self.run.tenant_id}')}"
        self.outlet = self._id("identity", "outlet")
        stored = dossier.briefing
        self.briefing: Briefing | None = stored.briefing if stored else None
        self.labels = sorted(self._labels())

    def objects(self) -> Iterator[Thing]:
        """The report comes last: by then it is known what it refers to."""
        yield {
            "type": "marking-definition",
            "spec_version": "2.1",
            "id": TLP_IDS[self.run.tlp],
            "created": TLP_CREATED,
            "name": words.tlp_label(self.run),
            "extensions": {TLP_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": str(self.run.tlp)}},
        }
        yield self._thing("identity", self.desk, name=self.tenant, identity_class="organization")
        told = [self._outlet(), *self._items(), *self._findings(), *self._narratives(), *self._opinions()]
        yield from told
        yield self._report([one["id"] for one in told])

    def _id(self, kind: str, what: str) -> str:
        return f"{kind}--{uuid5(OURS, f'{kind}:{self.run.tenant_id}:{self.run.id}:{what}')}"

    def _thing(self, kind: str, id_: str, **said: Json) -> Thing:
        """What is empty is left out, as the standard wants it (section 2.3: no empty lists)."""
        thing: Thing = {"type": kind, "spec_version": "2.1", "id": id_, "created": self.created}
        thing["modified"] = self.modified
        if id_ != self.desk:
            thing["created_by_ref"] = self.desk
        thing["object_marking_refs"] = [TLP_IDS[self.run.tlp]]
        return thing | {name: value for name, value in said.items() if value not in (None, "", [])}

    def _labels(self) -> Iterator[str]:
        stored = self.dossier.briefing
        if stored:
            yield "extractive" if stored.extractive else "ai-generated"
            yield "structured" if stored.structured else "unstructured"
            yield "requires-human-review"
        if self.run.sample:
            yield "sample"
        yield str(self.run.state)

    def _outlet(self) -> Thing:
        where = filter(None, (country_name(self.run.country), located(self.run.url)))
        return self._thing(
            "identity",
            self.outlet,
            name=self.run.outlet,
            identity_class="organization",
            description=", ".join(["Outlet that was analysed", *where]),
        )

    def _items(self) -> Iterator[Thing]:
        seen: set[str] = set()
        for item in self.dossier.items:
            address = located(item.url)
            if not address:
                continue  # observed data has to be data of something: without an address it is in the findings only
            url = self._url(address)
            if url["id"] not in seen:
                seen.add(url["id"])
                yield url
            yield self._observed(item, url["id"])

    def _url(self, address: str) -> Thing:
        """Its id is made of its value alone, in the canonical JSON of RFC 8785 (STIX 2.1, section 2.9)."""
        value = json.dumps({"value": address}, ensure_ascii=False, separators=(",", ":"))
        thing: Thing = {"type": "url", "spec_version": "2.1", "id": f"url--{uuid5(OBSERVABLES, value)}"}
        return thing | {"value": address, "object_marking_refs": [TLP_IDS[self.run.tlp]]}

    def _observed(self, item: RunItem, url: str) -> Thing:
        at = _moment(item.fetched_at)
        return self._thing(
            "observed-data",
            self._item(item.number),
            first_observed=at,
            last_observed=at,
            number_observed=1,
            object_refs=[url],
            labels=["sample"] if item.sample else [],
            external_references=[
                {
                    "source_name": item.publisher or self.run.outlet,
                    "description": item.title or "Without a title.",
                    "external_id": f"item {item.number}",
                }
            ],
        )

    def _item(self, number: int) -> str:
        return self._id("observed-data", f"item:{number}")

    def _refer(self, numbers: Sequence[int | None]) -> list[str]:
        """The outlet, and those of the items that are in the bundle."""
        there = {item.number for item in self.dossier.items if located(item.url)}
        return [self.outlet, *(self._item(one) for one in dict.fromkeys(numbers) if one in there)]

    def _findings(self) -> Iterator[Thing]:
        for number, one in enumerate(self.briefing.key_findings if self.briefing else (), 1):
            cited = [citation.item for evidence in one.evidence for citation in evidence.citations]
            yield self._thing(
                "note",
                self._id("note", f"finding:{number}"),
                abstract=f"Finding {number}",
                content="\n".join([one.finding or "Without words.", *_evidence(one)]),
                object_refs=self._refer(cited),
                confidence=CONFIDENCE.get(one.confidence),
                labels=self.labels,
            )

    def _narratives(self) -> Iterator[Thing]:
        for narrative, some in self._matched().items():
            first = some[0]
            yield self._thing(
                "grouping",
                self._id("grouping", f"narrative:{narrative}"),
                name=first.name or narrative,
                context="unspecified",
                description="\n".join([f"Known narrative ({first.category}), matched:", *map(_match, some)]),
                object_refs=self._refer([one.match.item for one in some]),
                external_references=[
                    {"source_name": "cid-narratives", "external_id": narrative, "description": first.match.version}
                    if first.match.version
                    else {"source_name": "cid-narratives", "external_id": narrative}
                ],
            )

    def _opinions(self) -> Iterator[Thing]:
        for narrative, some in self._matched().items():
            for one in some:
                if one.verdict is not None:
                    yield self._thing(
                        "opinion",
                        self._id("opinion", f"match:{one.id}"),
                        opinion=OPINIONS[one.verdict],
                        explanation=f"An analyst {one.verdict} this match: {_match(one)}",
                        object_refs=[self._id("grouping", f"narrative:{narrative}")],
                    )

    def _matched(self) -> Mapping[str, list[StoredMatch]]:
        found: dict[str, list[StoredMatch]] = {}
        for one in self.dossier.matches:
            found.setdefault(one.match.narrative, []).append(one)
        return found

    def _report(self, refs: list[str]) -> Thing:
        run, stored = self.run, self.dossier.briefing
        summary = self.briefing.executive_summary if self.briefing else stored.raw[:CUT] if stored else ""
        said = [*words.marks(self.dossier), summary, *words.disclosure(self.dossier)]
        return self._thing(
            "report",
            self._id("report", "briefing"),
            name=f"Analysis of {run.outlet}",
            description="\n".join(filter(None, said)),
            # Of report-type-ov: about an identity and what was observed of it. None of its kinds of threats is claimed.
            report_types=["identity", "observed-data"],
            published=_moment(stored.made_at if stored else run.ended_at or run.created_at),
            object_refs=refs,
            confidence=CONFIDENCE.get(self.briefing.confidence_assessment.overall) if self.briefing else None,
            labels=self.labels,
            external_references=[
                {"source_name": "cid", "external_id": str(run.id), "description": _made(self.dossier)}
            ],
        )


CUT = 2000
"""Characters of an answer without structure that go into the report's description; the JSON export has all."""


def _evidence(finding: Finding) -> Iterator[str]:
    for one in finding.evidence:
        yield f"[{one.kind.upper() or 'EVIDENCE'}] {one.reference}"
        for cited in one.citations:
            where = "" if cited.item is None else f" in item {cited.item}"
            yield f"“{cited.quote}” ({words.FOUND[cited.found]}{where})"


def _match(one: StoredMatch) -> str:
    match = one.match
    where = f"item {match.item}" if match.item is not None else "the report"
    verdict = words.VERDICTS[one.verdict]
    cues = " | ".join(span.text for span in match.spans)
    return f"{where} {words.STANCES[match.stance]} it, {match.strength}, by {match.by}, {verdict}: {cues}"


def _made(dossier: Dossier) -> str:
    stored = dossier.briefing
    if stored is None:
        return f"Run {dossier.run.id}, {dossier.run.state}"
    return f"Run {dossier.run.id}, by {stored.provider}, prompt {stored.prompt_version} ({stored.prompt_hash.hex()})"


def _moment(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds and Z (STIX 2.1, section 2.16)."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
