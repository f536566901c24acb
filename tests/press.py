"""A tenant with people, channels and drafts, for the tests from draft to publication."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from cid.domain.checklist import key_of
from cid.domain.draft import Article, Author, Draft, DraftState, Question, Reference, Version
from cid.domain.evidence import Claim, EvidenceState, Pack
from cid.domain.ids import (
    ChannelId,
    DraftId,
    ReviewId,
    ScreeningId,
    StoryId,
    TenantId,
    UserId,
    VersionId,
)
from cid.domain.jobs import Job, JobKind
from cid.domain.publication import Channel, ChannelKind, PublicationState
from cid.domain.review import ReviewOutcome, Severity, findings
from cid.domain.tenants import Actor, Role, Tenant, User
from cid.outside.rendering import Marks, render_version
from cid.pg.pool import AppDb, WorkerDb
from cid.ports import Publisher
from cid.render.version import render_version as rendering
from cid.services import Outside, Services
from cid.store import channels, drafts, evidence, publications, screenings
from tests import make
from tests.fakes import FakeHttp, FakePublisher, FrozenClock, InlineChildren

ARTICLE = Article(
    title="Harbour opens its new quay",
    slug="",
    description="The quay opens in May and doubles the room for ferries.",
    body="The quay opens on **3 May**.\n\n## What changes\n\n- Ferries every 20 minutes\n- Trucks use the south gate",
    keywords=("harbour", "ferries"),
    questions=(Question(question="When does it open?", answer="On 3 May."),),
    references=(Reference(title="Port authority: quay opens", url="https://port.test/quay"),),
    linkedin="The new quay opens on 3 May. What it means for ferries.",
)

PACK = Pack(
    claims=(
        Claim(
            text="The quay opens on 3 May.",
            item_id="",
            url="https://port.test/quay",
            title="Port authority: quay opens",
            publisher="Port authority",
        ),
    ),
    references=(("Port authority: quay opens", "https://port.test/quay"),),
    state=EvidenceState.REPORTS,
)


@dataclass(frozen=True)
class Press:
    """One tenant's desk from draft to publication."""

    sv: Services
    actor: Actor
    tenant: TenantId
    publisher: Any
    owner: Any

    async def channel(self, name: str, *, canonical: bool = False, governed: bool = False) -> ChannelId:
        """Where new pieces wait for places only with `governed`."""
        channel = ChannelId(uuid4())
        async with self.sv.db.tx(self.tenant) as tx:
            await channels.add(
                tx,
                self.tenant,
                channel,
                kind=ChannelKind.SITE,
                name=name,
                base_url=f"https://{name}.test",
                canonical=canonical,
                domain=f"{name}.test" if governed else "",
            )
        return channel

    async def active(self) -> list[Channel]:
        async with self.sv.db.read(self.tenant) as tx:
            return await channels.active(tx, self.tenant)

    async def draft(
        self,
        state: DraftState = DraftState.READY,
        article: Article = ARTICLE,
        *,
        provider: str = "offline/rules",
        sample: bool = False,
    ) -> DraftId:
        """A draft of one version, written by the machine and reviewed when `state` says so."""
        draft, version = DraftId(uuid4()), VersionId(uuid4())
        async with self.sv.platform.tx() as tx:
            item = await make.item(tx, title=article.title)
            story = StoryId(await tx.fetchval("select story_id from items where id = $1", item))
        screening = ScreeningId(uuid4())
        rendered = await self.rendered(article, offline=provider.startswith("offline"), sample=sample)
        async with self.sv.db.tx(self.tenant) as tx:
            await screenings.open_(tx, screening, story, item, urgent=False)
            await drafts.add(
                tx,
                draft,
                screening=screening,
                story=story,
                version=version,
                sample=sample,
                found_at=self.sv.clock.now(),
            )
            await drafts.add_version(
                tx,
                version,
                draft,
                author=Author.MACHINE,
                author_id=None,
                call=None,
                provider=provider,
                article=rendered.article,
                payloads=rendered.payloads,
                renderer=rendered.renderer,
            )
            await evidence.add(tx, uuid4(), screening, PACK)
        if state is not DraftState.WRITTEN:
            await self.review(draft, held=state is DraftState.HELD)
        return draft

    async def rendered(self, article: Article, *, offline: bool = True, sample: bool = False) -> Any:
        marks = Marks(sample=sample, offline=offline, language="en", site_name="Acme", made_at="2026-05-01T00:00:00Z")
        return await render_version(self.sv.outside.children, article, await self.active(), marks)

    async def review(self, draft: DraftId, *, held: bool, listed: str = "[]") -> None:
        """What the machine's review does at its end."""
        seen = await self.seen(draft)
        outcome = ReviewOutcome.NEEDS_ADMIN_REVIEW if held else ReviewOutcome.READY_FOR_APPROVAL
        if '"critical"' in listed:
            outcome = ReviewOutcome.BLOCKED_FACTUAL_REVIEW
        async with self.sv.db.tx(self.tenant) as tx:
            await drafts.add_review(
                tx, ReviewId(uuid4()), draft, seen.current_version_id, outcome, score=90, findings=listed, call=None
            )
            await drafts.move(tx, self.tenant, draft, DraftState.WRITTEN, DraftState.HELD if held else DraftState.READY)

    async def seen(self, draft: DraftId) -> Draft:
        async with self.sv.db.read(self.tenant) as tx:
            found = await drafts.by_id(tx, self.tenant, draft)
        assert found is not None
        return found

    async def version(self, draft: DraftId) -> Version:
        """The current one."""
        seen = await self.seen(draft)
        async with self.sv.db.read(self.tenant) as tx:
            found = await drafts.version(tx, self.tenant, seen.current_version_id)
        assert found is not None
        return found

    async def shown(self, draft: DraftId) -> tuple[DraftId, VersionId, str]:
        """What a person who looks at the draft sends back with the decision."""
        version = await self.version(draft)
        return draft, version.id, version.sha256.hex()

    async def against(self, draft: DraftId) -> tuple[str, ...]:
        """What has to be accepted by somebody who approves it all the same."""
        version = await self.version(draft)
        async with self.sv.db.read(self.tenant) as tx:
            said = [one for one in await drafts.reviews(tx, self.tenant, draft) if one.version_id == version.id]
        found = findings(said[-1].findings) if said else []
        return ("evidence", *(key_of(one) for one in found if one.severity is Severity.CRITICAL))

    async def posted(self, draft: DraftId) -> dict[str, publications.Posted]:
        """Publications that were not retracted, by the name of their channel."""
        async with self.sv.db.read(self.tenant) as tx:
            rows = await publications.of_draft(tx, self.tenant, draft)
        return {row.channel: row for row in rows if row.state is not PublicationState.RETRACTED}

    async def jobs(self, kind: JobKind = JobKind.PUBLISH) -> list[Job]:
        """Hand out what is ready."""
        handed_out = await make.claimed(self.owner, kind, self.tenant)
        return sorted(handed_out, key=lambda job: job.id)

    async def reap(self) -> None:
        """What the reaper does with the jobs of a process that died."""
        await self.owner.execute(
            """update jobs set state = 'ready', worker = null, lease = null, deadline = null, dedupe_key = null
               where tenant_id = $1 and state = 'running'""",
            self.tenant,
        )

    async def colleague(self, name: str = "Ada", role: Role = Role.EDITOR) -> Actor:
        async with self.sv.platform.tx() as tx:
            return await _member(tx, self.actor.tenant, name, role)


async def press(
    db: AppDb, platform: WorkerDb, owner: Any, *, slug: str = "acme", publisher: Publisher | None = None
) -> Press:
    """A tenant `slug` with an editor Ed and no channel yet."""
    publisher = publisher or FakePublisher()
    outside = Outside(
        http=FakeHttp(),
        children=InlineChildren({"render_version": lambda value: rendering(json.loads(json.dumps(value)))}),
        sources={},
        channels={ChannelKind.SITE: publisher},
    )
    clock = FrozenClock()
    sv = make.services(db, platform, outside=outside, clock=clock)
    tenant = await make.tenant(platform, slug)
    values = Tenant(id=tenant, slug=slug, name=slug.title(), sample=False, created_at=clock.now())
    async with platform.tx() as tx:
        actor = await _member(tx, values, "Ed", Role.EDITOR)
    return Press(sv, actor, tenant, publisher, owner)


async def _member(tx: Any, tenant: Tenant, name: str, role: Role) -> Actor:
    user = UserId(uuid4())
    email = f"{name.lower()}-{user.hex[:6]}@{tenant.slug}.test"
    await tx.execute("insert into users (id, email, name) values ($1, $2, $3)", user, email, name)
    await tx.execute("insert into members (tenant_id, user_id, role) values ($1, $2, $3)", tenant.id, user, role)
    return Actor(user=User(id=user, email=email, name=name, admin=False), tenant=tenant, role=role)
