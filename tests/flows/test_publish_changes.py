"""What is out is changed and taken back, once each, whatever breaks on the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cid.domain.draft import DraftState
from cid.domain.errors import Conflict, LostLease, NotFound, Refused, Upstream
from cid.domain.ids import DraftId
from cid.domain.jobs import JobKind, NewJob
from cid.domain.publication import Fate, Note, PublicationState
from cid.domain.tenants import Role
from cid.flows import decide, publish
from cid.queue import jobs as queue
from cid.store import draft_pages, publications
from tests.fakes import FakePublisher
from tests.press import ARTICLE, Press, press

if TYPE_CHECKING:
    import asyncpg

    from cid.pg.pool import AppDb, WorkerDb
    from cid.ports import Placed, Sent
    from tests.conftest import DatabaseTime

S = PublicationState
NEWER = replace(ARTICLE, title="Harbour opens late")


class Publisher(FakePublisher):
    """Also fails at changes, and tells what it keeps."""

    def __init__(self) -> None:
        super().__init__()
        self.change_fails: Exception | None = None
        self.changes = 0
        self.kept: list[Note] = []

    async def update(self, sent: Sent) -> Placed:
        self.changes += 1
        if self.change_fails:
            raise self.change_fails
        return await super().update(sent)

    async def retract(self, sent: Sent) -> None:
        if self.change_fails:
            raise self.change_fails
        await super().retract(sent)

    async def look(self, sent: Sent) -> list[Note]:
        assert sent.placed is not None
        return self.kept


@pytest.fixture
async def desk(db: AppDb, platform: WorkerDb, owner: asyncpg.Connection[asyncpg.Record]) -> Press:
    desk = await press(db, platform, owner, publisher=Publisher())
    await desk.channel("site", canonical=True)
    return desk


async def live(desk: Press) -> DraftId:
    draft = await desk.draft()
    await approve(desk, draft)
    await run(desk)
    return draft


async def approve(desk: Press, draft: DraftId) -> None:
    await decide.approve(desk.sv, desk.actor, *await desk.shown(draft), via="page")


async def changed(desk: Press, draft: DraftId) -> None:
    """A newer version, reviewed and approved."""
    seen = await desk.seen(draft)
    await decide.edit(desk.sv, desk.actor, draft, seen.current_version_id, NEWER)
    await desk.review(draft, held=False)
    await approve(desk, draft)


async def run(desk: Press) -> None:
    """Past the time to undo, all that is ready is done."""
    await desk.owner.execute("update publications set due_at = cid_now() where due_at > cid_now()")
    await desk.owner.execute("update jobs set state = 'ready', run_at = cid_now() where state = 'scheduled'")
    await publish.publish(desk.sv, await desk.jobs())


async def post(desk: Press, draft: DraftId, channel: str = "site") -> Any:
    return (await desk.posted(draft))[channel]


def title(desk: Press, key: Any) -> Any:
    return desk.publisher.posts[str(key)]["title"]


async def test_an_approved_newer_version_takes_the_place_of_what_is_live(desk: Press) -> None:
    draft = await live(desk)
    before = await post(desk, draft)
    await changed(desk, draft)
    waiting = await post(desk, draft)
    assert (waiting.state, waiting.version_id, title(desk, waiting.id)) == (S.LIVE, before.version_id, ARTICLE.title)
    await run(desk)
    after = await post(desk, draft)
    assert (after.id, after.state, title(desk, after.id)) == (before.id, S.LIVE, NEWER.title)
    assert (after.version_id, after.next_version_id) == ((await desk.seen(draft)).current_version_id, None)
    assert (desk.publisher.sent, after.live_at) == (1, before.live_at)


async def test_until_it_is_due_nothing_is_sent_and_nothing_is_changed(desk: Press, database_time: DatabaseTime) -> None:
    draft = await live(desk)
    await changed(desk, draft)
    await desk.owner.execute("update publications set due_at = cid_now() + interval '9 minutes'")
    await desk.owner.execute("update jobs set state = 'ready'")
    await publish.publish(desk.sv, await desk.jobs())
    assert (await post(desk, draft)).state is S.LIVE
    assert desk.publisher.changes == 0
    await database_time.advance(timedelta(minutes=10))
    await desk.owner.execute("update jobs set state = 'ready'")
    await publish.publish(desk.sv, await desk.jobs())
    assert desk.publisher.changes == 1


async def test_an_update_is_undone_while_it_waits_and_what_is_out_stays(desk: Press) -> None:
    draft = await live(desk)
    before = await post(desk, draft)
    await changed(desk, draft)
    await decide.undo(desk.sv, desk.actor, *await desk.shown(draft), via="page")
    await run(desk)
    assert (await desk.seen(draft)).state is DraftState.READY
    assert ((await post(desk, draft)).version_id, desk.publisher.changes) == (before.version_id, 0)
    await approve(desk, draft)
    await run(desk)
    assert title(desk, before.id) == NEWER.title


async def test_a_channel_that_is_new_since_gets_its_first_post(desk: Press) -> None:
    draft = await live(desk)
    await desk.channel("blog")
    await changed(desk, draft)
    await run(desk)
    blog, site = await post(desk, draft, "blog"), await post(desk, draft)
    assert (blog.state, title(desk, blog.id), title(desk, site.id)) == (S.LIVE, NEWER.title, NEWER.title)
    assert desk.publisher.canonicals[str(blog.id)] == site.url


async def test_what_is_on_its_way_is_not_edited(desk: Press) -> None:
    draft = await desk.draft()
    await approve(desk, draft)
    version = (await desk.seen(draft)).current_version_id
    with pytest.raises(Conflict, match="on its way out"):
        await decide.edit(desk.sv, desk.actor, draft, version, NEWER)


async def test_a_refused_update_leaves_what_was_there_and_says_why(desk: Press) -> None:
    draft = await live(desk)
    before = await post(desk, draft)
    await changed(desk, draft)
    desk.publisher.change_fails = Refused("Too long.")
    await run(desk)
    refused = await post(desk, draft)
    assert (refused.state, refused.version_id) == (S.LIVE, before.version_id)
    assert "Too long." in refused.error
    desk.publisher.change_fails = None
    await publish.again(desk.sv, desk.actor, refused.id)
    await run(desk)
    assert ((await post(desk, draft)).error, title(desk, refused.id)) == ("", NEWER.title)


async def test_an_update_cut_off_is_done_again_on_the_same_post(desk: Press) -> None:
    draft = await live(desk)
    await changed(desk, draft)
    await desk.owner.execute("update publications set due_at = cid_now()")
    await desk.owner.execute("update jobs set state = 'ready'")
    [job] = await desk.jobs()
    assert await publish._begin(desk.sv, job) is not None
    assert (await post(desk, draft)).state is S.UPDATING
    await desk.reap()
    await run(desk)
    assert ((await post(desk, draft)).state, desk.publisher.changes, desk.publisher.sent) == (S.LIVE, 1, 1)


async def test_a_process_that_slept_through_its_lease_changes_nothing(desk: Press) -> None:
    draft = await live(desk)
    await changed(desk, draft)
    await desk.owner.execute("update publications set due_at = cid_now()")
    await desk.owner.execute("update jobs set state = 'ready'")
    [job] = await desk.jobs()
    begun = await publish._begin(desk.sv, job)
    assert begun is not None
    await desk.reap()
    await run(desk)
    with pytest.raises(LostLease):
        await publish._update(desk.sv, job, *begun, desk.publisher)
    assert desk.publisher.changes == 1


async def test_an_unanswered_update_is_tried_again_and_ends_as_one_post(desk: Press) -> None:
    draft = await live(desk)
    await changed(desk, draft)
    desk.publisher.change_fails = Upstream("no answer")
    with pytest.raises(Upstream):
        await run(desk)
    assert ((await post(desk, draft)).state, (await post(desk, draft)).error) == (S.UPDATING, "no answer")
    desk.publisher.change_fails = None
    await desk.reap()
    await run(desk)
    assert ((await post(desk, draft)).state, len(desk.publisher.posts)) == (S.LIVE, 1)


async def test_what_somebody_removed_there_failed_and_is_published_anew_when_asked(desk: Press) -> None:
    draft = await live(desk)
    await changed(desk, draft)
    desk.publisher.posts.clear()
    desk.publisher.change_fails = NotFound("Somebody removed it.")
    await run(desk)
    gone = await post(desk, draft)
    assert (gone.state, gone.error) == (S.FAILED, "Somebody removed it.")
    desk.publisher.change_fails = None
    await publish.again(desk.sv, desk.actor, gone.id)
    await run(desk)
    assert ((await post(desk, draft)).state, title(desk, gone.id)) == (S.LIVE, NEWER.title)


async def test_a_person_takes_it_back_with_a_reason_that_is_kept(desk: Press) -> None:
    draft = await live(desk)
    key = (await post(desk, draft)).id
    with pytest.raises(Refused, match="Say why"):
        await publish.retract(desk.sv, desk.actor, key, " ")
    assert await publish.retract(desk.sv, desk.actor, key, "The source corrected it.") is S.RETRACTING
    await run(desk)
    assert (await desk.posted(draft), desk.publisher.posts) == ({}, {})
    row = await desk.owner.fetchrow("select state, retraction from publications")
    assert tuple(row) == ("retracted", "The source corrected it.")
    said = await desk.owner.fetchval("select detail->>'reason' from audit where action = 'publication.retract'")
    assert said == "The source corrected it."
    with pytest.raises(Conflict, match="already"):
        await publish.retract(desk.sv, desk.actor, key, "again")


async def test_a_retraction_that_is_refused_says_that_it_is_still_there(desk: Press) -> None:
    draft = await live(desk)
    key = (await post(desk, draft)).id
    await publish.retract(desk.sv, desk.actor, key, "Wrong.")
    desk.publisher.change_fails = Refused("No right to.")
    await run(desk)
    assert ((await post(desk, draft)).state, (await post(desk, draft)).error) == (
        S.LIVE,
        "It could not be retracted: No right to.",
    )


async def test_a_refused_retraction_is_tried_again_and_takes_it_down(desk: Press) -> None:
    draft = await live(desk)
    key = (await post(desk, draft)).id
    await publish.retract(desk.sv, desk.actor, key, "Wrong.")
    desk.publisher.change_fails = Refused("No right to.")
    await run(desk)
    desk.publisher.change_fails = None
    await publish.again(desk.sv, desk.actor, key)
    assert (await post(desk, draft)).state is S.RETRACTING
    await run(desk)
    assert (await desk.posted(draft), desk.publisher.posts) == ({}, {})


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_retraction_of_what_may_not_be_there_that_is_refused_says_neither(
    desk: Press, *, arrives: bool
) -> None:
    draft = await desk.draft()
    await approve(desk, draft)
    desk.publisher.arrives, desk.publisher.fail_next = arrives, Upstream("connection reset")
    with pytest.raises(Upstream):
        await run(desk)
    key = (await post(desk, draft)).id
    await desk.owner.execute("delete from jobs")
    await publish.retract(desk.sv, desk.actor, key, "Wrong.")
    desk.publisher.change_fails = Refused("No right to.")
    await run(desk)
    seen = await post(desk, draft)
    assert (seen.state, seen.error, seen.live_at) == (S.UNKNOWN, "It could not be retracted: No right to.", None)
    desk.publisher.change_fails, sent = None, desk.publisher.sent
    await publish.again(desk.sv, desk.actor, key)
    await run(desk)
    assert (await desk.posted(draft), desk.publisher.posts, desk.publisher.sent) == ({}, {}, sent)


async def test_a_job_left_over_does_not_send_what_was_to_be_taken_back(desk: Press) -> None:
    draft = await desk.draft()
    await approve(desk, draft)
    await desk.jobs()
    await desk.owner.execute("delete from jobs")
    await desk.owner.execute("update publications set state = 'unknown', retraction = 'Wrong.', error = 'Refused.'")
    await desk.owner.execute("update publications set sent_at = cid_now() - interval '1 day'")
    key = (await post(desk, draft)).id
    async with desk.sv.db.tx(desk.tenant) as tx:
        await queue.enqueue(
            tx, NewJob(kind=JobKind.PUBLISH, tenant=desk.tenant, payload={"publication": str(key)}, dedupe=str(key))
        )
    await run(desk)
    assert ((await post(desk, draft)).state, desk.publisher.sent) == (S.UNKNOWN, 0)


async def test_a_newer_version_after_a_refused_retraction_is_published(desk: Press) -> None:
    draft = await live(desk)
    key = (await post(desk, draft)).id
    await publish.retract(desk.sv, desk.actor, key, "Wrong.")
    desk.publisher.change_fails = Refused("No right to.")
    await run(desk)
    desk.publisher.change_fails = None
    await changed(desk, draft)
    await run(desk)
    assert ((await post(desk, draft)).state, title(desk, key)) == (S.LIVE, NEWER.title)
    with pytest.raises(Refused, match="nothing to try again"):
        await publish.again(desk.sv, desk.actor, key)


async def test_retracting_goes_on_until_it_is_gone(desk: Press) -> None:
    draft = await live(desk)
    await publish.retract(desk.sv, desk.actor, (await post(desk, draft)).id, "Wrong.")
    desk.publisher.change_fails = Upstream("no answer")
    with pytest.raises(Upstream):
        await run(desk)
    assert (await post(desk, draft)).state is S.RETRACTING
    desk.publisher.change_fails = None
    await desk.reap()
    await run(desk)
    assert await desk.posted(draft) == {}


async def test_what_was_not_sent_yet_is_gone_at_once(desk: Press) -> None:
    draft = await desk.draft()
    await approve(desk, draft)
    assert await publish.retract(desk.sv, desk.actor, (await post(desk, draft)).id, "Not now.") is S.RETRACTED
    await run(desk)
    assert desk.publisher.sent == 0


async def test_readers_and_strangers_take_nothing_back(desk: Press, db: AppDb, platform: WorkerDb, owner: Any) -> None:
    key = (await post(desk, await live(desk))).id
    with pytest.raises(Refused, match="viewer"):
        await publish.retract(desk.sv, await desk.colleague("Vic", Role.VIEWER), key, "x")
    stranger = (await press(db, platform, owner, slug="other")).actor
    with pytest.raises(NotFound):
        await publish.retract(desk.sv, stranger, key, "x")


async def test_what_the_channel_did_not_keep_is_stored_with_the_publication(desk: Press) -> None:
    desk.publisher.kept = [Note(what="meta", detail="No plugin.")]
    draft = await live(desk)
    assert (await post(desk, draft)).notes == [{"what": "meta", "detail": "No plugin."}]


async def test_a_look_that_is_refused_after_the_sending_leaves_it_unknown(desk: Press) -> None:
    draft = await desk.draft()
    await approve(desk, draft)
    desk.publisher.find_fails = Refused("The password was withdrawn.")
    with pytest.raises(Upstream):
        await run(desk)
    assert (await post(desk, draft)).state is S.UNKNOWN


@pytest.mark.parametrize("ask_first", [False, True])
async def test_a_newer_version_that_is_rejected_leaves_the_draft_what_is_out(desk: Press, *, ask_first: bool) -> None:
    draft = await live(desk)
    before = await post(desk, draft)
    seen = await desk.seen(draft)
    await decide.edit(desk.sv, desk.actor, draft, seen.current_version_id, NEWER)
    await desk.review(draft, held=False)
    shown = await desk.shown(draft)
    if ask_first:
        await decide.request_changes(desk.sv, desk.actor, *shown, reason="Shorter.", via="page")
    await decide.reject(desk.sv, desk.actor, *shown, reason="No.", via="page")
    now = await desk.seen(draft)
    assert (now.state, now.current_version_id) == (DraftState.APPROVED, before.version_id)
    with pytest.raises(Conflict, match="Too late: on site it is live"):
        await decide.undo(desk.sv, desk.actor, *await desk.shown(draft), via="page")
    with pytest.raises(Conflict, match="already rejected version 2"):
        await decide.approve(desk.sv, desk.actor, *shown, via="page")
    await changed(desk, draft)
    await run(desk)
    assert (title(desk, before.id), (await desk.version(draft)).number) == (NEWER.title, 3)
    await publish.retract(desk.sv, desk.actor, before.id, "Wrong.")
    await run(desk)
    assert await desk.posted(draft) == {}


async def test_what_failed_of_a_rejected_draft_is_not_tried_again(desk: Press) -> None:
    draft = await desk.draft()
    await approve(desk, draft)
    desk.publisher.arrives, desk.publisher.fail_next = False, Refused("Too long.")
    await run(desk)
    desk.publisher.arrives = True
    seen = await desk.seen(draft)
    await decide.edit(desk.sv, desk.actor, draft, seen.current_version_id, NEWER)
    await desk.review(draft, held=False)
    await decide.reject(desk.sv, desk.actor, *await desk.shown(draft), reason="No.", via="page")
    assert (await desk.seen(draft)).state is DraftState.REJECTED
    with pytest.raises(Refused, match="was rejected"):
        await publish.again(desk.sv, desk.actor, (await post(desk, draft)).id)
    await run(desk)
    assert desk.publisher.posts == {}


async def test_what_is_published_anew_after_it_was_taken_back_is_live(desk: Press) -> None:
    draft = await live(desk)
    await publish.retract(desk.sv, desk.actor, (await post(desk, draft)).id, "Wrong.")
    await run(desk)
    await decide.undo(desk.sv, desk.actor, *await desk.shown(draft), via="page")
    await approve(desk, draft)
    await run(desk)
    async with desk.sv.db.read(desk.tenant) as tx:
        assert publications.fate_of(await publications.of_draft(tx, desk.tenant, draft)) is Fate.LIVE
        [row] = await draft_pages.listed(tx, desk.tenant, [DraftState.APPROVED], before=None, limit=9)
    assert row.fate is Fate.LIVE


async def test_a_copy_is_taken_back_by_the_originals_address_after_the_original(desk: Press) -> None:
    """Dev.to knows an article by it, and refuses to look without."""
    await desk.channel("blog")
    draft = await live(desk)
    await run(desk)
    site, blog = await post(desk, draft), await post(desk, draft, "blog")
    assert (site.state, blog.state) == (S.LIVE, S.LIVE)
    await publish.retract(desk.sv, desk.actor, site.id, "Wrong.")
    await run(desk)
    take_back, named = desk.publisher.retract, []

    async def noted(sent: Sent) -> None:
        named.append(sent.canonical)
        await take_back(sent)

    desk.publisher.retract = noted
    await publish.retract(desk.sv, desk.actor, blog.id, "Wrong.")
    await run(desk)
    assert (named, await desk.posted(draft)) == ([site.url], {})


async def test_an_undo_of_an_update_that_was_refused_leaves_no_problem(desk: Press) -> None:
    draft = await live(desk)
    await changed(desk, draft)
    desk.publisher.change_fails = Refused("Too long.")
    await run(desk)
    assert "Too long." in (await post(desk, draft)).error
    await decide.undo(desk.sv, desk.actor, *await desk.shown(draft), via="page")
    after = await post(desk, draft)
    assert (after.state, after.error, after.next_version_id) == (S.LIVE, "", None)
