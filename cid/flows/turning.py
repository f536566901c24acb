"""The numbers of the gates as a tenant turns them while the desk runs: what stands counts from the next judgement on,
and every change is a line in the audit log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, get_type_hints

from cid.domain.errors import Refused
from cid.domain.ids import TenantId
from cid.domain.knobs import KNOBS, NOT_TURNED, Knob, options
from cid.domain.llm import Json
from cid.domain.policy import GatePolicy, Outage
from cid.domain.tenants import Actor, Permission
from cid.ports import Tx
from cid.services import Services
from cid.store import audit, policies
from cid.text.policies import TURNED, Unfit, by_section, fitted
from cid.text.turning import spelled, told


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One number of one gate, for one tenant. Values as `told` reads them."""

    section: str
    name: str
    knob: Knob
    kind: Any
    """Its type."""
    options: tuple[str, ...] = ()
    """What a text may be; empty: any."""
    shipped: str
    """The platform's value."""
    own: str | None
    """The tenant's; None: as the platform's."""
    unfit: str
    """Why the tenant's is not gone by; empty: it is."""
    changed_at: datetime | None
    changed_by: str

    @property
    def is_pass(self) -> bool:
        """Somebody's recorded choice that stories go on unjudged."""
        return self.kind is Outage and self.own == Outage.PASS and not self.unfit


async def standing(sv: Services, tenant: TenantId) -> list[Number]:
    """All that may be turned, in the order of config/gates.toml."""
    async with sv.db.read(tenant) as tx:
        return _numbers(sv.policy, await policies.changed(tx, tenant))


async def unfit(tx: Tx, tenant: TenantId, shipped: GatePolicy) -> Sequence[Unfit]:
    """What the tenant turned and is not gone by: said where people look first."""
    return _unfit(shipped, {(row.section, row.name): row.value for row in await policies.changed(tx, tenant)})


def _numbers(shipped: GatePolicy, rows: Sequence[policies.Changed]) -> list[Number]:
    own = {(row.section, row.name): row for row in rows}
    why = {
        (one.section, one.name): one.why for one in _unfit(shipped, {place: row.value for place, row in own.items()})
    }
    known = [
        _number(shipped, (section, name), own.pop((section, name), None), why)
        for section in (field.name for field in fields(GatePolicy) if field.name in TURNED)
        for name in _hints(shipped, section)
    ]
    # turned once, and no longer among the platform's
    return known + [
        Number(
            section=row.section,
            name=row.name,
            knob=Knob(f"{row.section}.{row.name}", ""),
            kind=None,
            shipped="",
            own=_text(row.value),
            unfit=why[row.section, row.name],
            changed_at=row.changed_at,
            changed_by=row.changed_by,
        )
        for row in own.values()
    ]


def _number(
    shipped: GatePolicy,
    place: tuple[str, str],
    row: policies.Changed | None,
    why: Mapping[tuple[str, str], str],
) -> Number:
    section, name = place
    return Number(
        section=section,
        name=name,
        knob=KNOBS.get(section, {}).get(name) or Knob(name, ""),
        kind=_hints(shipped, section)[name],
        options=options(shipped, section, name),
        shipped=spelled(getattr(getattr(shipped, section), name)),
        own=_text(row.value) if row else None,
        unfit=why.get(place, ""),
        changed_at=row.changed_at if row else None,
        changed_by=row.changed_by if row else "",
    )


def _hints(shipped: GatePolicy, section: str) -> dict[str, Any]:
    """The types of what may be turned in a section, by name."""
    part = getattr(shipped, section)
    hints = get_type_hints(type(part))
    return {field.name: hints[field.name] for field in fields(part) if (section, field.name) not in NOT_TURNED}


def _text(value: Json) -> str:
    """A stored value as people type it."""
    if isinstance(value, dict):
        return spelled({key: tuple(parts) if isinstance(parts, list) else (parts,) for key, parts in value.items()})
    if isinstance(value, list):
        return spelled(tuple(tuple(part) if isinstance(part, list) else part for part in value))
    return spelled(value)


async def turn(sv: Services, actor: Actor, section: str, name: str, text: str) -> None:
    """From the next judgement on. Raises Refused: one sentence, and nothing is saved."""
    _may(actor)
    shipped = sv.policy
    hint = _hints(shipped, section).get(name) if section in TURNED else None
    if hint is None:
        raise Refused(f"There is no number {section[:40]}.{name[:40]} that a tenant may turn.")
    value = told(hint, text, KNOBS[section][name].label)
    tenant = actor.tenant.id
    async with sv.db.tx(tenant) as tx:
        own = {(row.section, row.name): row.value for row in await policies.changed(tx, tenant)}
        was = own.get((section, name))
        if was == value:
            return
        _checked(shipped, own, (section, name), value)
        await policies.set_(tx, tenant, {section: {name: value}}, actor.user.id)
        detail = {"number": f"{section}.{name}", "was": was, "is": value}
        await audit.add(tx, sv.clock.now(), actor.user.id, "gates.turned", target=actor.tenant.slug, detail=detail)


def _checked(shipped: GatePolicy, own: Mapping[tuple[str, str], Json], place: tuple[str, str], value: Json) -> None:
    """Raises Refused: the value does not fit, or what was turned before would not any more."""
    wrong = {(one.section, one.name) for one in _unfit(shipped, own)} - {place}
    for one in _unfit(shipped, {**own, place: value}):
        if (one.section, one.name) not in wrong:
            raise Refused(one.why)


def _unfit(shipped: GatePolicy, own: Mapping[tuple[str, str], Json]) -> Sequence[Unfit]:
    return fitted(shipped, by_section((*place, value) for place, value in own.items()))[1]


async def reset(sv: Services, actor: Actor, section: str, name: str) -> bool:
    """Back to the platform's value; False when it was that already. Raises Refused."""
    _may(actor)
    async with sv.db.tx(actor.tenant.id) as tx:
        own = {(row.section, row.name): row.value for row in await policies.changed(tx, actor.tenant.id)}
        if not await policies.reset(tx, actor.tenant.id, section, name):
            return False
        detail = {"number": f"{section}.{name}", "was": own.get((section, name)), "is": None}
        await audit.add(tx, sv.clock.now(), actor.user.id, "gates.reset", target=actor.tenant.slug, detail=detail)
        return True


def _may(actor: Actor) -> None:
    if not actor.may(Permission.MANAGE):
        raise Refused(f"{actor.user.email} may not turn what the gates of {actor.tenant.slug} go by.")
