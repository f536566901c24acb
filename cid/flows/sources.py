"""What people do to sources: add, import, switch, trust, try out."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from cid.domain.errors import Conflict, NotFound, Refused
from cid.domain.ids import PLATFORM, ItemId, SourceId, SubscriptionId, TenantId, uuid7
from cid.domain.jobs import JobKind, NewJob
from cid.domain.llm import Json
from cid.domain.news import Polled, Source, SourceKind, SourceState
from cid.domain.outside import ChildFailure, HttpFailure
from cid.domain.tenants import Actor, Permission
from cid.ports import Tx
from cid.queue import jobs as queue
from cid.services import Services
from cid.sources import kinds
from cid.sources.discover import Found, discover
from cid.sources.rss import read_feed
from cid.store import items, policies, sources, takeout
from cid.store.sources import Subscribed
from cid.text import urls
from cid.text.clean import TITLE_LIMIT, line

DEFAULT_TRUST = 0.7
DEFAULT_INTERVAL_S = 900
SHORTEST_S, LONGEST_S = 120, 2_592_000
OPML_BYTES = 10_000_000
RECENT = 500
"""Items of a source that a new subscriber judges at once."""
ROLES = ("news", "competitor")
TAKEN = "Another newsroom has this source already, and there can be only one."
LOOKED_FOR_S = 15.0
"""How long a person waits at most until the last probe for feeds is begun."""


class Change(StrEnum):
    """What became of one address."""

    ADDED = "added"
    ALREADY = "already"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    url: str
    change: Change
    source_id: SourceId | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A source as somebody asks for it."""

    url: str = ""
    """Empty for kinds that take none, such as searches."""
    kind: SourceKind = SourceKind.RSS
    title: str = ""
    trust: float = DEFAULT_TRUST
    role: str = "news"
    sample: bool = False
    interval_s: int | None = None
    """None: as the kind has it."""
    config: Mapping[str, Json] = field(default_factory=dict)
    """What the kind must be told beside the address: see `cid.sources.kinds`."""
    private: bool = False
    """Nobody else is to know of it. Kinds that say what somebody looks into are private in any case."""
    fixed_s: int | None = None
    """This tenant's interval; None: the source's own rhythm."""
    full_text: bool = True
    replace_itself: bool = False
    active: bool = True
    problem: str = ""
    """Why a file's line cannot be taken, found out by whoever read it."""


async def add(sv: Services, tenant: TenantId, wish: Wish, actor: Actor | None) -> Added:
    """Subscribe `tenant` and have the source polled at once. `actor` is None for whoever sits at the machine.

    Raises Refused for an address or value that cannot be, Conflict when the tenant has the source already.
    """
    _allowed(tenant, actor)
    async with sv.platform.tx() as tx:
        added = await _subscribe(sv, tx, tenant, wish, sv.clock.now())
        if added.change is Change.REFUSED:
            raise Refused(added.detail)
        if added.change is Change.ALREADY:
            raise Conflict("This source is on the list already.")
        await _log(
            sv,
            tx,
            tenant,
            actor,
            action="source.added",
            detail={"source": str(added.source_id), "url": urls.shown(added.url)},
        )
    return added


async def add_many(sv: Services, tenant: TenantId, wishes: Sequence[Wish], actor: Actor | None) -> list[Added]:
    """All in one transaction, with what became of each. First polls are spread: they must not all fire at once."""
    _allowed(tenant, actor)
    now = sv.clock.now()
    span = min(sv.policy.polling.fixed or timedelta(seconds=DEFAULT_INTERVAL_S), sv.policy.polling.spread)
    async with sv.platform.tx() as tx:
        results = [
            await _subscribe(sv, tx, tenant, wish, now + span * (number / len(wishes)))
            for number, wish in enumerate(wishes)
        ]
        count = sum(result.change is Change.ADDED for result in results)
        await _log(sv, tx, tenant, actor, action="sources.imported", detail={"added": count, "listed": len(wishes)})
    return results


async def read_opml(sv: Services, body: bytes, *, trust: float = DEFAULT_TRUST, role: str = "news") -> list[Wish]:
    """The sources an OPML file lists; `trust` and `role` hold where it says nothing. Raises Refused."""
    if len(body) > OPML_BYTES:
        raise Refused(f"The file is larger than {OPML_BYTES // 1_000_000} MB.")
    value = {"body": b64encode(body).decode()}
    try:
        answer = await sv.outside.children.call("parse_opml", value, timeout_s=10.0)
    except ChildFailure:
        raise Refused("The file could not be read within its limits.") from None
    if "error" in answer:
        raise Refused(answer["error"])
    return [_listed(feed, trust, role) for feed in answer["feeds"]]


def _listed(feed: Mapping[str, Json], trust: float, role: str) -> Wish:
    """What a file says of one source. Where that cannot be, the wish says why."""
    plain = Wish(url=feed["url"], title=feed["title"], trust=trust, role=role, problem=feed["problem"])
    kind = feed.get("kind") or SourceKind.RSS
    if feed["problem"]:
        return plain
    if kind not in set(SourceKind):
        return replace(plain, problem=f"There are no sources of the kind {str(kind)[:50]}.")
    return replace(
        plain,
        kind=SourceKind(kind),
        config=feed["config"],
        trust=trust if feed["trust"] is None else feed["trust"],
        role=feed["role"] or role,
        fixed_s=None if feed["interval_s"] is None else int(feed["interval_s"]),
        active=feed["active"] is not False,
        full_text=feed["full_text"] is not False,
        replace_itself=feed["replace_itself"] is True,
        private=feed["private"] is True,
    )


async def fetch(sv: Services, url: str) -> bytes:
    """A file that somebody names by its address. Raises Refused."""
    try:
        answer = await sv.outside.http.request("GET", url, max_bytes=OPML_BYTES)
    except HttpFailure as failure:
        raise Refused(failure.public) from None
    if answer.status != 200:
        raise Refused(f"The server answers {answer.status}.")
    return answer.body


async def test(sv: Services, wish: Wish, tenant: TenantId | None) -> Polled:
    """Poll a source without storing anything; what it costs is `tenant`'s. Raises Refused for what cannot be."""
    now = sv.clock.now()
    asked = kinds.asked(wish.kind, wish.url, wish.config)
    if tenant and kinds.KINDS[wish.kind].sole:
        async with sv.platform.tx() as tx:
            await _free(tx, tenant, wish.kind, asked.url)
    source = Source(
        id=SourceId(uuid7(now)),
        tenant_id=tenant,
        kind=wish.kind,
        url=asked.url,
        config=asked.config,
        title="",
        publisher="",
        sample=False,
        state=SourceState.ACTIVE,
        outcome=None,
        outcome_detail="",
        etag="",
        last_modified="",
        body_sha=None,
        failures=0,
        interval_s=DEFAULT_INTERVAL_S,
        polled_at=None,
        next_poll_at=now,
        created_at=now,
    )
    return await sv.outside.sources[wish.kind].poll(source)


async def test_file(sv: Services, body: bytes, url: str) -> Polled:
    """Read a feed from a file as if it had come from `url`, without the world and without a database."""
    return await read_feed(sv.outside.children, body, content_type="", url=url, base=url)


async def feeds_at(sv: Services, url: str) -> list[Found]:
    """The feeds at or behind an address, each fetched and read; empty: there is none. Raises Refused."""
    try:
        where = kinds.asked(SourceKind.RSS, url, {}).url
        return await discover(sv.outside.http, sv.outside.children, where, within_s=LOOKED_FOR_S)
    except HttpFailure as failure:
        raise Refused(failure.public) from None


async def set_active(sv: Services, tenant: TenantId, source: SourceId, *, wanted: bool, actor: Actor | None) -> None:
    """Raises NotFound when the tenant does not have it. Setting what is set already is fine."""
    _allowed(tenant, actor)
    async with sv.platform.tx() as tx:
        await _mine(tx, tenant, source)
        if not await sources.set_active(tx, tenant, source, wanted=wanted):
            return
        if wanted:
            await queue.enqueue(tx, _poll(source, sv.clock.now()))
        await _log(sv, tx, tenant, actor, action="source.switched", detail={"source": str(source), "active": wanted})


async def set_trust(sv: Services, tenant: TenantId, source: SourceId, trust: float, actor: Actor | None) -> None:
    """Raises Refused, NotFound. Holds for items judged from now on."""
    _allowed(tenant, actor)
    if refusal := _wrong(trust, "news"):
        raise Refused(refusal)
    async with sv.platform.tx() as tx:
        if not await sources.set_trust(tx, tenant, source, trust):
            raise NotFound
        await _log(sv, tx, tenant, actor, action="source.trusted", detail={"source": str(source), "trust": trust})


async def set_full_text(sv: Services, tenant: TenantId, source: SourceId, *, wanted: bool, actor: Actor | None) -> None:
    """Whether articles are read at their own pages, too. Holds for what is asked for from now on. Raises NotFound."""
    _allowed(tenant, actor)
    async with sv.platform.tx() as tx:
        if not await takeout.set_full_text(tx, tenant, source, wanted=wanted):
            raise NotFound
        await _log(sv, tx, tenant, actor, action="source.full_text", detail={"source": str(source), "wanted": wanted})


async def set_interval(
    sv: Services, tenant: TenantId, source: SourceId, interval: timedelta | None, actor: Actor | None
) -> None:
    """How often this tenant wants the source to be polled; None: as its rhythm has it. Of several tenants the shortest
    holds. The next poll is due at once, so that the new interval begins. Raises Refused, NotFound."""
    _allowed(tenant, actor)
    seconds = None if interval is None else round(interval.total_seconds())
    if seconds is not None and not SHORTEST_S <= seconds <= LONGEST_S:
        raise Refused("An interval is from 2 minutes to 30 days, or “auto”.")
    async with sv.platform.tx() as tx:
        if not await sources.set_interval(tx, tenant, source, seconds):
            raise NotFound
        await queue.hasten(tx, _poll(source, sv.clock.now()))
        await _log(
            sv, tx, tenant, actor, action="source.interval", detail={"source": str(source), "interval_s": seconds}
        )


async def _subscribe(sv: Services, tx: Tx, tenant: TenantId, wish: Wish, poll_at: datetime) -> Added:
    if wish.problem:
        return Added(url=wish.url[:200] or wish.title, change=Change.REFUSED, detail=wish.problem)
    url = wish.url[:200]
    try:
        asked = kinds.asked(wish.kind, wish.url, wish.config)
        url = asked.url
        _possible(wish)
        source = await _shared(sv, tx, tenant, wish, asked)
    except Refused as error:
        return Added(url=url, change=Change.REFUSED, detail=error.public)
    subscription = SubscriptionId(uuid7(sv.clock.now()))
    if not await sources.subscribe(tx, tenant, subscription, source, trust=wish.trust, role=wish.role):
        return Added(url=url, change=Change.ALREADY, source_id=source)
    said = takeout.Setting(
        source=source,
        interval_s=wish.fixed_s,
        full_text=wish.full_text,
        replace_itself=wish.replace_itself,
        active=wish.active,
    )
    if said != takeout.Setting(source=source, interval_s=None, full_text=True, replace_itself=False, active=True):
        await takeout.settle(tx, tenant, [said])
    if not wish.active:
        return Added(url=url, change=Change.ADDED, source_id=source, detail="switched off")
    since = sv.clock.now() - (await policies.of(tx, tenant, sv.policy)).rules.max_age
    recent = await items.recent(tx, source, since, limit=RECENT)
    await queue.enqueue(tx, _poll(source, poll_at), *(_rules(tenant, item) for item in recent))
    return Added(url=url, change=Change.ADDED, source_id=source)


async def _shared(sv: Services, tx: Tx, tenant: TenantId, wish: Wish, asked: kinds.Asked) -> SourceId:
    """The source that was asked for: one for all, unless it is the tenant's own. Raises Refused."""
    if kinds.KINDS[wish.kind].sole:
        await _free(tx, tenant, wish.kind, asked.url)
    owner = tenant if asked.private or wish.private else None
    same = (wish.kind, asked.url, owner, asked.config)
    found = await sources.find(tx, *same)
    if found is None:
        source = SourceId(uuid7(sv.clock.now()))
        added = await sources.add(
            tx,
            source,
            owner=owner,
            kind=wish.kind,
            url=asked.url,
            title=line(wish.title or kinds.title(wish.kind, asked.config), TITLE_LIMIT),
            publisher=kinds.publisher(wish.kind, asked),
            sample=wish.sample,
            interval_s=wish.interval_s or kinds.KINDS[wish.kind].interval_s,
            config=asked.config,
        )
        found = (source, SourceState.ACTIVE) if added else await sources.find(tx, *same)
        if found is None:  # another tenant added what only one can have, in this moment
            raise Refused(TAKEN)
    if found[1] is SourceState.RETIRED:
        await sources.revive(tx, found[0])
    return found[0]


async def _free(tx: Tx, tenant: TenantId, kind: SourceKind, url: str) -> None:
    """Raises Refused where only one can have it, and another tenant has. To try it would show what is theirs, too."""
    if await sources.taken(tx, kind, url, tenant):
        raise Refused(TAKEN)


def _possible(wish: Wish) -> None:
    """Raises Refused."""
    if refusal := _wrong(wish.trust, wish.role, wish.fixed_s):
        raise Refused(refusal)


def _wrong(trust: float, role: str, fixed_s: int | None = None) -> str:
    if not 0 <= trust <= 1:
        return "Trust is a number from 0 to 1."
    if fixed_s is not None and not SHORTEST_S <= fixed_s <= LONGEST_S:
        return f"A fixed interval is {SHORTEST_S} to {LONGEST_S} seconds."
    return "" if role in ROLES else f"The role of a source is one of {', '.join(ROLES)}."


def _poll(source: SourceId, at: datetime) -> NewJob:
    payload = {"source": str(source)}
    return NewJob(kind=JobKind.POLL, tenant=PLATFORM, payload=payload, dedupe=str(source), run_at=at)


def _rules(tenant: TenantId, item: ItemId) -> NewJob:
    """What others had from the source already is news to whoever subscribes now."""
    return NewJob(kind=JobKind.RULES, tenant=tenant, payload={"item": str(item)}, dedupe=str(item))


def _allowed(tenant: TenantId, actor: Actor | None) -> None:
    if actor and (actor.tenant.id != tenant or not actor.may(Permission.MANAGE)):
        raise Refused("Your role does not allow changing sources.")


async def _mine(tx: Tx, tenant: TenantId, source: SourceId) -> Subscribed:
    found = await sources.one_subscribed(tx, tenant, source)
    if found is None:
        raise NotFound
    return found


async def _log(
    sv: Services, tx: Tx, tenant: TenantId, actor: Actor | None, *, action: str, detail: dict[str, object]
) -> None:
    user = actor.user.id if actor else None
    entry: UUID = uuid7(sv.clock.now())
    await sources.log(tx, entry, tenant=tenant, user=user, action=action, target="sources", detail=detail)
