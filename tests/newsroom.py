"""A small newsroom with something in every state, for tests of pages."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

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
ADMIN = "admin@desk.test"
"""Runs the platform and belongs to no tenant."""
_hashes: list[str] = []
LONG = "The Slow Lane, a journal with a name far longer than anybody would wish for"
SOURCES: dict[str, tuple[str | None, str, float]] = {
    "Harbour Gazette": ("new", "", 0.9),
    "Tidewater Courier": ("not_modified", "", 0.8),
    "Freight & Quay": ("rate_limited", "The server asked us to wait 10 minutes.", 0.7),
    "Old Pier Bulletin": ("gone", "Status 410.", 0.4),
    LONG: ("unreachable", "No answer within 30 seconds.", 0.6),
    "Gravel Weekly": ("broken", "The page is HTML, not a feed.", 0.5),
    "Lock Keepers’ Notes": (None, "", 0.7),
}
ITEMS = {
    "short": "Ferry late",
    "off topic": "Ten recipes with late summer plums that anybody can make",
    "irrelevant": "Harbour café wins a prize for its window boxes",
    "lonely": "A crane at the harbour squeaks, says one reader",
    "waiting": "Harbour board is said to weigh a night closure of the north basin",
    "drafted": "Port of Elmsworth opens shore power at all six berths, ending generator use by ferries",
    "held": "Freight forwarders warn that the harbour’s new booking fee will be passed on",
    "hidden": "Only the other house may see this harbour story",
    "unjudged": "Just in: tide tables corrected",
}


@dataclass(kw_only=True)
class Newsroom:
    """Ids of what is there, by the names that tests use."""

    tenant: TenantId
    other: TenantId
    now: datetime
    sources: dict[str, SourceId] = field(default_factory=dict)
    subscriptions: dict[str, SubscriptionId] = field(default_factory=dict)
    items: dict[str, ItemId] = field(default_factory=dict)
    stories: dict[str, StoryId] = field(default_factory=dict)
    drafts: dict[str, DraftId] = field(default_factory=dict)
    versions: dict[str, VersionId] = field(default_factory=dict)
    calls: dict[str, CallId] = field(default_factory=dict)

    def id(self) -> UUID:
        return uuid7(self.now)


async def furnish(sv: Services, *, sample: bool = False) -> Newsroom:
    """Two tenants, six people, sources with each kind of outcome, an item dropped at each gate, two drafts."""
    now = sv.clock.now()
    room = Newsroom(tenant=TenantId(uuid7(now)), other=TenantId(uuid7(now)), now=now)
    if not _hashes:
        _hashes.append(await passwords.hashed(PASSWORD))
    async with sv.platform.tx() as tx:
        await tenants.add(tx, room.tenant, slug="acme", name="Acme Harbour News", sample=sample)
        await tenants.add(tx, room.other, slug="other", name="Other House", sample=False)
        for role in Role:
            await _join(tx, room, f"{role}@acme.test", room.tenant, role)
        await people.add(tx, UserId(room.id()), email=ADMIN, name="admin", password_hash=_hashes[0], admin=True)
        await _join(tx, room, "stranger@other.test", room.other, Role.OWNER)
        await _sources(tx, room)
        for number, name in enumerate(ITEMS):
            await _item(tx, room, name, now - timedelta(minutes=100 - 10 * number))
    async with sv.db.tx(room.tenant) as tx:
        await _subscribe(tx, room)
        await _call(tx, room, "cheap", "relevance", "anthropic", Decimal("0.00214"))
        await _call(tx, room, "quality", "draft", "offline", Decimal(0))
        await _judge(tx, room)
    return room


async def _join(tx: Tx, room: Newsroom, email: str, tenant: TenantId, role: Role) -> None:
    user = UserId(room.id())
    await people.add(tx, user, email=email, name=email.split("@", maxsplit=1)[0], password_hash=_hashes[0], admin=False)
    await people.join(tx, tenant, user, role)


async def _sources(tx: Tx, room: Newsroom) -> None:
    for number, (title, (outcome, detail, _trust)) in enumerate(SOURCES.items()):
        room.sources[title] = SourceId(room.id())
        await tx.execute(
            """insert into sources (id, kind, url, title, publisher, outcome, outcome_detail, failures,
                                    polled_at, next_poll_at, last_new_at)
               values ($1, 'rss', $2, $3, $3, $4, $5, $6, $7, $8, $9)""",
            room.sources[title],
            f"https://feed{number}.test/news/rss.xml",
            title,
            outcome,
            detail,
            3 if outcome in {"gone", "unreachable", "broken"} else 0,
            room.now - timedelta(minutes=4) if outcome else None,
            room.now + timedelta(minutes=11),
            room.now - timedelta(hours=5) if outcome else None,
        )
    room.sources["Secret"] = SourceId(room.id())
    await tx.execute(
        """insert into sources (id, tenant_id, kind, url, title)
           values ($1, $2, 'rss', 'https://secret.test/feed', 'Secret')""",
        room.sources["Secret"],
        room.other,
    )


async def _item(tx: Tx, room: Newsroom, name: str, at: datetime) -> None:
    """`hidden` was seen at a private source of the other tenant alone."""
    room.items[name], room.stories[name] = ItemId(uuid7(at)), StoryId(uuid7(at))
    url = f"https://www.feed0.test/{name.replace(' ', '-')}"
    await tx.execute("insert into stories (id, words) values ($1, '{}')", room.stories[name])
    await tx.execute(
        """insert into items (id, url, url_hash, title, summary, author, published_at, first_seen_at, story_id, public)
           values ($1, $2, $3, $4, $5, 'R. Hale', $6, $7, $8, $9)""",
        room.items[name],
        url,
        hashlib.sha256(url.encode()).digest(),
        ITEMS[name],
        "" if name == "short" else "The port authority said on Tuesday that work had ended a month early.",
        at - timedelta(minutes=20),
        at,
        room.stories[name],
        name != "hidden",
    )
    at_two = ["Harbour Gazette", "Tidewater Courier"]
    for source in ["Secret"] if name == "hidden" else at_two[: 2 if name == "drafted" else 1]:
        await tx.execute(
            """insert into sightings (id, item_id, source_id, tenant_id, seen_at, published_at)
               values ($1, $2, $3, $4, $5, $6)""",
            uuid7(at),
            room.items[name],
            room.sources[source],
            room.other if source == "Secret" else None,
            at,
            at - timedelta(minutes=20),
        )


async def _subscribe(tx: Tx, room: Newsroom) -> None:
    for title, (_outcome, _detail, trust) in SOURCES.items():
        room.subscriptions[title] = SubscriptionId(room.id())
        await tx.execute(
            """insert into subscriptions (tenant_id, id, source_id, trust, role)
               values ($1, $2, $3, $4::float8::numeric, 'news')""",
            room.tenant,
            room.subscriptions[title],
            room.sources[title],
            trust,
        )


async def _call(tx: Tx, room: Newsroom, tier: str, stage: str, provider: str, cost: Decimal) -> None:
    room.calls[tier] = CallId(room.id())
    await tx.execute(
        """insert into calls (id, tenant_id, stage, tier, provider, model, prompt, prompt_version, prompt_hash,
                              input_hash, state, reserved, cost, sent_at, deadline)
           values ($1, $2, $3, $4, $5, 'model-1', $3, 'v1', '', '', 'answered', $6, $6, $7, $7)""",
        room.calls[tier],
        room.tenant,
        stage,
        tier,
        provider,
        cost,
        room.now,
    )


async def _judge(tx: Tx, room: Newsroom) -> None:
    await _on_item(tx, room, "short", Drop(Reason.TOO_SHORT, "10 characters, 50 are wanted"))
    await _on_item(tx, room, "off topic", Drop(Reason.NO_KEYWORD))
    for name in ("irrelevant", "lonely", "waiting", "drafted", "held"):
        screening = ScreeningId(room.id())
        await screenings.open_(tx, screening, room.stories[name], room.items[name], urgent=name == "drafted")
        await _on_item(tx, room, name, Pass(Reason.KEYWORD, "harbour"), screening)
        relevant: Verdict = Pass(Reason.RELEVANT, "Concerns berth capacity for the tenant's readers.", 88)
        if name == "irrelevant":
            relevant = Drop(Reason.LOW_RELEVANCE, "A prize, not trade.", 22)
        await _on_story(tx, room, name, Gate.RELEVANCE, relevant, screening)
        await _end(tx, room, name, screening)


async def _on_item(tx: Tx, room: Newsroom, name: str, verdict: Verdict, screening: ScreeningId | None = None) -> None:
    item, story = room.items[name], room.stories[name]
    await verdicts.add(tx, VerdictId(room.id()), Gate.RULES, verdict, story=story, item=item, screening=screening)


async def _on_story(tx: Tx, room: Newsroom, name: str, gate: Gate, verdict: Verdict, screening: ScreeningId) -> None:
    call = room.calls["cheap"] if gate is Gate.RELEVANCE else None
    story = room.stories[name]
    await verdicts.add(tx, VerdictId(room.id()), gate, verdict, story=story, screening=screening, call=call)


async def _end(tx: Tx, room: Newsroom, name: str, screening: ScreeningId) -> None:
    if name == "lonely":
        await _on_story(tx, room, name, Gate.SIGNAL, Drop(Reason.LOW_SIGNAL, "1 publisher in 2 h", 20), screening)
    if name in {"drafted", "held"}:
        await _on_story(tx, room, name, Gate.SIGNAL, Pass(Reason.SIGNAL, "2 publishers", 40), screening)
    sets = {
        "irrelevant": "state = 'dropped', gate = 'relevance', reason = 'low_relevance'",
        "lonely": "state = 'dropped', gate = 'signal', reason = 'low_signal', spread = 1",
        "waiting": """state = 'waiting', stage = 'assess', waiting_for = 'signal', spread = 1,
                      until = cid_now() + interval '2 hours'""",
        "drafted": "state = 'passed', stage = 'draft', spread = 2",
        "held": "state = 'passed', stage = 'draft', spread = 3",
    }
    await tx.execute(f"update screenings set {sets[name]} where tenant_id = $1 and id = $2", room.tenant, screening)
    if name in {"drafted", "held"}:
        await _draft(tx, room, name, screening)


async def _draft(tx: Tx, room: Newsroom, name: str, screening: ScreeningId) -> None:
    draft, version = DraftId(room.id()), VersionId(room.id())
    room.drafts[name], room.versions[name] = draft, version
    found = room.now - timedelta(minutes=33)
    story = room.stories[name]
    await drafts.add(tx, draft, screening=screening, story=story, version=version, sample=False, found_at=found)
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
        version,
        draft,
        author=Author.MACHINE,
        author_id=None,
        call=room.calls["quality"],
        provider="offline/extract-1",
        article=json.dumps(article),
        payloads="{}",
        renderer="test",
    )
    state = "ready" if name == "drafted" else "held"
    await tx.execute("update drafts set state = $3 where tenant_id = $1 and id = $2", room.tenant, draft, state)
