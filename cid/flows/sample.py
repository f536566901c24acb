"""Load the sample newsroom: a tenant, its profile and tracker, a dozen feeds, a site, and an outlet to be analysed. The
rest happens by the rules."""

from __future__ import annotations

from cid.briefing.targets import outlet_key
from cid.domain.errors import Misconfigured
from cid.domain.ids import PLATFORM, ChannelId, RunId, SourceId, SubscriptionId, TenantId, uuid7
from cid.domain.jobs import JobKind, NewJob
from cid.domain.news import SourceKind
from cid.domain.run import Period, Target, Tlp, Via
from cid.domain.tenants import Desk
from cid.ports import Tx
from cid.queue import jobs as queue
from cid.services import Services
from cid.sources.sample import Newsroom, Outlet, SampleReader
from cid.store import runs, sample, tenants, trackers

INTERVAL_S = 1
"""While items still arrive; a feed of which all has arrived asks to be left alone for longer."""


async def load(sv: Services) -> TenantId:
    """The sample tenant; loading it again changes nothing. Raises Misconfigured where the desk has no sample reader."""
    reader = sv.outside.sources.get(SourceKind.SAMPLE)
    if not isinstance(reader, SampleReader):
        raise Misconfigured("This desk has no sample newsroom: config/sample is missing.")
    newsroom = reader.newsroom
    async with sv.platform.tx() as tx:
        there = await tenants.by_slug(tx, newsroom.slug)
        if there:
            return there.id
        tenant = TenantId(uuid7(sv.clock.now()))
        if not await tenants.add(tx, tenant, slug=newsroom.slug, name=newsroom.name, sample=True):
            raise Misconfigured(f"The name {newsroom.slug} was taken meanwhile: start the sample again.")
        await tenants.set_profile(tx, tenant, newsroom.profile)
        await tenants.set_desks(tx, tenant, [Desk.PUBLISHING, Desk.TRACKER, Desk.ANALYSIS])
        await trackers.set_(tx, tenant, newsroom.tracker)
        site = newsroom.site.replace("{desk}", sv.base_url)
        await sample.add_channel(tx, tenant, ChannelId(uuid7(sv.clock.now())), base_url=site)
        await _subscribe(sv, tx, tenant, newsroom)
    if newsroom.outlet:
        await _analyse(sv, tenant, newsroom.outlet)
    return tenant


async def _analyse(sv: Services, tenant: TenantId, outlet: Outlet) -> None:
    """A run like any other, but for where its items are from. Nobody asked for it."""
    run = RunId(uuid7(sv.clock.now()))
    wanted = Target(
        outlet=outlet.name,
        country=outlet.country,
        url=outlet.url,
        period=Period.MONTH,
        items=len(outlet.items),
        sources=(Via.SAMPLE,),
    )
    async with sv.db.tx(tenant) as tx:
        await runs.add(tx, run, wanted, outlet_key=outlet_key(wanted), tlp=Tlp.AMBER, by=None, sample=True)
        await queue.enqueue(tx, NewJob(kind=JobKind.ANALYSE, tenant=tenant, payload={"run": str(run)}, dedupe=str(run)))


async def _subscribe(sv: Services, tx: Tx, tenant: TenantId, newsroom: Newsroom) -> None:
    for feed in newsroom.feeds:
        source = await sample.add_source(
            tx,
            SourceId(uuid7(sv.clock.now())),
            url=feed.url,
            title=f"{feed.publisher} (sample)",
            publisher=feed.publisher,
            interval_s=INTERVAL_S,
        )
        await sample.subscribe(tx, tenant, SubscriptionId(uuid7(sv.clock.now())), source, trust=feed.trust)
        await queue.enqueue(
            tx, NewJob(kind=JobKind.POLL, tenant=PLATFORM, payload={"source": str(source)}, dedupe=str(source))
        )
