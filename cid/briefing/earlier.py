"""Briefings of the predecessor's shapes, as ours: findings as bare strings or with one line of evidence, limitations as
one list, factors as rows, items joined by their links. An answer of today's shape stays as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cid.domain.llm import Json
from cid.domain.run import RunItem
from cid.text.words import first_found, phrases, words

BUCKETS = {
    "cannot_determine": phrases(["cannot", "can not", "unable", "not possible", "impossible"]),
    "data_gaps": phrases(["gap", "gaps", "missing", "no access", "unavailable"]),
    "alternative_interpretations": phrases(["alternative", "alternatives", "could also", "may be", "plausible"]),
    "assessment_changing_factors": phrases(["change", "changes", "new evidence", "would alter"]),
}
"""A limitation belongs to the first of these whose words it holds, and to the first of all where it holds none."""


def modern(value: Mapping[str, Json], items: Sequence[RunItem]) -> dict[str, Json]:
    """Only known places are looked at, and only where they are of the earlier shape."""
    new = dict(value)
    for name, read in _READERS.items():
        if name in new:
            new[name] = read(new[name])
    if "items" not in new and isinstance(new.get("individual_analyses"), list):
        by_link = {item.url: item.number for item in items if item.url}
        new["items"] = [_analysed(one, by_link) for one in new["individual_analyses"]]
    return new


def _findings(value: Json) -> Json:
    return [_finding(one) for one in value] if isinstance(value, list) else value


def _finding(value: Json) -> Json:
    if isinstance(value, str):
        return {"finding": value}
    if not isinstance(value, Mapping):
        return value
    evidence = value.get("evidence")
    if isinstance(evidence, str):
        evidence = [{"kind": value.get("evidence_type", ""), "reference": evidence}] if evidence.strip() else []
    if isinstance(evidence, list):
        evidence = [_evidence(one) for one in evidence]
    return {**value, "evidence": evidence} if "evidence" in value else value


def _evidence(value: Json) -> Json:
    if isinstance(value, str):
        return {"reference": value}
    return _renamed(value, {"type": "kind"})


def _subject(value: Json) -> Json:
    return _renamed(
        value, {"type": "kind", "account_bio": "description", "profile_language": "language", "account_handle": "name"}
    )


def _analysis(value: Json) -> Json:
    if not isinstance(value, Mapping):
        return value
    new = dict(value)
    if isinstance(new.get("behavioral_indicators"), list):
        names = {"indicator_type": "indicator", "value": "description"}
        new["behavioral_indicators"] = [_renamed(one, names) for one in new["behavioral_indicators"]]
    if isinstance(new.get("network_context"), list):
        new["network_context"] = {"known_associations": [_pair(one) for one in new["network_context"]]}
    if isinstance(new.get("primary_narratives"), list):
        new["primary_narratives"] = [
            {"narrative": one} if isinstance(one, str) else one for one in new["primary_narratives"]
        ]
    return new


def _pair(value: Json) -> Json:
    if not isinstance(value, Mapping):
        return value
    return ": ".join(str(value[name]) for name in ("label", "value") if isinstance(value.get(name), str))


def _assessment(value: Json) -> Json:
    if not isinstance(value, Mapping):
        return value
    factors = value.get("factors")
    if isinstance(factors, list):
        rows = [row for row in factors if isinstance(row, Mapping) and isinstance(row.get("factor"), str)]
        factors = {row["factor"]: {"level": row.get("level"), "notes": row.get("notes", "")} for row in rows}
    if isinstance(factors, Mapping):
        factors = {
            str(name).strip().casefold().replace(" ", "_"): {"level": one} if isinstance(one, str) else one
            for name, one in factors.items()
        }
    return {**value, "factors": factors} if "factors" in value else value


def _limitations(value: Json) -> Json:
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list):
        return value
    new: dict[str, list[Json]] = {name: [] for name in BUCKETS}
    for one in value:
        said = words(one) if isinstance(one, str) else []
        name = next((name for name, known in BUCKETS.items() if first_found(known, said)), next(iter(BUCKETS)))
        new[name].append(one)
    return new


def _analysed(value: Json, by_link: Mapping[str, int]) -> Json:
    if not isinstance(value, Mapping):
        return value
    link = value.get("link")
    number = by_link.get(link) if isinstance(link, str) else None
    named = {"key_actors": "actors", "unverified_statements": "unverified"}
    return {**_renamed(value, named), "item": number}


def _renamed(value: Json, names: Mapping[str, str]) -> Json:
    """The old names too, where the new one is not there."""
    if not isinstance(value, Mapping):
        return value
    return {**{new: value[old] for old, new in names.items() if old in value}, **value}


_READERS = {
    "key_findings": _findings,
    "subject_profile": _subject,
    "narrative_analysis": _analysis,
    "confidence_assessment": _assessment,
    "limitations": _limitations,
}
