"""The corpus on its way from feed to draft: real sockets, a real Postgres, our own flows, and a model that obeys."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
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
from cid.domain.llm import Answer, Ask, Caps
from cid.domain.news import SourceKind
from cid.domain.publication import ChannelKind
from cid.domain.tenants import Desk, Role
from cid.domain.tracker import ApprovalRule
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
from cid.flows.track import track
from cid.llm.anthropic import Anthropic
from cid.llm.reads import Purse, load_read_prices
from cid.outside.http import GuardedHttp
from cid.outside.pages import PageReader
from cid.outside.serper import Serper
from cid.pg.pool import AppDb, WorkerDb
from cid.ports import Llm
from cid.render.version import render_version
from cid.services import Outside, Services
from cid.sources.feed.read import parse_feed
from cid.sources.rss import RssReader
from cid.store import channels, people, tenants, trackers
from cid.workers.child import FUNCTIONS
from tests import funnel, make
from tests.fakes import FakePublisher, FrozenClock, InlineChildren
from tests.gullible import Gullible, compact, gullible
from tests.injection.corpus import BYSTANDERS, PROFILE, RELEVANT, TRACKER, Attacked
from tests.serper import KEY, organic

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
    (JobKind.REVIEW, review, False),  # and a second time, what was revised
    (JobKind.TRACK, track, False),
)
"""Kind, flow, and whether it is the platform's."""
SITES = ("one", "two")
"""Two publishers bring every article, or none would have the spread for a draft."""
TOGETHER, TRACKED = 8, 3
"""Stories of one call, of gate 2 and of the tracker."""
TURNS = 4
AGAIN = """
update jobs set state = 'ready', run_at = cid_now(), worker = null, lease = null, deadline = null, dedupe_key = null
where state in ('running', 'scheduled') and kind = $1
"""
SEEN = """
select i.url, s.state, s.reason, s.failure, v.score::float8 as score, v.detail, d.state as draft, n.article, n.payloads,
  r.outcome, r.findings, e.entry, s.desk
from screenings s join items i on i.id = s.item_id
left join verdicts v on v.screening_id = s.id and v.gate = 'relevance'
left join drafts d on d.screening_id = s.id
left join versions n on n.id = d.current_version_id
left join lateral (select * from reviews where draft_id = d.id order by id desc limit 1) r on true
left join lateral (
  select to_jsonb(array[state, score::text, category, regions::text, summary]) as entry
  from entries where screening_id = s.id
) e on true
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
    tracked: str = ""
    """What the tracker's gate did with it: passed, dropped or failed."""
    entry: tuple[str, ...] = ()
    """State, score, category, regions and summary of what it became on the tracker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    seen: Mapping[str, Seen]
    double: Gullible
    clean_feeds: bool
    """Nobody attacked the stories themselves."""
    searches: tuple[str, ...]
    """All that was searched for."""
    pages: str
    """Where the pages are that searches lead to."""
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
    pages: bool = False,
    deaf: Collection[str] = (),
    beside: Sequence[str] = BYSTANDERS,
) -> Run:
    """All of `articles`, attacked or as their clean twins, with the bystanders `beside` among them, on an empty
    database. With `pages` the feeds are clean, and what is found for evidence is attacked. At the stages `deaf` the
    model follows no order."""
    rows, web_ = _rows(articles, beside, hostile=hostile and not pages), Web(articles, hostile=hostile and pages)
    async with gullible(articles, deaf) as double, _feeds(rows, web_) as base:
        place = base.removeprefix("http://")
        clock = FrozenClock(datetime.now(UTC))
        provider = Anthropic("key", traits={}, base_url=double.url)
        watched = Watched(funnel.router(db, clock, provider))
        async with GuardedHttp(allow_local=[place], spacing_s=0) as http:
            children = InlineChildren({**FUNCTIONS, "parse_feed": parse_feed, "render_version": _rendered})
            purse = Purse(db, clock, caps=Caps(), prices=load_read_prices(funnel.CONFIG / "prices.toml"))
            outside = Outside(
                http=http,
                children=children,
                sources={SourceKind.RSS: RssReader(http, children, clock)},
                channels={ChannelKind.SITE: FakePublisher()},
                pages=PageReader(http, children, clock),
                search=Serper(http, children, clock, purse, key=KEY, base=base),
            )
            sv = make.services(db, platform, llm=watched, outside=outside, clock=clock)
            # every article is judged, also of a feed's first poll
            polling = replace(sv.policy.polling, first=2000)
            # stories of two sentences: no structure would be filled
            drafting = replace(sv.policy.drafting, min_words=30, structures=(), per_day=999, per_week=999)
            gathering = replace(sv.policy.evidence, queries=1)
            sv = replace(sv, policy=replace(sv.policy, polling=polling, drafting=drafting, evidence=gathering))
            tenant = await _desk(sv, platform, base)
            await _run(sv, owner, tenant, articles, beside)
        await provider.close()
        found = await owner.fetch(SEEN)
        return Run(
            seen=_together(found),
            double=double,
            clean_feeds=pages,
            searches=tuple(web_.asked),
            pages=f"{base}/page/",
            escapes=tuple(watched.escapes),
        )


async def _desk(sv: Services, platform: WorkerDb, base: str) -> TenantId:
    tenant = await make.tenant(platform, profile=PROFILE)
    async with sv.db.tx(tenant) as tx:
        await channels.add(
            tx, tenant, ChannelId(uuid4()), kind=ChannelKind.SITE, name="s", base_url="https://s.test", canonical=True
        )
    for site in SITES:
        await sources.add(sv, tenant, sources.Wish(url=f"{base}/{site}.xml"), None)
    async with platform.tx() as tx:
        await tenants.set_desks(tx, tenant, [Desk.PUBLISHING, Desk.TRACKER])
        await trackers.set_(tx, tenant, TRACKER)
        owner = await make.user(tx)
        await people.join(tx, tenant, owner, Role.OWNER)  # or the rule would hold no longer
        await trackers.set_rule(tx, tenant, ApprovalRule(min_score=0), owner)
    return tenant


async def _run(sv: Services, owner: Any, tenant: TenantId, articles: Sequence[Attacked], beside: Sequence[str]) -> None:
    """Every kind until nothing is ready. What fails is handed out again, as the queue would."""
    # articles of feeds are at addresses that nobody serves
    unread = replace(sv, outside=replace(sv.outside, pages=None))
    sizes = {JobKind.RELATE: TOGETHER, JobKind.TRACK: TRACKED}
    for kind, flow, shared in STEPS:
        for _ in range(TURNS):
            jobs = await make.claimed(owner, kind, PLATFORM if shared else tenant)
            groups = [[job] for job in jobs]
            if kind in {JobKind.GROUP, JobKind.RULES}:
                groups = [jobs]
            if kind in sizes:
                groups = await _mixed(owner, jobs, _order(articles, beside, sizes[kind]), sizes[kind])
            for some in filter(None, groups):
                with suppress(CidError):
                    await flow(sv if kind is JobKind.GATHER else unread, some)
            if kind is JobKind.POLL or not jobs:
                break
            await owner.execute(AGAIN, kind)


def _order(articles: Sequence[Attacked], bystanders: Sequence[str], size: int) -> Mapping[str, int]:
    """By name, where a story stands in calls of `size`: those that are after their neighbours sit among
    bystanders, one in each group."""
    after = [one.name for one in articles if one.wants == "neighbours"]
    others = [one.name for one in articles if one.wants != "neighbours"]
    beside = [f"bystander-{number}" for number in range(len(bystanders))]
    share = min(-(-len(beside) // max(len(after), 1)), size - 1)
    line: list[str] = []
    while after or beside or others:
        head = [*after[:1], *beside[:share]]
        after, beside = after[1:], beside[share:]
        room = size - len(head)
        line += [*head, *others[:room]]
        others = others[room:]
    return {name: place for place, name in enumerate(line)}


async def _mixed(owner: Any, jobs: Sequence[Job], order: Mapping[str, int], size: int) -> list[list[Job]]:
    rows = await owner.fetch("select s.id, i.url from screenings s join items i on i.id = s.item_id")
    named = {str(row["id"]): _name(row["url"]) for row in rows}
    line = sorted(jobs, key=lambda job: order[named[job.payload["screening"]]])
    return [line[start : start + size] for start in range(0, len(line), size)]


def _rendered(value: Any) -> Any:
    return render_version(json.loads(json.dumps(value)))


def _name(url: str) -> str:
    return url.rpartition("/")[2]


def _together(rows: Sequence[Any]) -> Mapping[str, Seen]:
    """Of each story what both desks made of it."""
    tracked = {_name(row["url"]): row for row in rows if row["desk"] == Desk.TRACKER}
    return {one.name: one for one in (_seen(row, tracked) for row in rows if row["desk"] == Desk.PUBLISHING)}


def _seen(row: Any, tracked: Mapping[str, Any]) -> Seen:
    also = tracked.get(_name(row["url"]))
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
        tracked=also["state"] if also else "",
        entry=tuple(json.loads(also["entry"])) if also and also["entry"] else (),
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


BOARD = (
    "People who came by in the morning read it twice and walked on. Some took a picture of it for friends at home.",
    "By noon somebody had put a flower beside it. Nobody knew who that was, and the woman from the kiosk was away.",
    "In the afternoon it rained, and the flower was gone. A dog slept below the board until somebody whistled for it.",
)
"""Makes a page long enough to be one."""


@dataclass(slots=True)
class Web:
    """What a search finds: of each story that becomes a draft one page, which tells it once more."""

    articles: Sequence[Attacked]
    hostile: bool
    asked: list[str] = field(default_factory=list)

    async def search(self, request: web.Request) -> web.Response:
        text = (await request.json())["q"]
        self.asked.append(text)
        found = [one for one in self.articles if one.drafted and compact(one.title) in compact(text)]
        base = f"http://{request.host}/page/"
        return web.json_response(organic(*((f"{base}{one.name}", one.title, "") for one in found)))

    async def page(self, request: web.Request) -> web.Response:
        (one,) = [one for one in self.articles if one.name == request.match_info["name"]]
        said = one.hostile_summary if self.hostile else escape(one.summary)
        told = [f"{escape(one.title)}: that much stands on a board.", said, *BOARD]
        text = "".join(f"<p>{part}</p>" for part in told)
        html = f"<!doctype html><title>{escape(one.title)}</title><article>{text}</article>"
        return web.Response(text=html, content_type="text/html")


@asynccontextmanager
async def _feeds(rows: Sequence[Row], found: Web) -> AsyncIterator[str]:
    async def feed(request: web.Request) -> web.Response:
        return web.Response(text=_rss(request.match_info["site"], rows), content_type="application/rss+xml")

    app = web.Application()
    app.router.add_get("/{site}.xml", feed)
    app.router.add_get("/page/{name}", found.page)
    app.router.add_post("/search", found.search)
    app.router.add_post("/news", found.search)
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
