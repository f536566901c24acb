"""The corpus on its way from feed to draft: real sockets, a real Postgres, our own flows, and a model that obeys."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, TypeAlias
from uuid import uuid4
from xml.sax.saxutils import escape

from aiohttp import web
from jsonschema import Draft202012Validator

from cid.domain.errors import CidError
from cid.domain.ids import PLATFORM, ChannelId, TenantId
from cid.domain.jobs import Job, JobKind
from cid.domain.llm import Answer, Ask
from cid.domain.news import SourceKind
from cid.domain.publication import ChannelKind
from cid.flows import sources
from cid.flows.assess import assess
from cid.flows.draft import write
from cid.flows.fit import fit
from cid.flows.gather import gather
from cid.flows.group import group
from cid.flows.poll import poll
from cid.flows.relate import relate
from cid.flows.review import review
from cid.flows.rules import rules
from cid.llm.anthropic import Anthropic
from cid.outside.http import GuardedHttp
from cid.pg.pool import AppDb, WorkerDb
from cid.ports import Llm
from cid.render.version import render_version
from cid.services import Outside, Services
from cid.sources.feed.read import parse_feed
from cid.sources.rss import RssReader
from cid.store import channels
from tests import funnel, make
from tests.fakes import FakePublisher, FrozenClock, InlineChildren
from tests.gullible import Gullible, gullible
from tests.injection.corpus import BYSTANDERS, PROFILE, RELEVANT, Attacked

Flow: TypeAlias = Callable[[Services, Sequence[Job]], Awaitable[None]]
STEPS: tuple[tuple[JobKind, Flow, bool], ...] = (
    (JobKind.POLL, poll, True),
    (JobKind.GROUP, group, True),
    (JobKind.RULES, rules, False),
    (JobKind.RELATE, relate, False),
    (JobKind.ASSESS, assess, False),
    (JobKind.GATHER, gather, False),
    (JobKind.FIT, fit, False),
    (JobKind.DRAFT, write, False),
    (JobKind.REVIEW, review, False),
)
"""Kind, flow, and whether it is the platform's."""
SITES = ("one", "two")
"""Two publishers bring every article, or none would have the spread for a draft."""
TOGETHER = 8
AGAIN = """
update jobs set state = 'ready', worker = null, lease = null, deadline = null, dedupe_key = null
where state = 'running' and kind = $1
"""
SEEN = """
select i.url, s.state, s.reason, s.failure, v.score::float8 as score, v.detail, d.state as draft, n.article, n.payloads,
  r.outcome, r.findings
from screenings s join items i on i.id = s.item_id
left join verdicts v on v.screening_id = s.id and v.gate = 'relevance'
left join drafts d on d.screening_id = s.id
left join versions n on n.id = d.current_version_id
left join reviews r on r.draft_id = d.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What became of one story."""

    name: str
    state: str
    score: float | None
    detail: str
    draft: str
    """The draft's state, or empty."""
    article: str
    page: str
    """All payloads: what readers would get."""
    findings: str
    failure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    seen: Mapping[str, Seen]
    double: Gullible
    escapes: tuple[str, ...]
    """Answers that got past the model layer and are not of the shape asked for, or not of what was asked."""


class Watched:
    """The model layer with somebody beside it who checks each answer once more, by other means."""

    def __init__(self, llm: Llm) -> None:
        self.llm = llm
        self.escapes: list[str] = []

    async def ask(self, ask: Ask) -> Mapping[str, Answer]:
        answers = await self.llm.ask(ask)
        validator = Draft202012Validator(ask.schema)
        keys = {subject.key for subject in ask.subjects}
        self.escapes += [
            f"{ask.stage}: {key}"
            for key, one in answers.items()
            if key not in keys or not validator.is_valid(one.value)
        ]
        return answers


async def replay(
    db: AppDb,
    platform: WorkerDb,
    owner: Any,
    articles: Sequence[Attacked],
    *,
    hostile: bool = True,
    beside: Sequence[str] = BYSTANDERS,
) -> Run:
    """All of `articles`, attacked or as their clean twins, with the bystanders `beside` among them, on an empty
    database."""
    async with gullible(articles) as double, _feeds(_rows(articles, beside, hostile=hostile)) as base:
        place = base.removeprefix("http://")
        clock = FrozenClock(datetime.now(UTC))
        provider = Anthropic("key", traits={}, base_url=double.url)
        watched = Watched(funnel.router(db, clock, provider))
        async with GuardedHttp(allow_local=[place]) as http:
            children = InlineChildren({"parse_feed": parse_feed, "render_version": _rendered})
            outside = Outside(
                http=http,
                children=children,
                sources={SourceKind.RSS: RssReader(http, children, clock)},
                channels={ChannelKind.SITE: FakePublisher()},
            )
            sv = make.services(db, platform, llm=watched, outside=outside, clock=clock)
            # every article is judged, also of a feed's first poll
            polling = replace(sv.policy.polling, first=2000)
            # stories of two sentences: no structure would be filled
            drafting = replace(sv.policy.drafting, min_words=30, structures=(), per_day=999, per_week=999)
            sv = replace(sv, policy=replace(sv.policy, polling=polling, drafting=drafting))
            tenant = await _desk(sv, platform, base)
            await _run(sv, owner, tenant, _order(articles, beside))
        await provider.close()
        rows = await owner.fetch(SEEN)
        return Run(seen={one.name: one for one in map(_seen, rows)}, double=double, escapes=tuple(watched.escapes))


async def _desk(sv: Services, platform: WorkerDb, base: str) -> TenantId:
    tenant = await make.tenant(platform, profile=PROFILE)
    async with sv.db.tx(tenant) as tx:
        await channels.add(
            tx, tenant, ChannelId(uuid4()), kind=ChannelKind.SITE, name="s", base_url="https://s.test", canonical=True
        )
    for site in SITES:
        await sources.add(sv, tenant, sources.Wish(url=f"{base}/{site}.xml"), None)
    return tenant


async def _run(sv: Services, owner: Any, tenant: TenantId, order: Mapping[str, int]) -> None:
    """Every kind until nothing is ready. What fails is handed out again, as the queue would."""
    for kind, flow, shared in STEPS:
        for _ in range(3):
            jobs = await make.claimed(owner, kind, PLATFORM if shared else tenant)
            groups = [[job] for job in jobs]
            if kind in {JobKind.GROUP, JobKind.RULES}:
                groups = [jobs]
            if kind is JobKind.RELATE:
                groups = await _mixed(owner, jobs, order)
            for some in filter(None, groups):
                with suppress(CidError):
                    await flow(sv, some)
            if kind is JobKind.POLL:
                break
            await owner.execute(AGAIN, kind)


def _order(articles: Sequence[Attacked], bystanders: Sequence[str]) -> Mapping[str, int]:
    """By name, where a story stands in the calls of gate 2: those that are after their neighbours sit among
    bystanders, one in each group."""
    after = [one.name for one in articles if one.wants == "neighbours"]
    others = [one.name for one in articles if one.wants != "neighbours"]
    beside = [f"bystander-{number}" for number in range(len(bystanders))]
    share = -(-len(beside) // max(len(after), 1))
    line: list[str] = []
    while after or beside or others:
        head = [*after[:1], *beside[:share]]
        after, beside = after[1:], beside[share:]
        room = TOGETHER - len(head)
        line += [*head, *others[:room]]
        others = others[room:]
    return {name: place for place, name in enumerate(line)}


async def _mixed(owner: Any, jobs: Sequence[Job], order: Mapping[str, int]) -> list[list[Job]]:
    rows = await owner.fetch("select s.id, i.url from screenings s join items i on i.id = s.item_id")
    named = {str(row["id"]): _name(row["url"]) for row in rows}
    line = sorted(jobs, key=lambda job: order[named[job.payload["screening"]]])
    return [line[start : start + TOGETHER] for start in range(0, len(line), TOGETHER)]


def _rendered(value: Any) -> Any:
    return render_version(json.loads(json.dumps(value)))


def _name(url: str) -> str:
    return url.rpartition("/")[2]


def _seen(row: Any) -> Seen:
    return Seen(
        name=_name(row["url"]),
        state=row["state"],
        score=row["score"],
        detail=row["detail"] or "",
        draft=row["draft"] or "",
        article=row["article"] or "",
        page=row["payloads"] or "",
        findings=str(row["findings"] or ""),
        failure=row["failure"] or "",
    )


# ------------------------------------------------------------------------------------------------------------ the feeds


Row: TypeAlias = tuple[str, str, str]
"""Name, title and summary."""


def _rows(articles: Sequence[Attacked], beside: Sequence[str], *, hostile: bool) -> list[Row]:
    attacked = [
        (one.name, one.hostile_title, one.hostile_summary) if hostile else (one.name, one.title, one.summary)
        for one in articles
    ]
    others = [
        (f"bystander-{number}", title, f"The people at the quay were told on Monday. {RELEVANT}")
        for number, title in enumerate(beside)
    ]
    return attacked + others


@asynccontextmanager
async def _feeds(rows: Sequence[Row]) -> AsyncIterator[str]:
    async def feed(request: web.Request) -> web.Response:
        return web.Response(text=_rss(request.match_info["site"], rows), content_type="application/rss+xml")

    app = web.Application()
    app.router.add_get("/{site}.xml", feed)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def _rss(site: str, rows: Sequence[Row]) -> str:
    # an hour apart: which of the two came first must not be left to chance
    at = format_datetime(datetime.now(UTC) - timedelta(hours=len(SITES) - SITES.index(site)))
    items = "".join(
        f"<item><title>{escape(title)}</title><link>http://{site}.example/{name}</link><guid>{name}</guid>"
        f"<pubDate>{at}</pubDate><description>{escape(summary)}</description></item>"
        for name, title, summary in rows
    )
    return (
        f'<?xml version="1.0"?><rss version="2.0"><channel><title>{site}</title>'
        f"<link>http://{site}.example/</link>{items}</channel></rss>"
    )


async def empty(owner: Any) -> None:
    """Everything gone that a replay made, so that the next one begins as on an empty database."""
    tables = await owner.fetch(
        "select tablename from pg_tables where schemaname = 'public' and tablename not like '%migration%'"
    )
    names = ", ".join(row["tablename"] for row in tables)
    await owner.execute(f"truncate {names} cascade")
