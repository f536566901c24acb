"""A small desk for tests of the funnel: what polling, grouping and the rules leave behind, made without them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg

from cid.domain.draft import Article
from cid.domain.ids import ItemId, ScreeningId, SourceId, StoryId, TenantId
from cid.domain.jobs import Job, JobKind, NewJob
from cid.domain.llm import Json
from cid.flows.assess import assess
from cid.flows.digest import breaking
from cid.flows.draft import write
from cid.flows.fit import fit
from cid.flows.follow import follow
from cid.flows.gather import gather
from cid.flows.relate import relate
from cid.flows.review import review
from cid.flows.track import track
from cid.llm.models import Models, Prices
from cid.llm.prompts import Prompts, canonical
from cid.llm.router import Router
from cid.pg.pool import AppDb
from cid.pg.sql import SQL
from cid.ports import Clock, Provider, Tx
from cid.queue import jobs as queue
from cid.services import Outside, Services
from cid.store import screenings
from tests import make
from tests.fakes import FakeHttp, InlineChildren

CONFIG = SQL.parent / "config"
FLOWS: Mapping[JobKind, Callable[[Services, Sequence[Job]], Awaitable[None]]] = {
    JobKind.RELATE: relate,
    JobKind.ASSESS: assess,
    JobKind.GATHER: gather,
    JobKind.FIT: fit,
    JobKind.DRAFT: write,
    JobKind.REVIEW: review,
    JobKind.FOLLOW: follow,
    JobKind.TRACK: track,
    JobKind.BREAKING: breaking,
}


def models() -> Models:
    return make.shipped_models(CONFIG / "models.toml")


def prices() -> Prices:
    return make.shipped_prices(CONFIG / "prices.toml")


def prompts() -> Prompts:
    return Prompts.load(CONFIG / "prompts")


async def at_once(_seconds: float) -> None:
    """Stands for asyncio.sleep: no test waits for a model's pause."""


def router(db: AppDb, clock: Clock, *providers: Provider, models: Models | None = None, **over: Any) -> Router:
    return Router(
        db,
        clock,
        models=models or make.shipped_models(CONFIG / "models.toml"),
        prices=prices(),
        providers=providers,
        **{"prompts": Prompts.load(CONFIG / "prompts"), "sleep": at_once, "chance": lambda: 0.5, **over},
    )


def rendered(value: Json) -> Json:
    """Stands for the renderer: the article as canonical JSON, and one payload per channel."""
    article = value["article"]
    payloads = {
        channel["id"]: {"title": article["title"], "marks": value["marks"], "settings": channel["settings"]}
        for channel in value["channels"]
    }
    return {"article": canonical(article), "payloads": canonical(payloads), "renderer": "test"}


def outside() -> Outside:
    return Outside(http=FakeHttp(), children=InlineChildren({"render_version": rendered}), sources={}, channels={})


async def report(
    tx: Tx,
    story: StoryId,
    *,
    publisher: str,
    title: str,
    summary: str,
    url: str = "",
    at: datetime | None = None,
    sample: bool = False,
    vetted: bool = True,
    source: SourceId | None = None,
) -> ItemId:
    """In a platform transaction: one item of `story`, seen at one source of `publisher`."""
    item = ItemId(uuid4())
    await tx.execute("insert into stories (id, words) values ($1, '{}') on conflict do nothing", story)
    if source is None:
        source = SourceId(uuid4())
        await tx.execute(
            "insert into sources (id, kind, url, publisher, vetted) values ($1, 'rss', $2, $3, $4)",
            source,
            f"https://{source}.test/feed",
            publisher,
            vetted,
        )
    await tx.execute(
        """insert into items (id, url, url_hash, title, summary, story_id, public, published_at, sample)
           values ($1, $2, sha256($2::text::bytea), $3, $4, $5, true, $6, $7)""",
        item,
        url or f"https://news.test/{item}",
        title,
        summary,
        story,
        at,
        sample,
    )
    sighting = make.uuid7_now()
    await tx.execute("insert into sightings (id, item_id, source_id) values ($1, $2, $3)", sighting, item, source)
    return item


async def screening(tx: Tx, story: StoryId, item: ItemId, *, urgent: bool = False) -> ScreeningId:
    """In a tenant's transaction: what gate 1 leaves behind."""
    id_ = ScreeningId(uuid4())
    assert await screenings.open_(tx, id_, story, item, urgent=urgent)
    await queue.enqueue(
        tx, NewJob(kind=JobKind.RELATE, tenant=tx.tenant, payload={"screening": str(id_)}, dedupe=str(id_))
    )
    return id_


async def run(sv: Services, owner: asyncpg.Connection[asyncpg.Record], tenant: TenantId, *kinds: JobKind) -> int:
    """Work off what is ready, as the process would, in groups where the kind has them; answers how many jobs ended."""
    count = 0
    while True:
        before = count
        for kind in kinds or FLOWS:
            jobs = await make.claimed(owner, kind, tenant)
            groups = [jobs] if kind in {JobKind.RELATE, JobKind.TRACK} else [[job] for job in jobs]
            for group in filter(None, groups):
                await FLOWS[kind](sv, group)
                count += len(group)
        if count == before:
            return count


async def states(owner: asyncpg.Connection[asyncpg.Record]) -> list[Any]:
    return await owner.fetch(
        "select state, stage, gate, reason, failure, waiting_for from screenings order by opened_at"
    )


def hours(value: float) -> timedelta:
    return timedelta(hours=value)


def article(**over: Any) -> Article:
    values: dict[str, Any] = {"title": "T", "slug": "t", "description": "D", "body": "B"}
    return Article(**{**values, **over})
