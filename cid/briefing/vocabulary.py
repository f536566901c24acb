"""The shape of an answer: what a model is asked to fill in. What the desk knows by itself is no part of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cid.domain.briefing import CONFIDENCE, EVIDENCE, FACTORS, FREQUENCY, ROLES, STANCES
from cid.domain.llm import Json

_TEXT: Mapping[str, Json] = {"type": "string"}


def _one_of(words: Sequence[str]) -> Mapping[str, Json]:
    return {"type": "string", "enum": list(words)}


def _list(items: Mapping[str, Json]) -> Mapping[str, Json]:
    return {"type": "array", "items": items}


def _object(**properties: Mapping[str, Json]) -> Mapping[str, Json]:
    """Closed, with everything required: what the decoders of all vendors take."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_TEXTS = _list(_TEXT)
_CITATIONS = _list(_object(item=_TEXT, quote=_TEXT))
SCHEMA = _object(
    executive_summary=_TEXT,
    key_findings=_list(
        _object(
            finding=_TEXT,
            confidence=_one_of(CONFIDENCE),
            evidence=_list(_object(kind=_one_of(EVIDENCE), reference=_TEXT, citations=_CITATIONS)),
        )
    ),
    subject_profile=_object(kind=_TEXT, description=_TEXT, language=_TEXT),
    narrative_analysis=_object(
        primary_narratives=_list(
            _object(
                narrative=_TEXT,
                frequency=_one_of(FREQUENCY),
                alignment=_TEXT,
                stance=_one_of(STANCES),
                citations=_CITATIONS,
            )
        ),
        behavioral_indicators=_list(_object(indicator=_TEXT, description=_TEXT)),
        network_context=_object(
            known_associations=_TEXTS, amplification_patterns=_TEXT, cross_platform_presence=_TEXTS
        ),
        source_attribution=_object(role=_one_of(ROLES), content_origin=_TEXT, amplification_chain=_TEXT),
    ),
    confidence_assessment=_object(
        overall=_one_of(CONFIDENCE),
        factors=_object(**dict.fromkeys(FACTORS, _object(level=_one_of(CONFIDENCE), notes=_TEXT))),
    ),
    limitations=_object(
        cannot_determine=_TEXTS,
        data_gaps=_TEXTS,
        alternative_interpretations=_TEXTS,
        assessment_changing_factors=_TEXTS,
    ),
    items=_list(_object(item=_TEXT, framing=_TEXT, key_claims=_TEXTS, actors=_TEXTS, unverified=_TEXTS)),
)
