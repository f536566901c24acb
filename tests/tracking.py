"""A tracker desk for tests: stories that gate 1 let through, and a model that makes every mistake there is."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import uuid4

from cid.domain.errors import Unanswered
from cid.domain.ids import ItemId, ScreeningId, StoryId, TenantId
from cid.domain.jobs import JobKind, NewJob
from cid.domain.llm import Json, Raw, Stop, Usage, Wire
from cid.domain.tenants import Desk
from cid.domain.tracker import Tracker
from cid.flows.track import track
from cid.queue import jobs as queue
from cid.services import Services
from cid.sources.trackers import load_tracker
from cid.store import screenings, tenants, trackers
from tests import funnel, make

INDIA: Tracker = load_tracker(funnel.CONFIG / "trackers" / "india-ai.toml")
TEXT = (
    "The government of Kerala opened an artificial intelligence centre in Kochi on Monday. "
    "It has room for 40 start-ups. The first of them move in next month."
)
GOOD: dict[str, Json] = {
    "relevant": True,
    "score": 90,
    "category": "Policies and Initiatives",
    "regions": ["KL"],
    "summary": "Kerala opened a centre for artificial intelligence in Kochi. It has room for 40 start-ups.",
    "injection_suspected": False,
}
NO: dict[str, Json] = {**GOOD, "relevant": False, "score": 5, "category": "", "regions": [], "summary": ""}


async def tracking(sv: Services, slug: str = "acme", tracker: Tracker | None = INDIA) -> TenantId:
    """A tenant with a tracker desk and nothing else."""
    tenant = await make.tenant(sv.platform, slug)  # type: ignore[arg-type]  # the tests' own pools
    async with sv.platform.tx() as tx:
        await tenants.set_desks(tx, tenant, [Desk.TRACKER])
        if tracker:
            await trackers.set_(tx, tenant, tracker)
    return tenant


async def story(
    sv: Services, tenant: TenantId, title: str, text: str = TEXT, *, story: StoryId | None = None, **over: Any
) -> tuple[ScreeningId, ItemId]:
    """A story that gate 1 let onto the tracker desk; its job is ready."""
    root, screening = story or StoryId(uuid4()), ScreeningId(make.uuid7_now())
    async with sv.platform.tx() as tx:
        item = await funnel.report(tx, root, publisher="P", title=title, summary=text, at=sv.clock.now(), **over)
    async with sv.db.tx(tenant) as tx:
        assert await screenings.open_(tx, screening, root, item, urgent=False, desk=Desk.TRACKER)
        job = NewJob(kind=JobKind.TRACK, tenant=tenant, payload={"screening": str(screening)}, dedupe=str(screening))
        await queue.enqueue(tx, job)
    return screening, item


async def due(owner: Any) -> None:
    """As if the pauses were over."""
    await owner.execute("update jobs set state = 'ready', run_at = cid_now() where state = 'scheduled'")


async def hand_out(sv: Services, owner: Any, tenant: TenantId, most: int = 12) -> int:
    """What is ready, in hand-outs as big as the process makes them; answers how many jobs there were."""
    jobs = sorted(await make.claimed(owner, JobKind.TRACK, tenant), key=lambda job: job.id)
    for start in range(0, len(jobs), most):
        await track(sv, jobs[start : start + most])
    return len(jobs)


class Mistake(StrEnum):
    MISSING = "missing"
    DOUBLED = "doubled"
    SHUFFLED = "shuffled"
    CATEGORY = "off-list category"
    REGION = "unknown region"
    MALFORMED = "malformed"
    LONG = "too long summary"
    REFUSED = "refused"
    TIMEOUT = "timeout"


NUMBER = re.compile(r"Report (\d+) ")


@dataclass
class Mistaken:
    """Stands for Anthropic. `plan` says of a story, by the number in its title, which mistake is made about it, and in
    how many questions; after these it is answered well, in words that name it."""

    plan: dict[int, tuple[Mistake, int]]
    name: str = "anthropic"
    calls: int = 0
    asked: Counter[int] = field(default_factory=Counter)
    sizes: Counter[int] = field(default_factory=Counter)

    async def complete(self, wire: Wire) -> Raw:
        self.calls += 1
        self.sizes[len(wire.inputs)] += 1
        rows: list[dict[str, Json]] = []
        whole: set[Mistake] = set()
        for id_, input_ in wire.inputs.items():
            found = NUMBER.search(input_["title"])
            assert found, input_
            number = int(found[1])
            self.asked[number] += 1
            mistake, times = self.plan.get(number, (None, 0))
            now = mistake if self.asked[number] <= times else None
            if now:
                whole.add(now)
            rows += _rows(id_, number, now)
        if Mistake.TIMEOUT in whole:
            raise Unanswered("anthropic did not answer in 60 s")
        text = json.dumps({"answers": rows[::-1] if Mistake.SHUFFLED in whole else rows})
        stop = Stop.REFUSAL if Mistake.REFUSED in whole else Stop.END
        return Raw(
            text=text[: len(text) // 2] if Mistake.MALFORMED in whole else text,
            stop=stop,
            usage=Usage(input=1500, output=200 * len(rows)),
            model=wire.model,
        )


def _rows(id_: str, number: int, mistake: Mistake | None) -> list[dict[str, Json]]:
    summary = f"Kerala opened centre {number} for artificial intelligence. It has room for 40 start-ups."
    row = {"id": id_, **(GOOD if number % 10 else NO)}
    if row["relevant"]:
        row["summary"] = summary
    match mistake:
        case Mistake.MISSING:
            return []
        case Mistake.DOUBLED:
            return [row, row]
        case Mistake.CATEGORY:
            row |= {**GOOD, "category": "AI Policy & Regulation"}
        case Mistake.REGION:
            row |= {**GOOD, "regions": ["KL", "XX"]}
        case Mistake.LONG:
            row |= {**GOOD, "summary": "Kerala opened a centre with a very long name. " * 20}
    return [row]


def planned(count: int) -> dict[int, tuple[Mistake, int]]:
    """A tenth of each mistake: of these two thirds once, most others three times, some for ever. A tenth has none."""
    plan: dict[int, tuple[Mistake, int]] = {}
    kinds = list(Mistake)
    for number in range(count):
        # spread so that most batches of three hold more than one kind
        kind, turn = (number * 7) % 10, number // 10
        if kind < len(kinds):
            plan[number] = kinds[kind], (1, 1, 3, 1, 1, 3, 1, 1, 1_000_000)[turn % 9]
    return plan


@dataclass
class Outcome:
    """What became of a run of stories."""

    states: Counter[str]
    wrong: int
    """Entries whose words are about another story."""
    model: Mistaken
    rounds: int
    pauses: Counter[int]
    """Seconds that something slept before it was tried again."""
    row: dict[str, Any]


async def run(
    sv: Services,
    owner: Any,
    tenant: TenantId,
    model: Mistaken,
    count: int,
    later: Callable[[timedelta], Awaitable[None]],
) -> Outcome:
    """`count` stories until all have ended or wait for nothing but a model that never answers."""
    made = [await story(sv, tenant, f"Report {number} on AI in Kerala") for number in range(count)]
    of = {screening: number for number, (screening, _) in enumerate(made)}
    pauses: Counter[int] = Counter()
    rounds = 0
    while rounds < 40:
        if not await hand_out(sv, owner, tenant):
            break
        rounds += 1
        pauses.update(await _pauses(owner, sv))
        await later(timedelta(minutes=70))
        await due(owner)
    entries = await owner.fetch("select screening_id, summary from entries")
    wrong = sum(f"centre {of[row['screening_id']]} " not in row["summary"] for row in entries)
    states = Counter(str(row["state"]) for row in await owner.fetch("select state from screenings"))
    (row,) = await owner.fetch(
        """select (select count(*) from track_faults where kind not in ('outage', 'timeout')) as faults,
             (select count(*) from track_faults where kind in ('outage', 'timeout')) as outages,
             (select count(*) from calls) as ledger, (select count(distinct screening_id) from track_faults) as touched,
             (select count(*) from verdicts where gate = 'track') as verdicts,
             (select count(*) from entries) as entries,
             (select count(*) from entries where category <> all ($1) or not regions <@ $2) as off_list""",
        list(INDIA.category_names),
        list(INDIA.places),
    )
    return Outcome(states=states, wrong=wrong, model=model, rounds=rounds, pauses=pauses, row=dict(row))


async def _pauses(owner: Any, sv: Services) -> Sequence[int]:
    """Of what fell by its own fault and sleeps now."""
    rows = await owner.fetch("select run_at from jobs where state = 'scheduled' and error not like '%left alone%'")
    return [round((row["run_at"] - sv.clock.now()).total_seconds()) for row in rows]
