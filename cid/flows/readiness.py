"""Whether what a tenant's runs need is there: from keys that are set and what the tables know. Nobody is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cid.domain.llm import Tier
from cid.domain.readiness import DATABASE, KEYS, MODELS, SOURCES, Service, Tried
from cid.domain.run import Via
from cid.domain.tenants import Tenant
from cid.llm.models import OFFLINE, Terms
from cid.ports import Tx
from cid.services import Services
from cid.store import money, run_figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    services: Sequence[Service]
    models: tuple[str, ...]
    """`provider/model` of those that answer for briefings, in the order of asking; empty: nobody can be asked."""
    passed: tuple[str, ...]
    """Why those that come before them cannot."""

    @property
    def providers(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name.partition("/")[0] for name in self.models))


async def of(sv: Services, tx: Tx, tenant: Tenant) -> Readiness:
    own, everybody = await money.terms(tx, tenant.id)
    chain = Terms(
        sample=tenant.sample,
        own={tier: own.chain(tier) for tier in Tier},
        everybody={tier: everybody.chain(tier) for tier in Tier},
    )
    asked = sv.catalogue.asked(Tier.QUALITY, chain)
    names = tuple(dict.fromkeys((*MODELS, *(name.partition("/")[0] for name in asked.names))))
    providers = [name for name in names if name != OFFLINE]
    tried = {one.service: one for one in await run_figures.called(tx, tenant.id, providers)}
    tried |= {one.service: one for one in await run_figures.fetched(tx, tenant.id, SOURCES)}
    version = await run_figures.database(tx)
    here = Tried(service=DATABASE, succeeded_at=sv.clock.now(), failed_at=None, error="")
    return Readiness(
        services=(
            *(Service(name=one, lacks=_lacks_way(sv, one), tried=tried[one]) for one in SOURCES),
            *(_model(sv, one, tried[one], asked.names) for one in providers),
            Service(name=DATABASE, lacks="", tried=here, version=f"PostgreSQL {version}"),
        ),
        models=asked.names,
        passed=asked.passed,
    )


def _lacks_way(sv: Services, name: str) -> str:
    if Via(name) in sv.ways:
        return ""
    key = KEYS.get(name)
    return f"Set {key} and start the desk again." if key else "It is not among the ways that this desk fetches by."


def _model(sv: Services, name: str, tried: Tried, chosen: Sequence[str]) -> Service:
    lacks = sv.catalogue.providers.get(name, "this desk knows no such provider")
    lacks = f"{lacks[0].upper()}{lacks[1:].rstrip('.')}." if lacks else ""
    models = ", ".join(one.partition("/")[2] for one in chosen if one.partition("/")[0] == name)
    return Service(name=name, lacks=lacks, tried=tried, version=models)
