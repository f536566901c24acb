"""What is under way and lost its job comes to an end that a person sees."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from cid.domain.draft import DraftState
from cid.domain.errors import Refused
from cid.domain.ids import DraftId
from cid.domain.jobs import JobKind, NewJob
from cid.domain.mail import MailState
from cid.domain.publication import PublicationState
from cid.domain.review import ReviewOutcome
from cid.flows import decide, halt, outbox, publish
from cid.flows.wake import wake
from cid.queue import jobs as queue
from cid.store import drafts, troubles
from tests import make
from tests.press import Press, press

if TYPE_CHECKING:
    import asyncpg

    from cid.pg.pool import AppDb, WorkerDb

S = PublicationState


@pytest.fixture
async def desk(db: AppDb, platform: WorkerDb, owner: asyncpg.Connection[asyncpg.Record]) -> Press:
    desk = await press(db, platform, owner)
    await desk.channel("site", canonical=True)
    return desk


async def die(desk: Press, *, buried: bool = True) -> None:
    """As the queue ends jobs that are out of tries, some time ago; or somebody took them away."""
    if buried:
        await desk.owner.execute(
            """insert into jobs_dead
                 (id, tenant_id, kind, key, priority, dedupe_key, attempt, payload, error, created_at)
               select id, tenant_id, kind, key, priority, dedupe_key, 8, payload, 'lost with its process', created_at
               from jobs"""
        )
    await desk.owner.execute("delete from jobs")
    for table in ("mails", "publications"):
        await desk.owner.execute(f"update {table} set changed_at = cid_now() - interval '1 minute'")


async def approved(desk: Press) -> DraftId:
    draft = await desk.draft()
    await decide.approve(desk.sv, desk.actor, *await desk.shown(draft), via="page")
    return draft


async def lost(desk: Press) -> list[troubles.Stuck]:
    async with desk.sv.db.read(desk.tenant) as tx:
        return await troubles.publications(tx, desk.tenant, limit=10)


async def planned(desk: Press, state: MailState = MailState.PLANNED) -> UUID:
    key: UUID = await desk.owner.fetchval(
        """insert into mails (id, tenant_id, kind, key, address, subject, message, state)
           values (gen_random_uuid(), $1, 'notice', 'k', 'ed@acme.test', 'Hello', 'sealed', 'planned') returning id""",
        desk.tenant,
    )
    async with desk.sv.db.tx(desk.tenant) as tx:
        await queue.enqueue(tx, NewJob(kind=JobKind.MAIL, tenant=desk.tenant, payload={"mail": str(key)}))
    [job] = await make.claimed(desk.owner, JobKind.MAIL, desk.tenant)
    await desk.owner.execute(
        "update mails set state = $2, job_id = $3, lease = $4 where id = $1", key, state, job.id, job.lease
    )
    return key


async def letter(desk: Press, key: UUID) -> tuple[Any, ...]:
    return tuple(await desk.owner.fetchrow("select state, error, given_up from mails where id = $1", key))


@pytest.mark.parametrize("buried", [True, False])
async def test_a_mail_whose_job_died_while_it_was_sent_is_unknown_and_shown(desk: Press, *, buried: bool) -> None:
    key = await planned(desk, MailState.SENDING)
    await desk.owner.execute("update mails set changed_at = cid_now() - interval '1 minute'")
    await wake(desk.sv, [])
    assert (await letter(desk, key))[0] == "sending", "its job may still end it"
    await die(desk, buried=buried)
    await wake(desk.sv, [])
    state, error, given_up = await letter(desk, key)
    assert (state, given_up) == ("unknown", False)
    assert "whether it was taken over is not known" in error
    async with desk.sv.db.read(desk.tenant) as tx:
        assert [one.id for one in await troubles.mails(tx, desk.tenant, limit=5)] == [key]


async def test_a_mail_whose_job_died_before_it_began_is_refused_by_us_and_a_person_sends_it_again(desk: Press) -> None:
    key = await planned(desk)
    await die(desk)
    await wake(desk.sv, [])
    assert await letter(desk, key) == (
        "refused",
        "The queue gave up before anything was sent. lost with its process",
        True,
    )
    await outbox.send_again(desk.sv, key, tenant=desk.tenant, user=desk.actor.user.id)
    await wake(desk.sv, [])
    assert (await letter(desk, key))[0] == "planned", "it has a job again"


async def test_a_mail_that_only_waits_is_left_alone(desk: Press) -> None:
    key = await planned(desk)
    await desk.owner.execute("update mails set changed_at = cid_now() - interval '1 day'")
    await wake(desk.sv, [])
    assert (await letter(desk, key))[0] == "planned"


@pytest.mark.parametrize("buried", [True, False])
async def test_a_post_cut_off_whose_job_died_is_unknown_and_is_found_when_asked(desk: Press, *, buried: bool) -> None:
    draft = await approved(desk)
    await publish.publish(desk.sv, await desk.jobs())
    await desk.owner.execute("update publications set state = 'sending', url = '', external_id = '', live_at = null")
    await die(desk, buried=buried)
    await wake(desk.sv, [])
    [row] = await lost(desk)
    assert row.state is S.UNKNOWN
    assert "whether it arrived is not known" in row.error
    sent = desk.publisher.sent
    await desk.owner.execute("update publications set sent_at = cid_now() - interval '1 day'")
    await publish.again(desk.sv, desk.actor, row.id)
    await publish.publish(desk.sv, await desk.jobs())
    assert ((await desk.posted(draft))["site"].state, desk.publisher.sent) == (S.LIVE, sent)


@pytest.mark.parametrize("state", [S.UPDATING, S.RETRACTING])
async def test_a_change_whose_job_died_is_shown_as_a_problem_and_goes_on_when_asked(
    desk: Press, state: PublicationState
) -> None:
    draft = await approved(desk)
    await publish.publish(desk.sv, await desk.jobs())
    await publish.retract(desk.sv, desk.actor, (await desk.posted(draft))["site"].id, "Wrong.")
    await desk.owner.execute("update publications set state = $1", state)
    assert await lost(desk) == []
    await wake(desk.sv, [])
    assert await lost(desk) == [], "its job waits"
    await die(desk)
    await wake(desk.sv, [])
    [row] = await lost(desk)
    assert (row.state, row.error) == (state, "The queue gave up before it was done. lost with its process")
    await publish.again(desk.sv, desk.actor, row.id)
    assert len(await desk.jobs()) == 1


async def test_what_was_never_sent_and_lost_its_job_is_shown_and_what_waits_is_not(desk: Press) -> None:
    await desk.channel("blog")
    draft = await approved(desk)
    await die(desk)
    await wake(desk.sv, [])
    [row] = await lost(desk)
    assert (row.id, row.state, row.queued) == ((await desk.posted(draft))["site"].id, S.PLANNED, False)
    await publish.again(desk.sv, desk.actor, row.id)
    await publish.publish(desk.sv, await desk.jobs())
    assert (await desk.posted(draft))["site"].state is S.LIVE


async def test_a_draft_whose_review_died_is_held_and_says_so(desk: Press) -> None:
    draft = await desk.draft(DraftState.WRITTEN)
    seen = await desk.seen(draft)
    payload = {"draft": str(draft), "version": str(seen.current_version_id)}
    async with desk.sv.db.tx(desk.tenant) as tx:
        await queue.enqueue(
            tx, NewJob(kind=JobKind.REVIEW, tenant=desk.tenant, payload=payload, dedupe=str(seen.current_version_id))
        )
    await wake(desk.sv, [])
    assert (await desk.seen(draft)).state is DraftState.WRITTEN, "its job waits"
    await die(desk)
    for _ in range(2):
        await wake(desk.sv, [])
    async with desk.sv.db.read(desk.tenant) as tx:
        [review] = await drafts.reviews(tx, desk.tenant, draft)
    assert ((await desk.seen(draft)).state, review.outcome) == (DraftState.HELD, ReviewOutcome.REVIEW_FAILED)
    assert "lost with its process" in review.findings
    with pytest.raises(Refused):
        await decide.approve(desk.sv, desk.actor, *await desk.shown(draft), via="page")


async def test_a_change_that_was_cut_off_and_waits_until_publishing_is_resumed_was_given_up_by_nobody(
    desk: Press,
) -> None:
    await approved(desk)
    await publish.publish(desk.sv, await desk.jobs())
    await desk.owner.execute(
        "update publications set state = 'updating', next_decision_id = decision_id, "
        "next_version_id = version_id, next_sha256 = sha256"
    )
    await halt.stop(desk.sv, desk.tenant, "A look at all of it first.", actor=None)
    await desk.owner.execute("update publications set changed_at = cid_now() - interval '1 minute'")
    await wake(desk.sv, [])
    assert not await lost(desk)
    await halt.resume(desk.sv, desk.tenant, actor=None)
    await desk.owner.execute("delete from jobs")
    await wake(desk.sv, [])
    assert "gave up" in (await lost(desk))[0].error


async def test_what_is_out_and_well_is_not_read_for_the_page_of_problems(desk: Press) -> None:
    draft = await approved(desk)
    await publish.publish(desk.sv, await desk.jobs())
    for table, filled in (
        ("channels", {"id": "md5('channel ' || n)::uuid", "name": "name || n", "canonical": "false"}),
        ("publications", {"id": "gen_random_uuid()", "channel_id": "md5('channel ' || n)::uuid"}),
    ):
        named = await desk.owner.fetch(
            "select attname from pg_attribute where attrelid = $1::text::regclass and attnum > 0 and not attisdropped",
            table,
        )
        columns = [row["attname"] for row in named]
        values = ", ".join(filled.get(one, one) for one in columns)
        await desk.owner.execute(
            f"insert into {table} ({', '.join(columns)}) select {values} from {table}, generate_series(1, 1000) n"
        )
    await desk.owner.execute("analyze publications, channels")
    assert len(await desk.posted(draft)) == 1001
    async with desk.sv.db.read(desk.tenant) as tx:
        said = await tx.fetchval(f"explain (analyze, buffers, format json) {troubles.PUBLICATIONS}", desk.tenant, 10)
    (plan,) = json.loads(said) if isinstance(said, str) else said
    assert plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"] < 50
