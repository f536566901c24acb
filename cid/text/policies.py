"""What a gate goes by for one tenant: config/gates.toml with what the tenant turned of it, and a name for the whole.

A verdict keeps that name, so that it can be explained after the numbers were turned again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from datetime import timedelta
from typing import Any, get_type_hints

from cid.domain.errors import Misconfigured
from cid.domain.knobs import ASCENDING, KNOBS, NOT_TURNED, options
from cid.domain.llm import Json
from cid.domain.policy import GatePolicy
from cid.domain.tenants import Profile
from cid.domain.verdicts import Gate
from cid.text.turning import fitting

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
FURTHER: Mapping[Gate, tuple[str, ...]] = {Gate.DRAFT: ("follow",), Gate.REVIEW: ("checks",)}
"""Parts that a gate goes by besides its own; they may be turned, too."""
TURNED = frozenset(SECTION.values()) | {name for names in FURTHER.values() for name in names} | {"publishing"}


@dataclass(frozen=True, slots=True)
class Configured:
    """What one gate was set to when it judged."""

    hash: bytes
    """The first eight bytes of SHA-256 over the canonical JSON of `body`."""
    gate: Gate
    body: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfit:
    """A tenant's own number that is not gone by: config/gates.toml, its bounds or its neighbours have changed since."""

    section: str
    name: str
    value: Json
    why: str


def by_section(values: Iterable[tuple[str, str, Json]]) -> dict[str, dict[str, Json]]:
    """Of section, name and value."""
    made: dict[str, dict[str, Json]] = {}
    for section, name, value in values:
        made.setdefault(section, {})[name] = value
    return made


def fitted(policy: GatePolicy, changes: Mapping[str, Mapping[str, Json]]) -> tuple[GatePolicy, tuple[Unfit, ...]]:
    """`policy` with `changes` by section and name, as TOML would say them; and those that do not fit (any more), for
    which the policy's own number stands. A number may need another beside it, so each is tried again after one fits."""
    left = {(section, name): value for section, values in changes.items() for name, value in values.items()}
    why: dict[tuple[str, str], str] = {}
    fits = True
    while left and fits:
        fits = False
        for place in list(left):
            try:
                policy = _with(policy, *place, left[place])
            except Misconfigured as error:
                why[place] = str(error)
            else:
                del left[place]
                fits = True
    return policy, tuple(
        Unfit(section=section, name=name, value=value, why=why[section, name])
        for (section, name), value in left.items()
    )


def _with(policy: GatePolicy, section: str, name: str, value: Json) -> GatePolicy:
    if section not in TURNED:
        raise Misconfigured(f"The gates have no part {section!r} that a tenant may turn.")
    part: Any = getattr(policy, section)
    if name not in {field.name for field in fields(part)} or (section, name) in NOT_TURNED:
        raise Misconfigured(f"{section} has no number {name!r} that a tenant may turn.")
    knob = KNOBS.get(section, {}).get(name)
    where = knob.label if knob else f"{section}.{name}"
    typed = fitting(get_type_hints(type(part))[name], value, knob, where)
    most = getattr(part, name)
    if knob and knob.capped and typed > most:
        raise Misconfigured(f"{where}: {typed} is above the platform's {most}.")
    if (known := options(policy, section, name)) and typed not in known:
        raise Misconfigured(f"{where}: {str(typed)[:40]!r} is none of {', '.join(known)}.")
    part = replace(part, **{name: typed})
    for owner, low, high in ASCENDING:
        if owner == section and getattr(part, low) > getattr(part, high):
            raise Misconfigured(f"{KNOBS[owner][low].label} is above {KNOBS[owner][high].label}.")
    return replace(policy, **{section: part})


def configured(gate: Gate, policy: GatePolicy, profile: Profile, **more: Json) -> Configured:
    """`more`: what else the gate was set to, by name."""
    body: dict[str, Json] = {
        "gate": gate.value,
        "policy": _plain(getattr(policy, SECTION[gate])),
        "profile": asdict(profile),
        **more,
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
