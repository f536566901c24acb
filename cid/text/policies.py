"""What a gate goes by for one tenant: config/gates.toml with what the tenant turned of it, and a name for the whole.

A verdict keeps that name, so that it can be explained after the numbers were turned again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from datetime import timedelta
from typing import Any, get_type_hints

from cid.domain.errors import Misconfigured
from cid.domain.llm import Json
from cid.domain.policy import GatePolicy
from cid.domain.tenants import Profile
from cid.domain.verdicts import Gate
from cid.text.typed import convert

SECTION: Mapping[Gate, str] = {
    Gate.RULES: "rules",
    Gate.RELEVANCE: "relevance",
    Gate.SIGNAL: "signal",
    Gate.EVIDENCE: "evidence",
    Gate.FIT: "fit",
    Gate.DRAFT: "drafting",
    Gate.REVIEW: "reviewing",
    Gate.TRACK: "tracking",
}
"""The part of the policy that each gate goes by: what a tenant may turn. How sources are polled is the platform's."""
FURTHER: Mapping[Gate, tuple[str, ...]] = {Gate.REVIEW: ("checks",)}
"""Parts that a gate goes by besides its own; they may be turned, too."""
TURNED = frozenset(SECTION.values()) | {name for names in FURTHER.values() for name in names}


@dataclass(frozen=True, slots=True)
class Configured:
    """What one gate was set to when it judged."""

    hash: bytes
    """The first eight bytes of SHA-256 over the canonical JSON of `body`."""
    gate: Gate
    body: Mapping[str, Json]


def overridden(policy: GatePolicy, changes: Mapping[str, Mapping[str, Json]]) -> GatePolicy:
    """`changes` by section and name, as TOML would say them. Raises Misconfigured: which one is wrong."""
    sections: dict[str, Any] = {}
    for name, values in changes.items():
        if name not in TURNED:
            raise Misconfigured(f"the policy has no part {name!r} that a tenant may turn")
        section = getattr(policy, name)
        hints = get_type_hints(type(section))
        known = {field.name for field in fields(section)}
        if unknown := sorted(set(values) - known):
            raise Misconfigured(f"{name} has no setting {unknown[0]!r}")
        turned = {key: convert(hints[key], value, f"{name}.{key}") for key, value in values.items()}
        sections[name] = replace(section, **turned)
    return replace(policy, **sections)


def configured(gate: Gate, policy: GatePolicy, profile: Profile) -> Configured:
    body: dict[str, Json] = {
        "gate": gate.value,
        "policy": _plain(getattr(policy, SECTION[gate])),
        "profile": asdict(profile),
    }
    if further := FURTHER.get(gate):
        body["further"] = {name: _plain(getattr(policy, name)) for name in further}
    spelled = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return Configured(hash=hashlib.sha256(spelled.encode()).digest()[:8], gate=gate, body=body)


def _plain(value: object) -> Json:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g}s"
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | frozenset):
        return [_plain(inner) for inner in value]
    return value
