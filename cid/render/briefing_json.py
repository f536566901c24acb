"""A run as one JSON document for programs, and the JSON Schema of it.

Parts that a run does not have are absent, and so is every field of which nothing is known: there is no null in the
file. What stays in the desk: who asked for the run, who said what about its matches, and readers' feedback.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from types import UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from cid import __version__
from cid.domain.briefing import Briefing
from cid.domain.narratives import StoredMatch
from cid.domain.run import Profile, Run, RunFetch, RunItem, RunStep
from cid.domain.scorecard import Scorecard
from cid.domain.shape import plain
from cid.render import briefing_words as words

if TYPE_CHECKING:
    from cid.domain.dossier import Dossier
    from cid.domain.llm import Json

EXPORT_VERSION = "1.0"
"""The first number changes when something is taken away or means something else, the second when something is added."""
INTERNAL = {
    Run: {"tenant_id", "requested_by", "outlet_key", "monitor_id"},
    StoredMatch: {"run_id", "verdict_by", "match"},
    Scorecard: set[str](),
}
"""What of these stays in the desk, or is said elsewhere in the file."""
DRAFT = "https://json-schema.org/draft/2020-12/schema"


def briefing_json(dossier: Dossier, *, tenant: str, at: datetime) -> bytes:
    """`tenant`: its name. `at`: when it was exported."""
    return (json.dumps(document(dossier, tenant=tenant, at=at), ensure_ascii=False, indent=1) + "\n").encode(
        "utf-8", "replace"
    )


def document(dossier: Dossier, *, tenant: str, at: datetime) -> dict[str, Json]:
    kept, card = dossier.briefing, dossier.scorecard
    parts: dict[str, Json] = {
        "export_version": EXPORT_VERSION,
        "exported_at": at.isoformat(),
        "cid_version": __version__,
        "tenant": tenant,
        "tlp": {"label": words.tlp_label(dossier.run), "share": words.SHARE[dossier.run.tlp]},
        "marks": list(words.marks(dossier)),
        "disclosure": list(words.disclosure(dossier)),
        "run": _of(dossier.run),
        "steps": [_of(one) for one in dossier.steps],
        "sources": [_of(one) for one in dossier.fetches],
        "items": [_of(one) for one in dossier.items],
    }
    if dossier.profile:
        parts["profile"] = _of(dossier.profile)
    if kept:
        parts["ai_metadata"] = _ai(dossier)
        parts["raw"] = kept.raw
    if kept and kept.briefing:
        parts["briefing"] = _of(kept.briefing)
    if card:
        parts["scorecard"] = _of(card.card) | {
            "total": card.card.total,
            "capped_by": list(card.card.capped_by),
            "made_at": card.made_at.isoformat(),
        }
    if words.looked_for_narratives(dossier):
        parts["narratives"] = [_of(one) | _of(one.match) for one in dossier.matches]
    return {name: value for name, value in parts.items() if name == "narratives" or value not in ([], {}, "")}


def _ai(dossier: Dossier) -> Json:
    kept = dossier.briefing
    assert kept
    told = {
        "provider": kept.provider,
        "generated_at": kept.made_at.isoformat(),
        "schema_version": kept.schema_version,
        "prompt_version": kept.prompt_version,
        "prompt_sha256": kept.prompt_hash.hex(),
        "input_sha256": kept.input_hash.hex(),
        "call": str(kept.call_id) if kept.call_id else None,
        "structured": kept.structured,
        "extractive": kept.extractive,
        "problems": list(kept.problems),
        "quality_score": dossier.scorecard.card.total if dossier.scorecard else None,
        "quality_rating": str(dossier.scorecard.card.shown) if dossier.scorecard else None,
        "requires_human_review": True,
    }
    return {name: value for name, value in told.items() if value is not None}


def _of(value: Any) -> dict[str, Json]:
    """As `shape.plain`, without what is internal and what is not known."""
    left_out = INTERNAL.get(type(value), set())
    made: dict[str, Json] = _bare({n: one for n, one in plain(value).items() if n not in left_out})
    return made


def _bare(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _bare(one) for name, one in value.items() if one is not None}
    return [_bare(one) for one in value if one is not None] if isinstance(value, list) else value


def schema() -> dict[str, Json]:
    """JSON Schema of the file, made of the same types as the file: the two cannot drift apart."""
    text, lines = {"type": "string"}, {"type": "array", "items": {"type": "string"}}
    moment = {"type": "string", "format": "date-time"}
    hashed = {"type": "string", "pattern": "^[0-9a-f]*$"}
    flags = ("structured", "extractive", "requires_human_review")
    ai: dict[str, Json] = {
        "provider": text,
        "generated_at": moment,
        "schema_version": text,
        "prompt_version": text,
        "prompt_sha256": hashed,
        "input_sha256": hashed,
        "call": text,
        **{name: {"type": "boolean"} for name in flags},
        "problems": lines,
        "quality_score": {"type": "integer"},
        "quality_rating": text,
    }
    card = _schema(Scorecard)
    card["properties"] |= {"total": {"type": "integer"}, "capped_by": lines, "made_at": moment}
    match = _schema(StoredMatch)
    inner = _schema(get_type_hints(StoredMatch)["match"])
    match["properties"] |= inner["properties"]
    match["required"] += inner["required"]
    tlp: Json = {
        "type": "object",
        "properties": {"label": {"enum": sorted(words.TLP.values())}, "share": text},
        "required": ["label", "share"],
    }
    properties: dict[str, Json] = {
        "export_version": {"const": EXPORT_VERSION},
        "exported_at": moment,
        "cid_version": text,
        "tenant": text,
        "tlp": tlp,
        "marks": lines,
        "disclosure": lines,
        "run": _schema(Run),
        "steps": {"type": "array", "items": _schema(RunStep)},
        "sources": {"type": "array", "items": _schema(RunFetch)},
        "items": {"type": "array", "items": _schema(RunItem)},
        "profile": _schema(Profile),
        "ai_metadata": {
            "type": "object",
            "properties": ai,
            "additionalProperties": False,
            "required": ["provider", "generated_at", "prompt_version", *flags],
        },
        "raw": text,
        "briefing": _schema(Briefing),
        "scorecard": card,
        "narratives": {"type": "array", "items": match},
    }
    return {
        "$schema": DRAFT,
        "title": f"A run of the Content Intelligence Desk, export {EXPORT_VERSION}",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "required": ["export_version", "exported_at", "cid_version", "tenant", "tlp", "disclosure", "run"],
    }


_PLAIN: Mapping[Any, Json] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    bytes: {"type": "string", "pattern": "^[0-9a-f]*$"},
    datetime: {"type": "string", "format": "date-time"},
    UUID: {"type": "string", "format": "uuid"},
    Any: {},
}


def _schema(hint: Any) -> dict[str, Json]:
    while hasattr(hint, "__supertype__"):  # of NewType
        hint = hint.__supertype__
    if hint in _PLAIN:
        return dict(_PLAIN[hint])
    origin, inside = get_origin(hint), get_args(hint)
    if origin in {Union, UnionType}:
        return _schema(next(one for one in inside if one is not type(None)))
    if origin is tuple:
        return {"type": "array", "items": _schema(inside[0])}
    if origin is not None:
        return {"type": "object", "additionalProperties": _schema(inside[1])}
    if issubclass(hint, StrEnum):
        return {"enum": [one.value for one in hint]}
    assert is_dataclass(hint)
    return _object(hint)


def _object(cls: Any) -> dict[str, Json]:
    """A field that may be None may be absent; every other one is there."""
    hints = get_type_hints(cls)
    known = [one for one in fields(cls) if one.name not in INTERNAL.get(cls, set())]
    return {
        "type": "object",
        "properties": {one.name: _schema(hints[one.name]) for one in known},
        "additionalProperties": False,
        "required": [one.name for one in known if type(None) not in get_args(hints[one.name])],
    }
