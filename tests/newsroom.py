"""A small newsroom with something in every state, for tests of pages."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from cid.domain.draft import Author
from cid.domain.ids import (
    CallId,
    DraftId,
    ItemId,
    ScreeningId,
    SourceId,
    StoryId,
    SubscriptionId,
    TenantId,
    UserId,
    VerdictId,
    VersionId,
    uuid7,
)
from cid.domain.tenants import Role
from cid.domain.verdicts import Drop, Gate, Pass, Reason, Verdict
from cid.outside import passwords
from cid.store import drafts, people, screenings, tenants, verdicts

if TYPE_CHECKING:
    from cid.ports import Tx
    from cid.services import Services

PASSWORD = "a long enough password"
_hash: list[str] = []


@dataclass(kw_only=True)
class Newsroom:
    """Ids of what is there, by the name that tests use."""

    tenant: TenantId
    slug: str
    private_tenant: TenantId
    sources: dict[str, SubscriptionId] = field(default_factory=dict)
    items: dict[str, ItemId] = field(default_factory=dict)
    drafts: dict[str, DraftId] = field(default_factory=dict)
    versions: dict[str, VersionId] = field(default_factory=dict)
    calls: dict[str, CallId] = field(default_factory=dict)


OUTCOMES = {
    "Harbour Gazette": ("new", "", 0.9),
    "Tidewater Courier": ("not_modified", "", 0.8),
    "Freight & Quay": ("rate_limited", "The server asked us to wait 10 minutes.", 0.7),
    "Old Pier Bulletin": ("gone", "Status 410.", 0.4),
    "The Slow Lane, a journal with a name far longer than anybody would wish for": (
        "unreachable",
        "No answer within 30 seconds.",
        0.6,
    ),
    "Gravel Weekly": ("broken", "The page is HTML, not a feed.", 0.5),
    "Lock Keepers’ Notes": (None, "", 0.7),
}


async def furnish(sv: Services, *, sample: bool = False) -> Newsroom:
    """Two tenants, five people, sources with each kind of outcome, an item dropped at each gate, two drafts."""
    now = sv.clock.now()
    room = Newsroom(tenant=TenantId(uuid7(now)), slug="acme", private_tenant=TenantId(uuid7(now)))
    if not _hash:
        _hash.append(await passwords.hashed(PASSWORD))
    async with sv.platform.tx() as tx:
        await tenants.add(tx, room.tenant, slug="acme", name="Acme Harbour News", sample=sample)
        await tenants.add(tx, room.private_tenant, slug="other", name="Other House", sample=False)
        for role in Role:
            await _join(tx, now, f"{role}@acme.test", role.title(), room.tenant, role)
        await _join(tx, now, "stranger@other.test", "Stranger", room.private_tenant, Role.OWNER)
        found = await _sources(tx, now)
        await _items(tx, now, room, found)
    async with sv.db.tx(room.tenant) as tx:
        for title, (_outcome, _detail, trust) in OUTCOMES.items():
            room.sources[title] = SubscriptionId(uuid7(now))
            await tx.execute(
                "insert into subscriptions (tenant_id, id, source_id, trust, role) values ($1, $2, $3, $4::float8::numeric, 'news')",
                room.tenant,
                room.sources[title],
                found[title],
                trust,
            )
        await _judge(tx, now, room)
    return room


async def _join(tx: Tx, now: datetime, email: str, name: str, tenant: TenantId, role: Role) -> None:
    user = UserId(uuid7(now))
    await people.add(tx, user, email=email, name=name, password_hash=_hash[0], admin=False)
    await people.join(tx, tenant, user, role)


async def _sources(tx: Tx, now: datetime) -> dict[str, SourceId]:
    found = {}
    for number, (title, (outcome, detail, _trust)) in enumerate(OUTCOMES.items()):
        found[title] = SourceId(uuid7(now))
        await tx.execute(
            """insert into sources (id, kind, url, title, publisher, outcome, outcome_detail, failures, polled_at, next_poll_at, last_new_at)
               values ($1, 'rss', $2, $3, $3, $4, $5, $6, $7, $8, $9)""",
            found[title],
            f"https://feed{number}.test/news/rss.xml",
            title,
            outcome,
            detail,
            3 if outcome in {"gone", "unreachable", "broken"} else 0,
            now - timedelta(minutes=4) if outcome else None,
            now + timedelta(minutes=11),
            now - timedelta(hours=5) if outcome else None,
        )
    return found


ITEMS = {
    "short": "Ferry late",
    "off topic": "Ten recipes with late summer plums that anybody can make",
    "irrelevant": "Harbour café wins a prize for its window boxes",
    "lonely": "A crane at the harbour squeaks, says one reader",
    "waiting": "Harbour board is said to weigh a night closure of the north basin",
    "drafted": "Port of Elmsworth opens shore power at all six berths, ending generator use by ferries",
    "held": "Freight forwarders warn that the harbour’s new booking fee will be passed on",
    "hidden": "Only the other house may see this",
    "unjudged": "Just in: tide tables corrected",
}


async def _items(tx: Tx, now: datetime, room: Newsroom, sources: dict[str, SourceId]) -> None:
    first = sources["Harbour Gazette"]
    second = sources["Tidewater Courier"]
    private = SourceId(uuid7(now))
    await tx.execute(
        "insert into sources (id, tenant_id, kind, url, title) values ($1, $2, 'rss', 'https://secret.test/feed', 'Secret')",
        private,
        room.private_tenant,
    )
    for number, (name, title) in enumerate(ITEMS.items()):
        at = now - timedelta(minutes=100 - 10 * number)
        room.items[name] = ItemId(uuid7(at))
        story = StoryId(uuid7(at))
        url = f"https://www.feed0.test/{name.replace(' ', '-')}"
        await tx.execute("insert into stories (id, words, bands) values ($1, '{}', '{}')", story)
        await tx.execute(
            """insert into items (id, url, url_hash, title, summary, author, published_at, first_seen_at, story_id, public)
               values ($1, $2, $3, $4, $5, 'R. Hale', $6, $7, $8, $9)""",
            room.items[name],
            url,
            hashlib.sha256(url.encode()).digest(),
            title,
            "" if name == "short" else "The port authority said on Tuesday that work had ended a month early.",
            at - timedelta(minutes=20),
            at,
            story,
            name != "hidden",
        )
        seen = [private] if name == "hidden" else [first, second] if name == "drafted" else [first]
        for source in seen:
            await tx.execute(
                "insert into sightings (id, item_id, source_id, tenant_id, seen_at, published_at) values ($1, $2, $3, $4, $5, $6)",
                uuid7(at),
                room.items[name],
                source,
                room.private_tenant if source == private else None,
                at,
                at - timedelta(minutes=20),
            )


async def _judge(tx: Tx, now: datetime, room: Newsroom) -> None:
    await _call(tx, now, room, "cheap", "anthropic", "0.00214")
    await _call(tx, now, room, "quality", "offline", "0")
    at = now - timedelta(minutes=30)
    await _say(tx, at, room, "short", Gate.RULES, Drop(Reason.TOO_SHORT, "10 characters, 50 are wanted"))
    await _say(tx, at, room, "off topic", Gate.RULES, Drop(Reason.NO_KEYWORD))
    for name in ("irrelevant", "lonely", "waiting", "drafted", "held"):
        screening = await _open(tx, at, room, name)
        await _say(tx, at, room, name, Gate.RULES, Pass(Reason.KEYWORD, "harbour"), screening=screening)
        score = 22.0 if name == "irrelevant" else 88.0
        relevance: Verdict = (
            Drop(Reason.LOW_RELEVANCE, "A prize, not trade.", score)
            if name == "irrelevant"
            else Pass(Reason.RELEVANT, "Concerns berth capacity for the tenant's readers.", score)
        )
        await _say(
            tx,
            at,
            room,
            name,
            Gate.RELEVANCE,
            relevance,
            screening=screening,
            call=room.calls["cheap"],
            story_only=True,
        )
        await _end(tx, at, room, name, screening)


async def _end(tx: Tx, at: datetime, room: Newsroom, name: str, screening: ScreeningId) -> None:
    until = at + timedelta(hours=2)
    moves: dict[str, tuple[str, list[Any]]] = {
        "irrelevant": ("state = 'dropped', gate = 'relevance', reason = 'low_relevance'", []),
        "lonely": ("state = 'dropped', gate = 'signal', reason = 'low_signal', spread = 1", []),
        "waiting": ("state = 'waiting', stage = 'assess', waiting_for = 'signal', spread = 1, until = $3", [until]),
        "drafted": ("state = 'passed', stage = 'draft', spread = 2", []),
        "held": ("state = 'passed', stage = 'draft', spread = 3", []),
    }
    sets, args = moves[name]
    await tx.execute(f"update screenings set {sets} where tenant_id = $1 and id = $2", room.tenant, screening, *args)
    if name == "lonely":
        await _say(
            tx,
            at,
            room,
            name,
            Gate.SIGNAL,
            Drop(Reason.LOW_SIGNAL, "1 publisher in 2 h", 20),
            screening=screening,
            story_only=True,
        )
    if name in {"drafted", "held"}:
        await _say(
            tx,
            at,
            room,
            name,
            Gate.SIGNAL,
            Pass(Reason.SIGNAL, "2 publishers", 40),
            screening=screening,
            story_only=True,
        )
        await _draft(tx, at, room, name, screening)


async def _call(tx: Tx, now: datetime, room: Newsroom, name: str, provider: str, cost: str) -> None:
    from decimal import Decimal

    room.calls[name] = CallId(uuid7(now))
    columns = "id, tenant_id, stage, tier, provider, model, prompt, prompt_version, prompt_hash, input_hash, state, reserved, cost, sent_at"
    has_deadline = await tx.fetchval(
        "select count(*) from information_schema.columns where table_name = 'calls' and column_name = 'deadline'"
    )
    await tx.execute(
        f"""insert into calls ({columns}{", deadline" if has_deadline else ""})
            values ($1, $2, $3, $4, $5, 'model-1', $3, 'v1', '', '', 'answered', $6, $6, $7{", $7" if has_deadline else ""})""",
        room.calls[name],
        room.tenant,
        "relevance" if name == "cheap" else "draft",
        name,
        provider,
        Decimal(cost),
        now,
    )


async def _open(tx: Tx, at: datetime, room: Newsroom, name: str) -> ScreeningId:
    screening = ScreeningId(uuid7(at))
    story = await tx.fetchval("select story_id from items where id = $1", room.items[name])
    await screenings.open_(tx, screening, story, room.items[name], urgent=name == "drafted")
    return screening


async def _say(
    tx: Tx,
    at: datetime,
    room: Newsroom,
    name: str,
    gate: Gate,
    verdict: Verdict,
    *,
    screening: ScreeningId | None = None,
    call: CallId | None = None,
    story_only: bool = False,
) -> None:
    item = room.items[name]
    story = await tx.fetchval("select story_id from items where id = $1", item)
    await verdicts.add(
        tx,
        VerdictId(uuid7(at)),
        gate,
        verdict,
        story=story,
        item=None if story_only else item,
        screening=screening,
        call=call,
    )


async def _draft(tx: Tx, at: datetime, room: Newsroom, name: str, screening: ScreeningId) -> None:
    room.drafts[name] = DraftId(uuid7(at))
    room.versions[name] = VersionId(uuid7(at))
    story = await tx.fetchval("select story_id from items where id = $1", room.items[name])
    await drafts.add(
        tx,
        room.drafts[name],
        screening=screening,
        story=story,
        version=room.versions[name],
        sample=False,
        found_at=at - timedelta(minutes=3),
    )
    article = {
        "title": ITEMS[name],
        "slug": name,
        "description": "What changed at the port, and for whom.",
        "body": "## What happened\n\nShore power is on.",
        "keywords": ["harbour"],
        "questions": [],
        "references": [],
        "linkedin": "Shore power is on.",
        "angle": "",
    }
    await drafts.add_version(
        tx,
        room.versions[name],
        room.drafts[name],
        author=Author.MACHINE,
        author_id=None,
        call=room.calls["quality"],
        provider="offline/extract-1",
        article=json.dumps(article),
        payloads="{}",
        renderer="test",
    )
    state = "ready" if name == "drafted" else "held"
    await tx.execute(
        "update drafts set state = $3 where tenant_id = $1 and id = $2", room.tenant, room.drafts[name], state
    )
