"""Draft, versions, reviews, decisions and publication together, by hypothesis, on a real Postgres.

Processes die at any commit and around any step outside, answers get lost, jobs run twice, and a process sleeps through
its lease and wakes up. Whatever happens: what is out there was approved by a person, byte for byte, and once.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cid.domain.draft import DRAFT, DraftState
from cid.domain.errors import CidError, Conflict, LostLease, Refused, Upstream
from cid.domain.publication import PUBLICATION, PublicationState
from cid.flows import decide, publish
from cid.pg.embedded import ADMIN, APP, OWNER, WORKER
from cid.pg.pool import AppDb, WorkerDb, open_pool
from tests.conftest import TEMPLATE
from tests.fakes import FakePublisher
from tests.press import ARTICLE, Press, press

if TYPE_CHECKING:
    from cid.domain.ids import DraftId, TenantId, VersionId
    from cid.domain.jobs import Job
    from cid.domain.publication import Channel
    from cid.pg.embedded import Server
    from cid.ports import Placed

T = TypeVar("T")
REACH = 12
"""Points in one run of the publish job: every transaction has two, every step outside two."""


class Killed(BaseException):
    """The process is gone: nothing after this line ran."""


@dataclass
class Fuse:
    """Kills, or puts to sleep, whoever comes to the n-th point."""

    kill_at: int | None = None
    sleep_at: int | None = None
    asleep: asyncio.Event = field(default_factory=asyncio.Event)
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    passed: int = 0

    async def point(self, *, open_: bool = False) -> None:
        """`open_`: within a transaction, where only death is possible: one that sleeps is ended by the server."""
        self.passed += 1
        if self.passed == self.kill_at:
            raise Killed
        if self.passed == self.sleep_at and not open_:
            self.asleep.set()
            await self.woken.wait()


class FusedDb:
    """The real database; the process may die before and after each commit."""

    def __init__(self, real: AppDb, fuse: Callable[[], Fuse]) -> None:
        self.real, self.fuse = real, fuse

    @asynccontextmanager
    async def tx(self, tenant: TenantId) -> AsyncIterator[Any]:
        fuse = self.fuse()
        async with self.real.tx(tenant) as tx:
            yield tx
            await fuse.point(open_=True)
        await fuse.point()

    @asynccontextmanager
    async def read(self, tenant: TenantId) -> AsyncIterator[Any]:
        async with self.real.read(tenant) as tx:
            yield tx


class FusedPublisher:
    """A channel that answers, or takes it and does not answer, or neither; being sent one twice fails the test."""

    def __init__(self, fuse: Callable[[], Fuse]) -> None:
        self.fuse, self.place = fuse, FakePublisher()

    async def find(self, channel: Channel, key: str) -> Placed | None:
        await self.fuse().point()
        return await self.place.find(channel, key)

    async def publish(self, channel: Channel, key: str, payload: Any, canonical: str | None) -> Placed:
        placed = await self.place.publish(channel, key, payload, canonical)
        await self.fuse().point()
        return placed

    async def retract(self, channel: Channel, key: str) -> None:
        await self.place.retract(channel, key)


@dataclass
class World:
    """One database and one event loop for all examples; each has a tenant of its own."""

    loop: asyncio.AbstractEventLoop
    db: AppDb
    platform: WorkerDb
    owner: asyncpg.Connection[asyncpg.Record]
    tenants: int = 0

    def run(self, work: Awaitable[T]) -> T:
        return self.loop.run_until_complete(work)


@pytest.fixture
def world(server: Server) -> Any:
    loop = asyncio.new_event_loop()

    async def opened() -> World:
        admin = await asyncpg.connect(server.dsn(ADMIN, "postgres"))
        await admin.execute(f"create database cid_test_machine template {TEMPLATE} strategy file_copy owner {OWNER}")
        await admin.close()
        app, worker = [await open_pool(server.dsn(user, "cid_test_machine"), size=4) for user in (APP, WORKER)]
        return World(loop, AppDb(app), WorkerDb(worker), await asyncpg.connect(server.dsn(OWNER, "cid_test_machine")))

    async def closed(world: World) -> None:
        await world.db.pool.close()
        await world.platform.pool.close()
        await world.owner.close()
        admin = await asyncpg.connect(server.dsn(ADMIN, "postgres"))
        await admin.execute("drop database cid_test_machine with (force)")
        await admin.close()

    world = loop.run_until_complete(opened())
    yield world
    loop.run_until_complete(closed(world))
    loop.close()


class Newsroom(RuleBasedStateMachine):
    """Two channels, one of them canonical, one draft at a time under everybody's hands."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.fuse = Fuse()
        self.desk: Press
        self.draft: DraftId
        self.seen: list[tuple[DraftId, VersionId, str]] = []
        self.zombie: tuple[asyncio.Task[str], Fuse] | None = None
        self.last: Job | None = None
        self.states: dict[str, str] = {}
        self.edits = 0

    @initialize(canonical=st.booleans())
    def furnish(self, *, canonical: bool) -> None:
        self.world.tenants += 1
        self.world.run(self._furnish(f"t{self.world.tenants}", canonical=canonical))

    async def _furnish(self, slug: str, *, canonical: bool) -> None:
        publisher = FusedPublisher(lambda: self.fuse)
        desk = await press(self.world.db, self.world.platform, self.world.owner, slug=slug, publisher=publisher)
        fused: Any = FusedDb(self.world.db, lambda: self.fuse)
        self.desk = replace(desk, sv=replace(desk.sv, db=fused))
        await self.desk.channel("site", canonical=canonical)
        await self.desk.channel("blog")
        self.draft = await self.desk.draft()
        self.seen.append(await self.desk.shown(self.draft))

    def attempt(self, work: Awaitable[object], fuse: Fuse | None = None) -> str:
        """Run as one process would; what is refused is refused and what dies is dead."""
        self.fuse = fuse or Fuse()
        return self.world.run(self._attempt(work))

    async def _attempt(self, work: Awaitable[object]) -> str:
        try:
            await work
        except (Conflict, Refused, Upstream, LostLease, Killed) as error:
            return type(error).__name__
        finally:
            self.fuse = Fuse()
        return "done"

    @rule(which=st.integers(0, 9), kill=st.none() | st.integers(1, 2), reason=st.sampled_from(["", "Checked."]))
    def approve(self, which: int, kill: int | None, reason: str) -> None:
        """Of any version that anybody ever saw, also of one that was replaced."""
        shown = self.seen[which % len(self.seen)]
        self.attempt(
            decide.approve(self.desk.sv, self.desk.actor, *shown, reason=reason, via="page"), Fuse(kill_at=kill)
        )

    @rule(which=st.integers(0, 9), sha=st.sampled_from(["0" * 64, ""]))
    def approve_other_bytes(self, which: int, sha: str) -> None:
        draft, version, _ = self.seen[which % len(self.seen)]
        said = self.attempt(decide.approve(self.desk.sv, self.desk.actor, draft, version, sha, reason="r", via="page"))
        assert said == "Conflict"

    @rule(which=st.integers(0, 9), reject=st.integers(0, 5))
    def turn_down(self, which: int, reject: int) -> None:
        act = decide.request_changes if reject else decide.reject
        self.attempt(act(self.desk.sv, self.desk.actor, *self.seen[which % len(self.seen)], reason="No.", via="page"))

    @rule(which=st.integers(0, 9))
    def undo(self, which: int) -> None:
        self.attempt(decide.undo(self.desk.sv, self.desk.actor, *self.seen[which % len(self.seen)], via="page"))

    @rule(which=st.integers(0, 9), kill=st.none() | st.integers(1, 2))
    def edit(self, which: int, kill: int | None) -> None:
        self.edits += 1
        article = replace(ARTICLE, title=f"Edit {self.edits}")
        draft, version, _ = self.seen[which % len(self.seen)]
        self.attempt(decide.edit(self.desk.sv, self.desk.actor, draft, version, article), Fuse(kill_at=kill))
        self.seen.append(self.world.run(self.desk.shown(self.draft)))

    @rule(held=st.booleans())
    def review(self, *, held: bool) -> None:
        if self.world.run(self.desk.seen(self.draft)).state is DraftState.WRITTEN:
            self.world.run(self.desk.review(self.draft, held=held))

    @rule(kill=st.none() | st.integers(1, REACH), fails=st.sampled_from([None, "lost", "never", "refused"]))
    def publish(self, kill: int | None, fails: str | None) -> None:
        place = self.desk.publisher.place
        place.arrives = fails not in {"never", "refused"}
        place.fail_next = {None: None, "refused": Refused("No.")}.get(fails, Upstream("reset"))
        for job in self.world.run(self.desk.jobs()):
            self.last = job
            self.attempt(publish.publish(self.desk.sv, [job]), Fuse(kill_at=kill))
        place.arrives, place.fail_next = True, None

    @precondition(lambda self: self.zombie is None)
    @rule(sleep=st.integers(1, REACH))
    def publish_and_fall_asleep(self, sleep: int) -> None:
        jobs = self.world.run(self.desk.jobs())
        if not jobs:
            return
        fuse = Fuse(sleep_at=sleep)
        self.fuse = fuse
        self.last = jobs[0]
        task = self.world.loop.create_task(self._attempt(publish.publish(self.desk.sv, jobs[:1])))
        self.world.run(_either(task, fuse.asleep))
        self.zombie = None if task.done() else (task, fuse)

    @precondition(lambda self: self.zombie is not None)
    @rule()
    def wake_up(self) -> None:
        assert self.zombie is not None
        task, fuse = self.zombie
        self.fuse = fuse
        fuse.woken.set()
        self.world.run(task)
        self.zombie = None

    @precondition(lambda self: self.last is not None)
    @rule()
    def run_the_last_job_again(self) -> None:
        assert self.last is not None
        self.attempt(publish.publish(self.desk.sv, [self.last]))

    @rule()
    def reap(self) -> None:
        """Leases of the dead and of the sleeping end; what was put off is due."""
        self.world.run(self.desk.reap())
        due = "update jobs set state = 'ready' where tenant_id = $1 and state = 'scheduled'"
        self.world.run(self.world.owner.execute(due, self.desk.tenant))

    @rule()
    def a_person_tries_again(self) -> None:
        for post in self.world.run(self.desk.posted(self.draft)).values():
            self.attempt(publish.again(self.desk.sv, self.desk.actor, post.id))

    @invariant()
    def what_is_out_was_approved_byte_for_byte(self) -> None:
        for key, payload in self.desk.publisher.place.posts.items() if hasattr(self, "desk") else ():
            row = self.world.run(
                self.world.owner.fetchrow(
                    """select d.kind, d.sha256, v.payloads, p.channel_id from publications p
                         join decisions d on d.id = p.decision_id join versions v on v.id = d.version_id
                       where p.id = $1::text::uuid""",
                    key,
                )
            )
            assert row is not None
            assert row["kind"] == "approve"
            assert hashlib.sha256(row["payloads"].encode()).digest() == row["sha256"]
            assert json.loads(row["payloads"])[str(row["channel_id"])] == payload

    @invariant()
    def a_draft_is_out_once_per_channel(self) -> None:
        if not hasattr(self, "desk"):
            return
        places = "select id::text, channel_id from publications where tenant_id = $1"
        at = {row["id"]: row["channel_id"] for row in self.world.run(self.world.owner.fetch(places, self.desk.tenant))}
        out = [at[key] for key in self.desk.publisher.place.posts]
        assert len(out) == len(set(out))

    @invariant()
    def what_says_live_is_out_and_what_says_planned_is_not(self) -> None:
        if not hasattr(self, "desk"):
            return
        for row in self._publications():
            if row["state"] == "live":
                assert row["id"] in self.desk.publisher.place.posts
            if row["state"] in {"planned", "retracted", "failed"}:
                assert row["id"] not in self.desk.publisher.place.posts

    @invariant()
    def what_an_undo_took_back_never_leaves(self) -> None:
        if hasattr(self, "desk") and self.world.run(self.desk.seen(self.draft)).state is not DraftState.APPROVED:
            assert self.desk.publisher.place.posts == {}

    @invariant()
    def states_follow_their_tables(self) -> None:
        if not hasattr(self, "desk"):
            return
        now = {row["id"]: row["state"] for row in self._publications()}
        now["draft"] = self.world.run(self.desk.seen(self.draft)).state
        for key, state in now.items():
            old = self.states.get(key, state)
            if key == "draft":
                assert _reaches(DRAFT.moves, DraftState(old), DraftState(state)), (old, state)
            else:
                assert _reaches(PUBLICATION.moves, PublicationState(old), PublicationState(state)), (old, state)
        self.states = now

    def _publications(self) -> list[asyncpg.Record]:
        rows = "select id::text, state from publications where tenant_id = $1"
        return self.world.run(self.world.owner.fetch(rows, self.desk.tenant))

    def teardown(self) -> None:
        """With everybody awake and nothing in the way, all that was approved goes out."""
        if not hasattr(self, "desk"):
            return
        if self.zombie is not None:
            self.wake_up()
        for _ in range(4):
            self.reap()
            self.publish(None, None)
        for row in self._publications():
            assert row["state"] in {"live", "failed", "retracted"} or self._waits_for_a_failed_one(), row["state"]

    def _waits_for_a_failed_one(self) -> bool:
        return any(row["state"] == "failed" for row in self._publications())


def _reaches(moves: Any, old: Any, new: Any) -> bool:
    """One rule may make several moves."""
    known, edge = {old}, {old}
    while edge:
        edge = {step for state in edge for step in moves.get(state, ())} - known
        known |= edge
    return new in known


async def _either(task: asyncio.Task[str], asleep: asyncio.Event) -> None:
    waiting = asyncio.ensure_future(asleep.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()


@pytest.mark.parametrize("examples", [25])
def test_nothing_is_published_without_a_decision_on_exactly_its_bytes(world: World, examples: int) -> None:
    machine = type("Desk", (Newsroom,), {"world": world})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            report_multiple_bugs=False,
        ),
    )


def test_every_failure_the_machine_meets_is_one_of_ours() -> None:
    assert all(issubclass(kind, CidError) for kind in (Conflict, Refused, Upstream, LostLease))
