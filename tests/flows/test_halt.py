"""Places on a domain, over all tenants and twins, and the switch that stops a tenant's publishing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from cid.domain.errors import Conflict, Refused, Upstream
from cid.domain.ids import DraftId
from cid.domain.publication import PublicationState
from cid.domain.tenants import Actor, Role
from cid.flows import decide, halt, publish
from cid.gates import governor
from tests.press import ARTICLE, Press, press

if TYPE_CHECKING:
    import asyncpg

    from cid.pg.pool import AppDb, WorkerDb
    from tests.conftest import DatabaseTime

S = PublicationState


@pytest.fixture
async def boss(desk: Press) -> Actor:
    return await desk.colleague("Bo", Role.OWNER)


@pytest.fixture
async def desk(db: AppDb, platform: WorkerDb, owner: asyncpg.Connection[asyncpg.Record]) -> Press:
    desk = await press(db, platform, owner)
    await desk.channel("site", canonical=True, governed=True)
    return desk


async def approved(desk: Press) -> DraftId:
    draft = await desk.draft()
    await decide.approve(desk.sv, desk.actor, *await desk.shown(draft), via="page")
    await desk.owner.execute("update publications set due_at = cid_now()")
    return draft


async def run(desk: Press) -> None:
    await desk.owner.execute("update jobs set state = 'ready', run_at = cid_now() where state = 'scheduled'")
    await publish.publish(desk.sv, await desk.jobs())


async def state(desk: Press, draft: DraftId, channel: str = "site") -> PublicationState:
    return (await desk.posted(draft))[channel].state


async def test_a_second_piece_waits_for_its_hour_and_says_so(desk: Press, database_time: DatabaseTime) -> None:
    first, second = await approved(desk), await approved(desk)
    await run(desk)
    states = {draft: await state(desk, draft) for draft in (first, second)}
    assert sorted(states.values()) == [S.LIVE, S.PLANNED]
    waiting = next(draft for draft, found in states.items() if found is S.PLANNED)
    assert "waits for a place until" in (await desk.posted(waiting))["site"].error
    [job] = await desk.owner.fetch("select run_at - cid_now() as wait from jobs")
    assert timedelta(hours=3, minutes=59) < job["wait"] <= timedelta(hours=4) + governor.SPREAD
    due = await desk.owner.fetchval("select run_at from jobs")
    free = await desk.owner.fetchval("select max(least(sent_at, live_at)) + interval '4 hours' from publications")
    assert due == governor.spread(free, (await desk.posted(waiting))["site"].id), "the same wherever it is asked about"
    await database_time.advance(timedelta(hours=4, seconds=1))
    await run(desk)
    assert (await state(desk, waiting), (await desk.posted(waiting))["site"].error) == (S.LIVE, "")


async def test_a_week_has_as_many_places_as_the_channel_says(desk: Press) -> None:
    await desk.owner.execute("update channels set apart = '0', per_week = 2")
    drafts = [await approved(desk) for _ in range(4)]
    await run(desk)
    assert [await state(desk, draft) for draft in drafts].count(S.LIVE) == 2
    await desk.owner.execute("update publications set sent_at = sent_at - interval '7 days 1 second'")
    await run(desk)
    assert [await state(desk, draft) for draft in drafts].count(S.LIVE) == 4


async def test_of_many_twins_only_as_many_get_a_place_as_there_are(desk: Press) -> None:
    await desk.owner.execute("update channels set apart = '0', per_week = 3")
    drafts = [await approved(desk) for _ in range(8)]
    jobs = await desk.jobs()
    await asyncio.gather(*(publish.publish(desk.sv, [job]) for job in jobs))
    assert [await state(desk, draft) for draft in drafts].count(S.LIVE) == 3


async def test_two_tenants_on_one_domain_share_its_places(
    desk: Press, db: AppDb, platform: WorkerDb, owner: asyncpg.Connection[asyncpg.Record]
) -> None:
    other = await press(db, platform, owner, slug="other")
    await other.channel("site", canonical=True, governed=True)
    await owner.execute("update channels set domain = 'shared.test'")
    mine, theirs = await approved(desk), await approved(other)
    await run(desk)
    await run(other)
    assert sorted([await state(desk, mine), await state(other, theirs)]) == [S.LIVE, S.PLANNED]


async def test_another_domain_is_no_concern_of_theirs(
    desk: Press, db: AppDb, platform: WorkerDb, owner: asyncpg.Connection[asyncpg.Record]
) -> None:
    other = await press(db, platform, owner, slug="other")
    await other.channel("elsewhere", canonical=True, governed=True)
    mine, theirs = await approved(desk), await approved(other)
    await run(desk)
    await run(other)
    assert (await state(desk, mine), await state(other, theirs, "elsewhere")) == (S.LIVE, S.LIVE)


async def test_what_failed_frees_its_place(desk: Press) -> None:
    first, second = await approved(desk), await approved(desk)
    desk.publisher.arrives, desk.publisher.fail_next = False, Refused("No.")
    jobs = await desk.jobs()
    await publish.publish(desk.sv, jobs[:1])
    desk.publisher.arrives = True
    await publish.publish(desk.sv, jobs[1:])
    assert sorted([await state(desk, first), await state(desk, second)]) == [S.FAILED, S.LIVE]


async def test_a_person_may_let_one_go_once_with_a_reason(desk: Press, boss: Actor) -> None:
    await approved(desk)
    second = await approved(desk)
    third = await approved(desk)
    await run(desk)
    states = {draft: await state(desk, draft) for draft in (second, third)}
    waiting = next(draft for draft, found in states.items() if found is S.PLANNED)
    key = (await desk.posted(waiting))["site"].id
    with pytest.raises(Refused, match="Say why"):
        await halt.hurry(desk.sv, boss, key, " ")
    with pytest.raises(Refused, match="may not"):
        await halt.hurry(desk.sv, desk.actor, key, "Breaking.")
    await halt.hurry(desk.sv, boss, key, "Breaking.")
    with pytest.raises(Conflict):
        await halt.hurry(desk.sv, boss, key, "Breaking.")
    await publish.publish(desk.sv, await desk.jobs())
    assert await state(desk, waiting) is S.LIVE
    assert (
        await desk.owner.fetchval("select detail ->> 'reason' from audit where action = 'publication.hurried'")
        == "Breaking."
    )


async def test_nothing_goes_out_while_publishing_is_stopped_and_all_of_it_after(desk: Press, boss: Actor) -> None:
    draft = await approved(desk)
    await halt.stop(desk.sv, desk.tenant, "A figure is wrong everywhere.", actor=boss)
    await run(desk)
    assert (await state(desk, draft), desk.publisher.sent) == (S.PLANNED, 0)
    assert await desk.owner.fetchval("select count(*) from jobs") == 0
    with pytest.raises(Conflict):
        await halt.stop(desk.sv, desk.tenant, "Again.", actor=boss)
    assert await halt.resume(desk.sv, desk.tenant, actor=boss) == 1
    await run(desk)
    assert await state(desk, draft) is S.LIVE
    with pytest.raises(Conflict):
        await halt.resume(desk.sv, desk.tenant, actor=None)
    actions = await desk.owner.fetch("select action from audit where action like 'publishing.%'")
    assert {row["action"] for row in actions} == {"publishing.stopped", "publishing.resumed"}


async def test_what_was_being_sent_when_it_was_stopped_ends(desk: Press) -> None:
    draft = await approved(desk)
    send = desk.publisher.publish

    async def stops(sent: object) -> object:
        await halt.stop(desk.sv, desk.tenant, "Now.", actor=None)
        return await send(sent)

    desk.publisher.publish = stops
    await run(desk)
    assert await state(desk, draft) is S.LIVE


async def test_what_is_out_can_be_taken_back_while_it_is_stopped(desk: Press, boss: Actor) -> None:
    await approved(desk)
    began = desk.sv.clock.now() - timedelta(days=1)
    await run(desk)
    await halt.stop(desk.sv, desk.tenant, "Wrong.", actor=boss)
    [out] = await halt.out_since(desk.sv, desk.actor, began)
    assert (out.channel, out.title) == ("site", "Harbour opens its new quay")
    await publish.retract(desk.sv, desk.actor, out.id, "Wrong.")
    await run(desk)
    assert await state_of_all(desk) == ["retracted"]
    assert await halt.out_since(desk.sv, desk.actor, began) == []


async def state_of_all(desk: Press) -> list[str]:
    return [row["state"] for row in await desk.owner.fetch("select state from publications order by id")]


async def test_a_stop_of_one_tenant_stops_no_other(
    desk: Press, boss: Actor, db: AppDb, platform: WorkerDb, owner: asyncpg.Connection[asyncpg.Record]
) -> None:
    other = await press(db, platform, owner, slug="other")
    await other.channel("elsewhere", canonical=True, governed=True)
    theirs = await approved(other)
    await halt.stop(desk.sv, desk.tenant, "Ours.", actor=boss)
    await run(other)
    assert await state(other, theirs, "elsewhere") is S.LIVE


async def test_an_editor_may_not_stop_publishing(desk: Press) -> None:
    with pytest.raises(Refused, match="may not"):
        await halt.stop(desk.sv, desk.tenant, "x", actor=desk.actor)


async def test_a_lost_answer_is_looked_for_while_it_is_stopped_and_never_sent_again(desk: Press, boss: Actor) -> None:
    draft = await approved(desk)
    desk.publisher.arrives, desk.publisher.fail_next = False, Upstream("no answer")
    with pytest.raises(Upstream):
        await run(desk)
    desk.publisher.arrives = True
    await halt.stop(desk.sv, desk.tenant, "Wrong.", actor=boss)
    await desk.reap()
    await run(desk)
    assert (await state(desk, draft), desk.publisher.sent) == (S.PLANNED, 1)
    assert await desk.owner.fetchval("select count(*) from jobs") == 0
    assert await halt.resume(desk.sv, desk.tenant, actor=boss) == 1
    await run(desk)
    assert (await state(desk, draft), desk.publisher.sent) == (S.LIVE, 2)


async def test_an_update_that_had_no_answer_waits_while_it_is_stopped(desk: Press, boss: Actor) -> None:
    draft = await approved(desk)
    await run(desk)
    await newer(desk, draft)
    update = desk.publisher.update
    asked: list[object] = []

    async def silent(sent: object) -> object:
        asked.append(sent)
        raise Upstream("no answer")

    desk.publisher.update = silent
    with pytest.raises(Upstream):
        await run(desk)
    await halt.stop(desk.sv, desk.tenant, "Wrong.", actor=boss)
    await desk.reap()
    await run(desk)
    assert (await state(desk, draft), len(asked)) == (S.UPDATING, 1)
    assert await desk.owner.fetchval("select count(*) from jobs") == 0
    desk.publisher.update = update
    assert await halt.resume(desk.sv, desk.tenant, actor=boss) == 1
    await run(desk)
    assert await state(desk, draft) is S.LIVE


async def test_an_update_takes_no_place(desk: Press) -> None:
    draft = await approved(desk)
    await run(desk)
    await desk.owner.execute(
        "update publications set sent_at = sent_at - interval '8 days', live_at = live_at - interval '8 days'"
    )
    await newer(desk, draft)
    await run(desk)
    fresh = await approved(desk)
    await run(desk)
    assert await state(desk, fresh) is S.LIVE


async def newer(desk: Press, draft: DraftId) -> None:
    """A newer version of what is live, approved and due."""
    seen = await desk.seen(draft)
    await decide.edit(desk.sv, desk.actor, draft, seen.current_version_id, replace(ARTICLE, title="Harbour opens late"))
    await desk.review(draft, held=False)
    await decide.approve(desk.sv, desk.actor, *await desk.shown(draft), via="page")
    await desk.owner.execute("update publications set due_at = cid_now()")
    await desk.owner.execute("delete from jobs where kind <> 'publish'")
