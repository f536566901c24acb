"""What was approved goes out once, whatever breaks on the way."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cid.channels.site import SitePublisher
from cid.domain.errors import Conflict, LostLease, NotFound, Refused, Upstream
from cid.domain.ids import DraftId
from cid.domain.publication import PublicationState
from cid.domain.tenants import Role
from cid.flows import decide, halt, publish
from cid.store import publications
from tests.press import ARTICLE, Press, press

if TYPE_CHECKING:
    from pathlib import Path

    import asyncpg

    from cid.pg.pool import AppDb, WorkerDb
    from tests.conftest import DatabaseTime

S = PublicationState


@pytest.fixture
async def desk(db: AppDb, platform: WorkerDb, owner: asyncpg.Connection[asyncpg.Record]) -> Press:
    desk = await press(db, platform, owner)
    await desk.channel("site", canonical=True)
    return desk


async def approved(desk: Press) -> DraftId:
    draft = await desk.draft()
    await decide.approve(desk.sv, desk.actor, *await desk.shown(draft), via="page")
    return draft


async def run(desk: Press) -> None:
    await publish.publish(desk.sv, await desk.jobs())


async def state(desk: Press, draft: DraftId, channel: str = "site") -> PublicationState:
    return (await desk.posted(draft))[channel].state


async def test_it_goes_live_with_its_address(desk: Press) -> None:
    draft = await approved(desk)
    await run(desk)
    posted = (await desk.posted(draft))["site"]
    assert (posted.state, posted.url) == (S.LIVE, f"https://site.test/{posted.id}")
    assert posted.live_at is not None
    assert await desk.owner.fetchval("select count(*) from jobs") == 0


async def test_the_others_follow_the_canonical_one_and_point_at_it(desk: Press) -> None:
    await desk.channel("blog")
    draft = await approved(desk)
    await run(desk)
    assert (await state(desk, draft), await state(desk, draft, "blog")) == (S.LIVE, S.PLANNED)
    await run(desk)
    posted = await desk.posted(draft)
    assert posted["blog"].state is S.LIVE
    assert desk.publisher.canonicals == {str(posted["site"].id): None, str(posted["blog"].id): posted["site"].url}


async def test_what_waits_for_the_canonical_address_is_not_sent_without_it(desk: Press) -> None:
    await desk.channel("blog")
    draft = await approved(desk)
    await desk.jobs()
    await publish.again(desk.sv, desk.actor, (await desk.posted(draft))["blog"].id)
    await run(desk)
    assert desk.publisher.posts == {}


async def without_original(desk: Press) -> DraftId:
    """The canonical channel refused; `blog` and `other` wait for it."""
    await desk.channel("blog")
    await desk.channel("other")
    draft = await approved(desk)
    desk.publisher.arrives, desk.publisher.fail_next = False, Refused("The site says: no.")
    await run(desk)
    desk.publisher.arrives = True
    assert [await state(desk, draft, name) for name in ("site", "blog", "other")] == [S.FAILED, S.PLANNED, S.PLANNED]
    return draft


async def test_where_the_original_failed_a_person_lets_another_stand_in_and_the_rest_follow(desk: Press) -> None:
    draft = await without_original(desk)
    key = (await desk.posted(draft))["blog"].id
    with pytest.raises(Refused, match="Say why"):
        await halt.stand_in(desk.sv, desk.actor, key, " ")
    await halt.stand_in(desk.sv, desk.actor, key, "The site is down for days.")
    with pytest.raises(Conflict, match="stands in"):
        await halt.stand_in(desk.sv, desk.actor, (await desk.posted(draft))["other"].id, "Twice.")
    await run(desk)
    await run(desk)
    posted = await desk.posted(draft)
    assert (posted["site"].state, posted["blog"].state, posted["other"].state) == (S.FAILED, S.LIVE, S.LIVE)
    assert desk.publisher.canonicals == {str(key): None, str(posted["other"].id): posted["blog"].url}
    said = await desk.owner.fetchrow("select detail ->> 'reason' from audit where action = 'publication.stands_in'")
    assert said[0] == "The site is down for days."


async def test_the_canonical_channel_that_follows_later_points_at_what_stood_in(desk: Press) -> None:
    draft = await without_original(desk)
    posted = await desk.posted(draft)
    await halt.stand_in(desk.sv, desk.actor, posted["blog"].id, "The site is down for days.")
    await run(desk)
    await desk.owner.execute("delete from jobs")
    await publish.again(desk.sv, desk.actor, posted["site"].id)
    await run(desk)
    posted = await desk.posted(draft)
    assert posted["site"].state is S.LIVE
    assert desk.publisher.canonicals[str(posted["site"].id)] == posted["blog"].url


async def test_nothing_stands_in_for_an_original_that_may_still_come(desk: Press) -> None:
    await desk.channel("blog")
    draft = await approved(desk)
    with pytest.raises(Conflict, match="does not wait"):
        await halt.stand_in(desk.sv, desk.actor, (await desk.posted(draft))["blog"].id, "Faster.")


async def test_a_kind_that_points_at_originals_is_none_and_readers_and_strangers_choose_none(
    desk: Press, db: AppDb, platform: WorkerDb, owner: asyncpg.Connection[asyncpg.Record]
) -> None:
    draft = await without_original(desk)
    key = (await desk.posted(draft))["blog"].id
    with pytest.raises(Refused, match="viewer"):
        await halt.stand_in(desk.sv, await desk.colleague("Vic", Role.VIEWER), key, "x")
    with pytest.raises(NotFound):
        await halt.stand_in(desk.sv, (await press(db, platform, owner, slug="other")).actor, key, "x")
    await desk.owner.execute("update channels set kind = 'devto' where name = 'blog'")
    with pytest.raises(Refused, match="cannot be one"):
        await halt.stand_in(desk.sv, desk.actor, key, "x")
    assert await state(desk, draft, "blog") is S.PLANNED


async def test_what_was_begun_is_ended_also_where_the_original_is_gone_meanwhile(desk: Press) -> None:
    await desk.channel("blog")
    draft = await approved(desk)
    await run(desk)
    await run(desk)
    posted = await desk.posted(draft)
    await desk.owner.execute(
        "update publications set state = 'unknown', sent_at = sent_at - interval '1 day', url = '' where id = $1",
        posted["blog"].id,
    )
    await desk.owner.execute("update publications set state = 'failed' where id = $1", posted["site"].id)
    await publish.again(desk.sv, desk.actor, posted["blog"].id)
    await run(desk)
    assert await state(desk, draft, "blog") is S.LIVE


async def test_a_refusal_is_a_visible_failure_that_a_person_may_try_again(desk: Press) -> None:
    draft = await approved(desk)
    desk.publisher.arrives, desk.publisher.fail_next = False, Refused("The site says: title too long.")
    await run(desk)
    posted = (await desk.posted(draft))["site"]
    assert (posted.state, posted.error) == (S.FAILED, "The site says: title too long.")
    desk.publisher.arrives = True
    await publish.again(desk.sv, desk.actor, posted.id)
    await run(desk)
    assert await state(desk, draft) is S.LIVE


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_lost_answer_is_unknown_and_then_looked_for(desk: Press, *, arrives: bool) -> None:
    draft = await approved(desk)
    desk.publisher.arrives, desk.publisher.fail_next = arrives, Upstream("connection reset")
    with pytest.raises(Upstream):
        await run(desk)
    posted = (await desk.posted(draft))["site"]
    assert (posted.state, posted.error) == (S.UNKNOWN, "connection reset")
    desk.publisher.arrives = True
    await desk.reap()
    await run(desk)
    assert await state(desk, draft) is S.LIVE
    assert desk.publisher.sent == (1 if arrives else 2)


async def test_nothing_is_sent_again_before_every_answer_was_due(
    desk: Press, database_time: DatabaseTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.publisher.patience = timedelta(seconds=60)
    draft = await approved(desk)
    desk.publisher.arrives, desk.publisher.fail_next = False, Upstream("timeout")
    with pytest.raises(Upstream) as raised:
        await run(desk)
    assert raised.value.retry_after == timedelta(seconds=60)
    desk.publisher.arrives = True
    await desk.reap()
    await run(desk)
    assert (await state(desk, draft), desk.publisher.sent) == (S.UNKNOWN, 1)
    [waiting] = await desk.owner.fetch("select run_at - cid_now() as wait from jobs where state = 'scheduled'")
    assert timedelta(seconds=50) < waiting["wait"] <= timedelta(seconds=61)
    await database_time.advance(timedelta(seconds=61))
    await desk.owner.execute("update jobs set state = 'ready'")
    await run(desk)
    assert (await state(desk, draft), desk.publisher.sent) == (S.LIVE, 2)


async def test_accepted_but_not_there_is_unknown(desk: Press) -> None:
    draft = await approved(desk)
    desk.publisher.arrives = False
    with pytest.raises(Upstream, match="not there"):
        await run(desk)
    assert await state(desk, draft) is S.UNKNOWN


async def test_a_look_that_fails_leaves_it_unknown_and_says_why(desk: Press) -> None:
    draft = await approved(desk)
    desk.publisher.fail_next = Upstream("reset")
    with pytest.raises(Upstream):
        await run(desk)
    await desk.reap()
    desk.publisher.find_fails = Upstream("no answer")
    with pytest.raises(Upstream):
        await run(desk)
    posted = (await desk.posted(draft))["site"]
    assert (posted.state, posted.error) == (S.UNKNOWN, "It could not be looked up: no answer")


async def test_a_job_run_twice_changes_nothing_the_second_time(desk: Press) -> None:
    draft = await approved(desk)
    jobs = await desk.jobs()
    await publish.publish(desk.sv, jobs)
    with pytest.raises(LostLease):
        await publish.publish(desk.sv, jobs)
    assert (await state(desk, draft), desk.publisher.sent) == (S.LIVE, 1)


async def test_a_second_hand_out_keeps_off_while_the_first_lives(desk: Press) -> None:
    draft = await approved(desk)
    [first] = await desk.jobs()
    await publish._begin(desk.sv, first)
    await publish.again(desk.sv, desk.actor, (await desk.posted(draft))["site"].id)
    await run(desk)
    assert (await state(desk, draft), desk.publisher.sent) == (S.SENDING, 0)
    assert await desk.owner.fetchval("select error from jobs where state = 'scheduled'") != ""


async def test_a_process_that_slept_through_its_lease_does_not_send(desk: Press) -> None:
    draft = await approved(desk)
    [job] = await desk.jobs()
    begun = await publish._begin(desk.sv, job)
    assert begun is not None
    work, channel = begun
    await desk.reap()
    await run(desk)
    with pytest.raises(LostLease):
        await publish._send(desk.sv, job, work, channel, desk.publisher)
    assert (await state(desk, draft), desk.publisher.sent) == (S.LIVE, 1)


async def test_bytes_that_were_not_approved_are_not_sent(desk: Press) -> None:
    """The schema keeps such rows out; this is the last look before they leave."""
    draft = await approved(desk)
    [job] = await desk.jobs()
    begun = await publish._begin(desk.sv, job)
    assert begun is not None
    work, channel = begun
    await publish._send(desk.sv, job, replace(work, payloads=work.payloads + " "), channel, desk.publisher)
    posted = (await desk.posted(draft))["site"]
    assert (posted.state, desk.publisher.sent) == (S.FAILED, 0)
    assert "not those that were approved" in posted.error
    with pytest.raises(Refused, match="no text for this channel"):
        publish.decided_payload(replace(work, channel_id=work.id))  # type: ignore[arg-type]


async def test_what_is_live_is_not_tried_again_nor_by_readers_nor_by_strangers(
    desk: Press, db: AppDb, platform: WorkerDb, owner: Any
) -> None:
    draft = await approved(desk)
    await run(desk)
    key = (await desk.posted(draft))["site"].id
    with pytest.raises(Refused, match="nothing to try again"):
        await publish.again(desk.sv, desk.actor, key)
    with pytest.raises(Refused, match="viewer"):
        await publish.again(desk.sv, await desk.colleague("Vic", Role.VIEWER), key)
    with pytest.raises(NotFound):
        await publish.again(desk.sv, (await press(db, platform, owner, slug="other")).actor, key)


async def test_a_tenant_without_a_site_has_none_to_build(desk: Press) -> None:
    with pytest.raises(Refused, match="no site"):
        await publish.rebuild(desk.sv, desk.tenant)


async def test_the_site_made_anew_from_the_rows_is_the_site_that_was(
    db: AppDb, platform: WorkerDb, owner: Any, tmp_path: Path
) -> None:
    desk = await press(db, platform, owner, publisher=SitePublisher(tmp_path))
    await desk.channel("site", canonical=True)
    for title in ("One", "Two"):
        draft = await desk.draft(article=replace(ARTICLE, title=title))
        await decide.approve(desk.sv, desk.actor, *await desk.shown(draft), via="page")
    await desk.draft(article=replace(ARTICLE, title="Never approved"))
    await run(desk)
    before = {path.name: path.read_bytes() for path in (tmp_path / "acme").iterdir()}
    shutil.rmtree(tmp_path / "acme")
    assert await publish.rebuild(desk.sv, desk.tenant) == 2
    assert {path.name: path.read_bytes() for path in (tmp_path / "acme").iterdir()} == before


async def test_of_two_that_are_to_stand_in_at_the_same_moment_one_does(desk: Press) -> None:
    draft = await without_original(desk)
    posted = await desk.posted(draft)
    async with desk.sv.db.tx(desk.tenant) as tx:
        await publications.turn(tx, desk.tenant, posted["blog"].id)
        assert await publications.stand_in(tx, desk.tenant, posted["blog"].id, desk.actor.user.id, "First.")
        second = asyncio.create_task(halt.stand_in(desk.sv, desk.actor, posted["other"].id, "At once."))
        waits = """select count(*) from pg_locks join pg_database d on d.oid = database
            where locktype = 'advisory' and not granted and datname = current_database()"""
        async with asyncio.timeout(30):
            while not second.done() and not await desk.owner.fetchval(waits):  # noqa: ASYNC110 - Postgres tells nobody
                await asyncio.sleep(0.01)
    with pytest.raises(Conflict, match="another stands in"):
        await second
    posted = await desk.posted(draft)
    assert [posted[name].stands_in for name in ("blog", "other")] == [True, False]


async def test_what_was_to_stand_in_points_at_the_original_where_that_goes_out_first(desk: Press) -> None:
    draft = await without_original(desk)
    posted = await desk.posted(draft)
    await halt.stop(desk.sv, desk.tenant, "A look at all of it first.", actor=None)
    await halt.stand_in(desk.sv, desk.actor, posted["blog"].id, "The site is down for days.")
    await run(desk)
    await halt.resume(desk.sv, desk.tenant, actor=None)
    await desk.owner.execute("delete from jobs")
    await publish.again(desk.sv, desk.actor, posted["site"].id)
    await run(desk)
    await publish.publish(desk.sv, await desk.jobs())
    posted = await desk.posted(draft)
    assert [posted[name].state for name in ("site", "blog", "other")] == [S.LIVE, S.LIVE, S.LIVE]
    at = posted["site"].url
    assert [desk.publisher.canonicals[str(posted[name].id)] for name in ("site", "blog", "other")] == [None, at, at]
    assert not posted["blog"].stands_in


async def test_an_original_that_is_found_after_all_has_nobody_stand_in(desk: Press) -> None:
    draft = await without_original(desk)
    posted = await desk.posted(draft)
    site, blog = posted["site"].id, posted["blog"].id
    await desk.owner.execute(
        "update publications set state = 'unknown', sent_at = sent_at - interval '1 day' where id = $1", site
    )
    desk.publisher.posts[str(site)] = {}
    await halt.stand_in(desk.sv, desk.actor, blog, "Nobody knows of the site.")
    await desk.owner.execute("delete from jobs")
    await publish.again(desk.sv, desk.actor, site)
    await run(desk)
    await run(desk)
    assert [(await desk.posted(draft))[name].state for name in ("site", "blog", "other")] == [S.LIVE, S.LIVE, S.LIVE]
    assert desk.publisher.canonicals[str(blog)] == f"https://site.test/{site}"
