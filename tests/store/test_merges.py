"""Stories that merge: whoever names one that went is led on, and of two screenings the further one stays."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
import pytest

from cid.domain.ids import DraftId, ItemId, ScreeningId, StoryId, TenantId, VersionId
from cid.domain.llm import Json
from cid.domain.screening import SCREENING, ScreeningState
from cid.store import drafts, evidence, items, pages, policies, screenings, stories, verdicts
from tests import funnel, make

if TYPE_CHECKING:
    from cid.pg.pool import AppDb, WorkerDb

    Owner = asyncpg.Connection[asyncpg.Record]

STANDS: dict[str, dict[str, Any]] = {
    "asked": {"state": "open", "stage": "relate"},
    "irrelevant": {"state": "dropped", "stage": "relate", "gate": "relevance", "reason": "low_relevance"},
    "unasked": {"state": "dropped", "stage": "relate", "gate": "relevance", "reason": "outage"},
    "broken": {"state": "failed", "stage": "relate", "failure": "no model"},
    "quiet": {"state": "waiting", "stage": "assess", "waiting_for": "signal"},
    "lonely": {"state": "dropped", "stage": "assess", "gate": "signal", "reason": "low_signal"},
    "due": {"state": "open", "stage": "draft"},
    "spared": {"state": "dropped", "stage": "draft", "gate": "draft", "reason": "not_affected"},
}


@pytest.fixture
async def tenant(platform: WorkerDb) -> TenantId:
    return await make.tenant(platform)


async def reported(platform: WorkerDb, *publishers: str) -> tuple[StoryId, list[ItemId]]:
    """A story that so many publishers reported, an item each."""
    story = StoryId(uuid4())
    async with platform.tx() as tx:
        made = [
            await funnel.report(tx, story, publisher=name, title=f"The harbour by {name}", summary="Cranes.")
            for name in publishers
        ]
    return story, made


async def screened(
    db: AppDb, tenant: TenantId, story: StoryId, item: ItemId, stands: str = "asked", *, urgent: bool = False
) -> ScreeningId:
    id_, over = ScreeningId(uuid4()), STANDS[stands]
    async with db.tx(tenant) as tx:
        assert await screenings.open_(tx, id_, story, item, urgent=urgent)
        await tx.execute(
            """update screenings set state = $3, stage = $4, gate = $5, reason = $6, waiting_for = $7, failure = $8
               where tenant_id = $1 and id = $2""",
            tenant,
            id_,
            over["state"],
            over["stage"],
            over.get("gate"),
            over.get("reason"),
            over.get("waiting_for"),
            over.get("failure", ""),
        )
    return id_


async def drafted(db: AppDb, tenant: TenantId, story: StoryId, screening: ScreeningId, state: str) -> DraftId:
    draft, version = DraftId(uuid4()), VersionId(uuid4())
    async with db.tx(tenant) as tx:
        await tx.execute(
            "update screenings set state = 'passed', stage = 'draft' where tenant_id = $1 and id = $2",
            tenant,
            screening,
        )
        found = await evidence.found_at(tx, story)
        assert found
        await drafts.add(tx, draft, screening=screening, story=story, version=version, sample=False, found_at=found)
        await tx.execute(
            """insert into versions (tenant_id, id, draft_id, number, author, article, payloads, sha256, renderer)
               values ($1, $2, $3, 1, 'machine', '{}', '{}', sha256('{}'), 'r1')""",
            tenant,
            version,
            draft,
        )
        await tx.execute("update drafts set state = $3 where tenant_id = $1 and id = $2", tenant, draft, state)
    return draft


async def merged(platform: WorkerDb, *pairs: tuple[StoryId, StoryId]) -> set[StoryId]:
    async with platform.tx() as tx:
        await stories.alone(tx)
        into = await stories.merge(tx, pairs)
        await stories.recount(tx, into)
        return into


async def test_items_spread_and_reads_follow_a_story_into_the_one_that_took_it_in(
    db: AppDb, platform: WorkerDb, tenant: TenantId, owner: Owner
) -> None:
    gone, (early, _) = await reported(platform, "Gazette", "Courier")
    stays, (late,) = await reported(platform, "Herald")
    assert await merged(platform, (gone, stays)) == {stays}
    async with db.read(tenant) as tx:
        for name in (gone, stays):
            assert len(await items.of_story(tx, name)) == 3
            assert len(await evidence.reports(tx, tenant, name)) == 3
            assert (await evidence.spread(tx, tenant, name)).publishers == 3
            assert len(await pages.told_with(tx, name, late)) == 2
        assert await evidence.found_at(tx, gone) == await evidence.found_at(tx, stays)
        shown = await pages.item(tx, tenant, early)
    assert shown
    assert shown.story_id == stays
    row = await owner.fetchrow("select items, publishers from stories where id = $1", stays)
    assert row
    assert tuple(row) == (3, 3)


@pytest.mark.parametrize(
    ("further", "other"),
    [
        ("quiet", "asked"),
        ("due", "quiet"),
        ("irrelevant", "asked"),
        ("irrelevant", "broken"),
        ("asked", "broken"),
        ("asked", "unasked"),
        ("quiet", "irrelevant"),
        ("quiet", "lonely"),
        ("lonely", "asked"),
        ("spared", "due"),
        ("due", "lonely"),
    ],
)
@pytest.mark.parametrize("leaves", [True, False])
async def test_of_two_screenings_the_further_one_stays_and_the_other_is_dropped_with_a_reason_of_its_own(
    db: AppDb, platform: WorkerDb, tenant: TenantId, owner: Owner, further: str, other: str, leaves: bool
) -> None:
    gone, (one,) = await reported(platform, "Gazette")
    stays, (two,) = await reported(platform, "Herald")
    of_further, of_other = ((gone, one), (stays, two)) if leaves else ((stays, two), (gone, one))
    winner = await screened(db, tenant, *of_further, further)
    loser = await screened(db, tenant, *of_other, other)
    await merged(platform, (gone, stays))
    async with db.read(tenant) as tx:
        kept = await screenings.of_story(tx, tenant, gone)
        lost, standing = await screenings.by_ids(tx, tenant, [loser]), await screenings.of_story(tx, tenant, stays)
        said = await verdicts.of_screening(tx, tenant, loser)
    assert kept == standing
    assert kept
    assert (kept.id, kept.story_id, kept.state) == (winner, stays, STANDS[further]["state"])
    assert (lost[0].state, lost[0].merged_into, lost[0].story_id) == ("dropped", winner, stays)
    old = ScreeningState(STANDS[other]["state"])
    if old is ScreeningState.DROPPED:
        assert lost[0].reason == STANDS[other]["reason"], "what was said before stays said"
        assert said == []
    else:
        assert SCREENING.allows(old, ScreeningState.DROPPED)
        assert [(line.reason, line.outcome) for line in said] == [("merged", "drop")]
        assert lost[0].gate == said[0].gate


async def test_a_screening_without_a_rival_goes_with_its_story_and_stays_as_it_is(
    db: AppDb, platform: WorkerDb, tenant: TenantId
) -> None:
    gone, (one,) = await reported(platform, "Gazette")
    stays, _ = await reported(platform, "Herald")
    alone = await screened(db, tenant, gone, one, "quiet")
    await merged(platform, (gone, stays))
    async with db.read(tenant) as tx:
        found = await screenings.of_story(tx, tenant, stays)
    assert found
    assert (found.id, found.state, found.merged_into) == (alone, "waiting", None)


async def test_the_merged_screening_is_urgent_when_either_was_and_need_not_wait(
    db: AppDb, platform: WorkerDb, tenant: TenantId
) -> None:
    gone, (one,) = await reported(platform, "Gazette")
    stays, (two,) = await reported(platform, "Herald")
    await screened(db, tenant, gone, one, "asked", urgent=True)
    waiting = await screened(db, tenant, stays, two, "quiet")
    await merged(platform, (gone, stays))
    async with platform.tx() as tx:
        assert await stories.spread_reached(tx, [stays], make.policy()) == [(tenant, waiting)]


async def test_a_waiting_screening_is_judged_again_when_a_merge_reaches_a_count(
    db: AppDb, platform: WorkerDb, tenant: TenantId, owner: Owner
) -> None:
    gone, (one,) = await reported(platform, "Gazette")
    stays, _ = await reported(platform, "Herald")
    waiting = await screened(db, tenant, gone, one, "quiet")
    await owner.execute("update screenings set spread = 1")
    async with platform.tx() as tx:
        assert await stories.spread_reached(tx, [gone, stays], make.policy()) == []
    await merged(platform, (gone, stays))
    async with platform.tx() as tx:
        assert await stories.spread_reached(tx, [stays], make.policy()) == [(tenant, waiting)]


async def test_a_tenants_own_counts_say_when_its_stories_are_judged_again(
    db: AppDb, platform: WorkerDb, tenant: TenantId, owner: Owner
) -> None:
    other = await make.tenant(platform, "other")
    gone, _ = await reported(platform, "Gazette")
    stays, (two,) = await reported(platform, "Herald")
    own = await screened(db, tenant, stays, two, "quiet")
    shipped = await screened(db, other, stays, two, "quiet")
    await owner.execute("update screenings set spread = 1")
    await merged(platform, (gone, stays))

    async def reached() -> set[ScreeningId]:
        async with platform.tx() as tx:
            return {screening for _tenant, screening in await stories.spread_reached(tx, [stays], make.policy())}

    async def turned(counts: Json) -> None:
        async with db.tx(tenant) as tx:
            await policies.set_(tx, tenant, {"signal": {"rejudge_at": counts}}, None)

    assert await reached() == {own, shipped}
    await turned([4])
    assert await reached() == {shipped}
    await turned([4, 2])
    assert await reached() == {own, shipped}
    await turned([0])
    assert await reached() == {own, shipped}, "what does not fit is not gone by"


async def test_two_drafts_of_one_story_are_both_kept_and_the_further_one_speaks_for_it(
    db: AppDb, platform: WorkerDb, tenant: TenantId
) -> None:
    gone, (one,) = await reported(platform, "Gazette")
    stays, (two,) = await reported(platform, "Herald")
    approved = await drafted(db, tenant, gone, await screened(db, tenant, gone, one), "approved")
    ready = await drafted(db, tenant, stays, await screened(db, tenant, stays, two), "ready")
    await merged(platform, (gone, stays))
    async with db.read(tenant) as tx:
        first, second = await drafts.by_id(tx, tenant, approved), await drafts.by_id(tx, tenant, ready)
        shown = await pages.item(tx, tenant, two)
        kept = await screenings.of_story(tx, tenant, stays)
    assert first
    assert second
    assert kept
    assert (first.state, first.story_id, second.state, second.story_id) == ("approved", stays, "ready", stays)
    assert kept.id == first.screening_id
    assert shown
    assert shown.draft_id == approved


async def test_what_was_said_on_both_ways_is_told_together(db: AppDb, platform: WorkerDb, tenant: TenantId) -> None:
    gone, (one,) = await reported(platform, "Gazette")
    stays, (two,) = await reported(platform, "Herald")
    await screened(db, tenant, gone, one)
    kept = await screened(db, tenant, stays, two, "quiet")
    await merged(platform, (gone, stays))
    async with db.read(tenant) as tx:
        assert [line.reason for line in await verdicts.of_item(tx, tenant, two, stays)] == ["merged"]
        assert [line.reason for line in await pages.trace(tx, tenant, two, kept)] == ["merged"]


async def test_a_tenant_that_has_one_screening_is_not_touched_by_anothers_two(
    db: AppDb, platform: WorkerDb, tenant: TenantId
) -> None:
    other = await make.tenant(platform, "other")
    gone, (one,) = await reported(platform, "Gazette")
    stays, (two,) = await reported(platform, "Herald")
    await screened(db, tenant, gone, one)
    await screened(db, tenant, stays, two)
    theirs = await screened(db, other, gone, one)
    await merged(platform, (gone, stays))
    async with db.read(other) as tx:
        (found,) = await screenings.by_ids(tx, other, [theirs])
        assert (found.state, found.story_id, found.merged_into) == ("open", stays, None)
        assert await verdicts.of_screening(tx, other, theirs) == []


async def test_sample_and_real_news_never_merge(platform: WorkerDb, owner: Owner) -> None:
    real, _ = await reported(platform, "Gazette")
    made_up, _ = await reported(platform, "Sample")
    await owner.execute("update stories set sample = true where id = $1", made_up)
    assert await merged(platform, (made_up, real)) == set()
    assert await merged(platform, (real, StoryId(uuid4()))) == set(), "nor into one that is not there"
    assert await owner.fetchval("select count(*) from stories where merged_into is not null") == 0


async def test_what_followed_a_story_that_went_follows_the_one_that_took_it_in_and_never_itself(
    platform: WorkerDb, owner: Owner
) -> None:
    first, second, third, fourth = [(await reported(platform, name))[0] for name in "abcd"]
    async with platform.tx() as tx:
        await stories.follow(tx, [(second, first), (third, second), (fourth, third)])
    await merged(platform, (second, third))
    follows = {row["id"]: row["follows"] for row in await owner.fetch("select id, follows from stories")}
    assert (follows[third], follows[fourth]) == (first, third)
    await merged(platform, (first, fourth))
    left = await owner.fetch("select id, follows from stories where merged_into is null")
    follows = {row["id"]: row["follows"] for row in left}
    assert follows == {third: fourth, fourth: None}, "the one in which the ring would close follows nothing"


async def holds(owner: Owner) -> None:
    """What must be true whatever merged in whatever order."""
    never = {
        "a merged story leads to one that merged": """select s.id from stories s join stories r on r.id = s.merged_into
            where r.merged_into is not null""",
        "an item names a merged story": """select i.id from items i join stories s on s.id = i.story_id
            where s.merged_into is not null""",
        "a screening names a merged story": """select c.id from screenings c join stories s on s.id = c.story_id
            where s.merged_into is not null""",
        "a draft names a merged story": """select d.id from drafts d join stories s on s.id = d.story_id
            where s.merged_into is not null""",
        "a story follows a merged one": """select s.id from stories s join stories r on r.id = s.follows
            where r.merged_into is not null""",
        "a screening was led on to one that was led on": """select a.id from screenings a
            join screenings b on b.tenant_id = a.tenant_id and b.id = a.merged_into where b.merged_into is not null""",
        "a screening was led on to another story": """select a.id from screenings a
            join screenings b on b.tenant_id = a.tenant_id and b.id = a.merged_into where b.story_id <> a.story_id""",
        "a story comes before itself": """with recursive way as (
              select id as start, follows from stories where follows is not null
              union select w.start, s.follows from way w join stories s on s.id = w.follows where s.follows is not null)
            select start from way where follows = start""",
        "two screenings of a tenant speak for one story": """select story_id from screenings where merged_into is null
            group by tenant_id, story_id having count(*) > 1""",
    }
    for what, sql in never.items():
        assert await owner.fetch(sql) == [], what


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_merges_in_whatever_order_every_name_leads_to_one_story(
    db: AppDb, platform: WorkerDb, tenant: TenantId, owner: Owner, seed: int
) -> None:
    """Against a model that only knows who is together."""
    chance = random.Random(seed)
    other = await make.tenant(platform, "other")
    made = [await reported(platform, f"P{number}") for number in range(12)]
    together = {story: {story} for story, _ in made}
    for number, (story, (item,)) in enumerate(made):
        for reader in (tenant, other):
            if chance.random() < 0.7:
                passes = chance.random() < 0.2
                stands = "asked" if passes else chance.choice(list(STANDS))
                screening = await screened(db, reader, story, item, stands)
                if passes:
                    await drafted(db, reader, story, screening, chance.choice(["ready", "held", "rejected"]))
        if number and chance.random() < 0.5:
            async with platform.tx() as tx:
                await stories.follow(tx, [(story, made[chance.randrange(number)][0])])
    for _ in range(9):
        pairs = [(chance.choice(made)[0], chance.choice(made)[0]) for _ in range(chance.randint(1, 3))]
        await merged(platform, *pairs)
        for gone, stays in pairs:
            union = together[gone] | together[stays]
            for story in union:
                together[story] = union
        await holds(owner)
    async with platform.read() as tx:
        roots = {story: await tx.fetchval("select story_root($1)", story) for story in together}
    for story, group in together.items():
        assert {one for one in together if roots[one] == roots[story]} == group
    assert await owner.fetchval("select count(*) from items") == len(made)


async def test_a_screening_opened_while_its_story_merges_is_never_left_behind(
    db: AppDb, platform: WorkerDb, tenant: TenantId, owner: Owner
) -> None:
    """Whoever opens one holds merges off; who comes after finds the item in its new story."""
    gone, (one,) = await reported(platform, "Gazette")
    stays, (two,) = await reported(platform, "Herald")
    kept = await screened(db, tenant, stays, two, "quiet")
    async with db.tx(tenant) as tx:
        await stories.hold(tx)
        late = ScreeningId(uuid4())
        merging = asyncio.create_task(merged(platform, (gone, stays)))
        kept_off = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        while not await owner.fetchval(kept_off):  # noqa: ASYNC110 - the lock is the database's
            await asyncio.sleep(0)
        new, standing = await screenings.open_many(tx, [(late, gone, one, False)])
        assert (new, standing) == ({late}, {gone: late})
    assert await merging == {stays}
    async with db.read(tenant) as tx:
        (found,) = await screenings.by_ids(tx, tenant, [late])
    assert (found.state, found.merged_into) == ("dropped", kept)
    await holds(owner)


async def test_a_story_that_merged_outlives_its_items_and_the_tenant_that_brought_them(
    db: AppDb, platform: WorkerDb, tenant: TenantId, owner: Owner
) -> None:
    """An item that is tidied away takes nothing with it but itself; a story nobody has items of any more goes whole."""
    gone, (one,) = await reported(platform, "Gazette")
    stays, (two,) = await reported(platform, "Herald")
    after, _ = await reported(platform, "Later")
    async with platform.tx() as tx:
        await stories.follow(tx, [(after, gone)])
        await tx.execute(
            "insert into contests (id, item_id, story_id, likeness) values ($1, $2, $3, 0.4)", uuid4(), one, gone
        )
    await merged(platform, (gone, stays))
    await owner.execute("delete from items where id = $1", one)
    async with db.read(tenant) as tx:
        assert [item.id for item in await items.of_story(tx, gone)] == [two]
        assert (await evidence.spread(tx, tenant, gone)).publishers == 1
    assert await owner.fetchval("select count(*) from contests") == 0
    source = await owner.fetchval("select source_id from sightings where item_id = $1", two)
    await owner.execute("update items set public = false where id = $1", two)
    await owner.execute("update sources set tenant_id = $2 where id = $1", source, tenant)
    await owner.execute("update sightings set tenant_id = $2 where item_id = $1", two, tenant)
    await owner.execute("select delete_tenant($1)", tenant)
    assert {row["id"] for row in await owner.fetch("select id from stories")} == {after}
    assert await owner.fetchval("select follows from stories") is None


async def test_a_merge_is_the_platforms_alone(db: AppDb, tenant: TenantId) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.tx(tenant) as tx:
            await stories.merge(tx, [(StoryId(uuid4()), StoryId(uuid4()))])


async def test_the_platforms_own_account_is_nobodys_and_stays(platform: WorkerDb, owner: Owner) -> None:
    from cid.domain.ids import HOUSE
    from cid.store import tenants

    async with platform.tx() as tx:
        assert await tenants.listed(tx) == []
        assert not await tenants.add(tx, TenantId(uuid4()), slug="platform", name="Mine", sample=False)
        found = await tenants.by_slug(tx, "platform")
    assert found
    assert found.id == HOUSE
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute("insert into users (id, email) values ($1, 'ed@desk.test')", HOUSE)
        await owner.execute("insert into members (tenant_id, user_id, role) values ($1, $1, 'owner')", HOUSE)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="own account stays"):
        await owner.execute("select delete_tenant($1)", HOUSE)
