"""As a stranger: with another tenant's ids the stores from draft to publication answer nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cid.domain.draft import DraftState
from cid.domain.evidence import Pack
from cid.domain.publication import ChannelKind, PublicationState
from cid.flows import decide
from cid.store import channels, decisions, draft_pages, drafts, evidence, publications
from tests.press import press

if TYPE_CHECKING:
    from cid.pg.pool import AppDb, WorkerDb


async def test_a_stranger_reads_and_moves_nothing(db: AppDb, platform: WorkerDb, owner: Any) -> None:
    acme = await press(db, platform, owner)
    other = await press(db, platform, owner, slug="other")
    channel = await acme.channel("site", canonical=True)
    draft = await acme.draft()
    version = await acme.version(draft)
    done = await decide.approve(acme.sv, acme.actor, *await acme.shown(draft), via="page")
    publication = (await acme.posted(draft))["site"].id
    [job] = await acme.jobs()
    screening = (await acme.seen(draft)).screening_id
    # in the stranger's own transaction, naming the stranger's tenant as well as the other's
    for tenant in (other.tenant, acme.tenant):
        async with db.tx(other.tenant) as tx:
            assert await channels.active(tx, tenant) == []
            assert await decisions.of_draft(tx, tenant, draft) == []
            assert await decisions.latest(tx, tenant, draft) is None
            assert await drafts.by_id(tx, tenant, draft) is None
            assert await drafts.lock(tx, tenant, draft) is None
            assert await drafts.version(tx, tenant, version.id) is None
            assert await drafts.reviews(tx, tenant, draft) == []
            assert await drafts.first_provider(tx, tenant, draft) == ""
            assert await drafts.author_name(tx, tenant, version.id) == ""
            assert await publications.of_draft(tx, tenant, draft) == []
            assert await publications.lock(tx, tenant, publication, job) is None
            assert await publications.channel(tx, tenant, channel) is None
            assert await publications.planned(tx, tenant, done.decision) == []
            assert await publications.sent(tx, tenant, ChannelKind.SITE) == []
            assert await publications.withdraw(tx, tenant, draft) == []
            assert not await publications.send(tx, tenant, publication, job)
            assert not await publications.ours(tx, tenant, publication, job)
            await publications.take(tx, tenant, publication, job)
            await publications.note(tx, tenant, publication, "stranger")
            assert not await publications.move(
                tx, tenant, publication, PublicationState.PLANNED, PublicationState.RETRACTED
            )
            assert await draft_pages.listed(tx, tenant, list(DraftState), before=None, limit=9) == []
            assert await draft_pages.counts(tx, tenant) == {}
            assert await draft_pages.versions(tx, tenant, draft) == []
            assert await evidence.pack(tx, tenant, screening) == Pack()
            assert (await draft_pages.cost(tx, tenant, draft, screening)).calls == 0
            assert await tx.fetchval("select person_of($1)", acme.actor.user.id) is None
    row = await owner.fetchrow("select state, error, job_id from publications")
    assert tuple(row) == ("planned", "", None)
