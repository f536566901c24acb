"""What gate 5 knows when it looks at a draft: the tenant's own earlier posts, and the articles it may link to."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from cid.domain.draft import Article, Author, DraftState, Reference
from cid.domain.evidence import Claim, EvidenceState, Pack
from cid.domain.ids import DraftId, VersionId
from cid.domain.jobs import JobKind, NewJob
from cid.flows.review import review
from cid.pg.pool import AppDb, WorkerDb
from cid.queue import jobs as queue
from cid.store import archive, drafts, evidence
from tests import make
from tests.fakes import FakeLlm
from tests.press import Press, press

URL = "https://news.test/1"
CLAIM = Claim(text="Norhaven has three new harbour cranes.", item_id="", url=URL, title="Cranes", publisher="P")
PACK = Pack(claims=(CLAIM,), references=(("Cranes", URL),), state=EvidenceState.REPORTS)
SENTENCES = (
    "Owners of small boats in Norhaven wait far less than they did for a place at the quay.",
    "The harbour master expects the first of the three cranes to be at work before the ice comes.",
    "Whoever books a berth by telephone should have the papers of the boat at hand from now on.",
)
HEADINGS = ("Cranes that turn faster", "Who waits for whom", "Papers at hand", "The winter quay")
FIRST = Article(
    title="Three cranes shorten the wait in Norhaven's harbour",
    slug="",
    description="What three cranes change.",
    body="\n\n".join(
        ["Boats wait less.", *(f"## {title}\n\n{text}" for title, text in zip(HEADINGS, (*SENTENCES, ""), strict=True))]
    ),
    references=(Reference(title="Cranes", url=URL),),
    linkedin="Three cranes.",
)
NEW = Article(
    title="Ferries get a timetable for winter",
    slug="",
    description="What the timetable says.",
    body="The timetable is out.\n\n## Hours\n\nEarlier.\n\n## Fares\n\nThe same.\n\n## Pets\n\nOn a lead.",
    references=(Reference(title="Cranes", url=URL),),
    linkedin="Winter.",
)
LIKENESS = {"like_title", "like_skeleton", "like_sentence"}


async def desk(db: AppDb, platform: WorkerDb, owner: Any, slug: str) -> Press:
    made = await press(db, platform, owner, slug=slug)
    llm = FakeLlm(lambda _ask, _subject: {"score": 90, "findings": []})
    made = replace(made, sv=replace(made.sv, llm=llm, policy=make.policy()))
    await made.channel("site", canonical=True)
    return made


@pytest.fixture
async def acme(db: AppDb, platform: WorkerDb, owner: Any) -> Press:
    return await desk(db, platform, owner, "acme")


async def reviewed(of: Press, draft: DraftId) -> dict[str, str]:
    """Check → what it said at last."""
    seen = await of.seen(draft)
    async with of.sv.db.tx(of.tenant) as tx:
        payload = {"draft": str(draft), "version": str(seen.current_version_id)}
        await queue.enqueue(tx, NewJob(kind=JobKind.REVIEW, tenant=of.tenant, payload=payload))
    await review(of.sv, await of.jobs(JobKind.REVIEW))
    async with of.sv.db.read(of.tenant) as tx:
        *_, last = await drafts.reviews(tx, of.tenant, draft)
    return {row["check"]: row["what"] for row in json.loads(last.findings)}


async def written(of: Press, article: Article) -> DraftId:
    draft = await of.draft(DraftState.WRITTEN, article, provider="anthropic/x")
    async with of.sv.db.tx(of.tenant) as tx:
        await evidence.add(tx, uuid4(), (await of.seen(draft)).screening_id, PACK)
    return draft


async def approved(of: Press, article: Article) -> DraftId:
    draft = await written(of, article)
    await reviewed(of, draft)
    async with of.sv.db.tx(of.tenant) as tx:
        await drafts.move(tx, of.tenant, draft, (await of.seen(draft)).state, DraftState.APPROVED)
    return draft


# -------------------------------------------------------------------------------------------------------- earlier posts


@pytest.mark.parametrize(
    ("article", "check"),
    [
        (replace(NEW, title=FIRST.title), "like_title"),
        (replace(NEW, body="\n\n".join(f"## {title}\n\nOther words." for title in HEADINGS)), "like_skeleton"),
        (replace(NEW, body=f"{NEW.body}\n\n{SENTENCES[1]}"), "like_sentence"),
    ],
)
async def test_what_an_earlier_post_said_is_found_in_a_later_draft(acme: Press, article: Article, check: str) -> None:
    await approved(acme, FIRST)
    assert LIKENESS & set(await reviewed(acme, await written(acme, article))) == {check}


async def test_a_draft_of_its_own_is_like_nothing(acme: Press) -> None:
    await approved(acme, FIRST)
    assert not LIKENESS & set(await reviewed(acme, await written(acme, NEW)))


async def test_another_tenants_posts_are_nobody_elses_measure(
    acme: Press, db: AppDb, platform: WorkerDb, owner: Any
) -> None:
    other = await desk(db, platform, owner, "other")
    await approved(other, FIRST)
    assert not LIKENESS & set(await reviewed(acme, await written(acme, FIRST)))
    assert set(await reviewed(other, await written(other, FIRST))) >= LIKENESS  # its own are


async def test_what_nobody_approved_is_no_post(acme: Press) -> None:
    await reviewed(acme, await written(acme, FIRST))
    assert not LIKENESS & set(await reviewed(acme, await written(acme, FIRST)))


async def test_a_draft_is_not_held_against_itself_nor_against_its_own_versions(acme: Press, owner: Any) -> None:
    draft = await approved(acme, FIRST)
    async with acme.sv.db.tx(acme.tenant) as tx:
        await drafts.move(tx, acme.tenant, draft, DraftState.APPROVED, DraftState.READY)
        old, new = (await acme.seen(draft)).current_version_id, VersionId(uuid4())
        rendered = await acme.rendered(replace(FIRST, description="Other words."), offline=False)
        assert await drafts.replace_version(tx, acme.tenant, draft, old, new)
        await drafts.add_version(
            tx,
            new,
            draft,
            author=Author.PERSON,
            author_id=acme.actor.user.id,
            call=None,
            provider="",
            article=rendered.article,
            payloads=rendered.payloads,
            renderer=rendered.renderer,
        )
    assert not LIKENESS & set(await reviewed(acme, draft))
    assert await owner.fetchval("select count(*) from traces where draft_id = $1", draft) == 2


async def test_an_update_may_look_like_what_it_updates_and_not_copy_it(acme: Press, owner: Any) -> None:
    first = await approved(acme, FIRST)
    update = await written(acme, replace(FIRST, body=FIRST.body.replace(SENTENCES[0], "Now it is open.")))
    copy = await written(acme, FIRST)
    for draft in (update, copy):
        await owner.execute(
            "update stories set follows = $1 where id = $2",
            (await acme.seen(first)).story_id,
            (await acme.seen(draft)).story_id,
        )
    assert not LIKENESS & set(await reviewed(acme, update))
    assert LIKENESS & set(await reviewed(acme, copy)) == {"like_sentence"}


async def test_a_review_made_again_leaves_one_trace_for_one_version(acme: Press, owner: Any) -> None:
    draft = await written(acme, FIRST)
    await reviewed(acme, draft)
    await owner.execute("update drafts set state = 'written' where id = $1", draft)
    await reviewed(acme, draft)
    assert await owner.fetchval("select count(*) from traces") == 1


async def test_a_version_that_nothing_checked_is_known_again_all_the_same(acme: Press) -> None:
    off = replace(acme, sv=replace(acme.sv, gate5=False))
    await approved(off, FIRST)
    assert set(await reviewed(acme, await written(acme, FIRST))) >= LIKENESS


async def test_the_latest_posts_are_read_newest_first_and_no_more_of_them(
    acme: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    posts = [await approved(acme, replace(NEW, title=f"Post {number}")) for number in "abc"]
    monkeypatch.setattr(archive, "MOST", 2)
    async with acme.sv.db.read(acme.tenant) as tx:
        found = await archive.before(tx, acme.tenant, DraftId(uuid4()))
    assert {post.draft_id for post in found.posts} <= set(posts)
    assert len(found.posts) == 2


# ------------------------------------------------------------------------------------------------------ internal links


async def _live(owner: Any, of: Press, url: str) -> None:
    """An article of the tenant's own that stands at its canonical address."""
    draft = await approved(of, FIRST)
    version = await of.version(draft)
    decision, channel = uuid4(), await owner.fetchval("select id from channels where tenant_id = $1", of.tenant)
    await owner.execute(
        """insert into decisions (tenant_id, id, draft_id, version_id, sha256, kind, user_id, via)
           values ($1, $2, $3, $4, $5, 'approve', $6, 'page')""",
        of.tenant, decision, draft, version.id, version.sha256, of.actor.user.id,
    )  # fmt: skip
    await owner.execute(
        """insert into publications (tenant_id, id, draft_id, channel_id, decision_id, version_id, sha256, state, url,
                                     live_at)
           values ($1, $2, $3, $4, $5, $6, $7, 'live', $8, cid_now())""",
        of.tenant, uuid4(), draft, channel, decision, version.id, version.sha256, url,
    )  # fmt: skip


async def test_a_draft_may_link_to_its_tenants_live_article_and_to_no_other_tenants(
    acme: Press, db: AppDb, platform: WorkerDb, owner: Any
) -> None:
    other = await desk(db, platform, owner, "other")
    await _live(owner, acme, "https://acme.test/cranes")
    await _live(owner, other, "https://other.test/cranes")
    own = replace(NEW, body=f"{NEW.body}\n\nAs [we said](https://acme.test/cranes).")
    foreign = replace(NEW, body=f"{NEW.body}\n\nAs [they said](https://other.test/cranes).")
    assert "links" not in await reviewed(acme, await written(acme, own))
    assert "https://other.test/cranes" in (await reviewed(acme, await written(acme, foreign)))["links"]
    assert "links" in await reviewed(other, await written(other, own))
