"""An analysis desk for tests: sources that say what a test wants, a model that answers as it says, and deaths between
any two transactions."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from cid.domain.errors import CidError
from cid.domain.ids import RunId, TenantId, UserId
from cid.domain.jobs import Job, JobKind
from cid.domain.llm import Json, Raw, Stop, Usage, Wire
from cid.domain.news import Entry, Polled, PollOutcome, Source, SourceKind
from cid.domain.run import Run, Wish
from cid.domain.tenants import Actor, Desk, Role, User
from cid.flows import runs as flow
from cid.flows.analyse import analyse
from cid.pg.pool import AppDb, WorkerDb
from cid.ports import Tx
from cid.services import Outside, Services
from cid.store import runs, tenants
from tests import funnel, make
from tests.fakes import FakeHttp, FrozenClock, InlineChildren

OUTLET = "Harbour Courier"
QUOTE = "The sixth quay opened on Monday"
WISH = Wish(outlet=OUTLET, country="NO", sources=("google_news",), items="3")


def entries(now: datetime, count: int = 3) -> tuple[Entry, ...]:
    return tuple(
        Entry(
            key=str(number),
            url=f"https://courier.example/{number}",
            title=f"Quay {number} of the harbour is open",
            summary=f"{QUOTE}, said the mayor, and {number} ships came. Nobody else was asked about it by the paper.",
            published_at=now - timedelta(hours=number),
            language="en",
            publisher="courier.example",
            identity=f"quay-{number}",
        )
        for number in range(1, count + 1)
    )


def answer(**changed: Json) -> dict[str, Json]:
    """Of the agreed shape, about the entries above."""
    cited = [{"item": "i1", "quote": QUOTE}]
    evidence = [{"kind": "post", "reference": "Item 1 says so.", "citations": cited}]
    level = {"level": "low", "notes": "Three items of one outlet."}
    factors = ("data_completeness", "source_reliability", "analytical_consistency", "corroboration")
    network = {"known_associations": [], "amplification_patterns": "", "cross_platform_presence": []}
    told: dict[str, Json] = {
        "executive_summary": "Three items were read. They report that a quay opened, and name the mayor alone.",
        "key_findings": [{"finding": "One source is named in each item.", "confidence": "low", "evidence": evidence}],
        "subject_profile": {"kind": "newspaper", "description": "A local newspaper.", "language": "en"},
        "narrative_analysis": {
            "primary_narratives": [],
            "behavioral_indicators": [{"indicator": "sourcing", "description": "One voice an item."}],
            "network_context": network,
            "source_attribution": {"role": "unknown", "content_origin": "The mayor.", "amplification_chain": ""},
        },
        "confidence_assessment": {"overall": "low", "factors": dict.fromkeys(factors, level)},
        "limitations": {
            "cannot_determine": ["Who else was asked."],
            "data_gaps": ["Three items."],
            "alternative_interpretations": ["A small staff."],
            "assessment_changing_factors": ["A second voice."],
        },
        "items": [
            {"item": f"i{n}", "framing": "As told.", "key_claims": [], "actors": ["the mayor"], "unverified": []}
            for n in (1, 2, 3)
        ],
    }
    return told | changed


@dataclass
class Model:
    """Stands for a vendor. `says` is used up one question after the other, and then every answer is good: a value is
    the answer, a text the whole reply, an error is raised."""

    says: list[dict[str, Json] | str | CidError] = field(default_factory=list)
    name: str = "anthropic"
    stop: Stop = Stop.END
    asked: list[Wire] = field(default_factory=list)
    on_call: Callable[[], None] = lambda: None

    async def complete(self, wire: Wire) -> Raw:
        self.asked.append(wire)
        self.on_call()
        said = self.says.pop(0) if self.says else answer()
        if isinstance(said, CidError):
            raise said
        rows = [{"id": id_, **said} for id_ in wire.inputs] if isinstance(said, dict) else []
        text = said if isinstance(said, str) else json.dumps({"answers": rows})
        return Raw(text=text, stop=self.stop, usage=Usage(input=4000, output=900), model=wire.model)


@dataclass
class Reader:
    """One source. `on_poll` is called while it is asked."""

    polled: Polled
    asked: int = 0
    on_poll: Callable[[], None] = lambda: None

    async def poll(self, source: Source) -> Polled:
        del source
        self.asked += 1
        self.on_poll()
        return self.polled


class Killed(BaseException):
    """The process died here."""


@dataclass
class Dying:
    """A database whose process dies in its `at`th transaction that writes: before its commit, or right behind it."""

    db: AppDb
    at: int
    committed: bool
    count: int = 0

    def read(self, tenant: TenantId) -> AbstractAsyncContextManager[Tx]:
        return self.db.read(tenant)

    @asynccontextmanager
    async def tx(self, tenant: TenantId) -> AsyncIterator[Tx]:
        self.count += 1
        now = self.count == self.at
        async with self.db.tx(tenant) as tx:
            yield tx
            if now and not self.committed:
                raise Killed
        if now:
            raise Killed


@dataclass
class RunDesk:
    sv: Services
    owner: Any
    actor: Actor
    reader: Reader
    model: Model

    @property
    def tenant(self) -> TenantId:
        return self.actor.tenant.id

    async def start(self, wish: Wish = WISH, **over: Any) -> RunId:
        return await flow.start(self.sv, self.actor, wish, **over)

    async def jobs(self) -> list[Job]:
        """What is ready, claimed."""
        return await make.claimed(self.owner, JobKind.ANALYSE, self.tenant)

    async def work(self, sv: Services | None = None) -> int:
        """Hands out what is ready; answers how many jobs there were."""
        jobs = sorted(await self.jobs(), key=lambda job: job.id)
        for job in jobs:
            await analyse(sv or self.sv, [job])
        return len(jobs)

    async def due(self) -> None:
        """As if every pause were over."""
        await self.owner.execute("update jobs set state = 'ready', run_at = cid_now() where state = 'scheduled'")

    async def rescued(self) -> None:
        """As if the process that had them were known to be dead."""
        await self.owner.execute(
            """update jobs set state = 'ready', worker = null, lease = null, deadline = null where state = 'running'"""
        )

    async def run(self, id_: RunId) -> Run:
        async with self.sv.db.read(self.tenant) as tx:
            found = await runs.by_id(tx, self.tenant, id_)
        assert found
        return found

    async def count(self, table: str, id_: RunId) -> int:
        return int(await self.owner.fetchval(f"select count(*) from {table} where run_id = $1", id_))

    async def steps(self, id_: RunId) -> list[str]:
        rows = await self.owner.fetch("select state, said from run_steps where run_id = $1 order by number", id_)
        return [f"{row['state']}: {row['said']}" for row in rows]

    async def paid(self, id_: RunId) -> int:
        """Calls that a vendor charges."""
        asked = "exists (select from jsonb_array_elements(subjects) s where s ->> 1 = $1)"
        return int(await self.owner.fetchval(f"select count(*) from calls where {asked}", str(id_)))

    async def jobs_left(self) -> int:
        return int(await self.owner.fetchval("select count(*) from jobs where kind = 'analyse'"))


async def desk(
    db: AppDb,
    platform: WorkerDb,
    owner: Any,
    clock: FrozenClock,
    *,
    model: Model | None = None,
    role: Role = Role.ANALYST,
    slug: str = "acme",
    desks: Sequence[Desk] = (Desk.ANALYSIS,),
) -> RunDesk:
    """A tenant with the analysis desk on, and one person in it."""
    reader = Reader(Polled(outcome=PollOutcome.NEW, entries=entries(clock.now())))
    readers = {SourceKind.GOOGLE_NEWS: reader}
    outside = Outside(http=FakeHttp(), children=InlineChildren({}), sources=readers, channels={})
    model = model or Model()
    sv = replace(make.services(db, platform, outside=outside, clock=clock), llm=funnel.router(db, clock, model))
    tenant = await make.tenant(platform, slug)
    async with platform.tx() as tx:
        await tenants.set_desks(tx, tenant, desks)
        user: UserId = await make.user(tx, f"{slug}-{uuid4().hex[:6]}@acme.test")
        await tx.execute("insert into members (tenant_id, user_id, role) values ($1, $2, $3)", tenant, user, role)
        there = await tenants.by_id(tx, tenant)
    assert there
    actor = Actor(user=User(id=user, email="", name="Ann", admin=False), tenant=there, role=role)
    return RunDesk(sv=sv, owner=owner, actor=actor, reader=reader, model=model)
