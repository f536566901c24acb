"""A small newsroom with something in every state, for tests of pages."""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from cid.domain.draft import Author
from cid.domain.ids import (
    CallId,
    DraftId,
    EntryId,
    ImageId,
    ItemId,
    MatchId,
    MonitorId,
    ReviewId,
    RunBatchId,
    RunId,
    ScreeningId,
    SourceId,
    StoryId,
    SubscriptionId,
    TenantId,
    TokenId,
    UserId,
    VerdictId,
    VersionId,
    uuid7,
)
from cid.domain.mail import MailKind, MailState
from cid.domain.programs import Scope
from cid.domain.review import ReviewOutcome
from cid.domain.tenants import Desk, Role
from cid.domain.tracker import Category, Fault, Region, Tags, Tracker
from cid.domain.verdicts import Drop, Gate, Pass, Reason, Verdict
from cid.gates import gate2_relevance
from cid.outside import passwords
from cid.store import (
    drafts,
    entries,
    faults,
    guardrails,
    images,
    mails,
    people,
    runs,
    screenings,
    tenants,
    tokens,
    trackers,
    verdicts,
)
from tests import analysis

if TYPE_CHECKING:
    from cid.ports import Tx
    from cid.services import Services

PASSWORD = "a long enough password"
ADMIN = "admin@desk.test"
"""Runs the platform and belongs to no tenant."""
_hashes: list[str] = []
RESTING = "Dockside Dispatch"
"""Quarantined, with two proposals."""
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


TRACKER = Tracker(
    title="Harbours of the north",
    topic="Harbours, their works and their rules.",
    categories=(Category(name="Works", definition="Building."), Category(name="Rules", definition="Deciding.")),
    regions=(Region(code="NB", name="North Basin"), Region(code="EL", name="Elmsworth", aliases=("EW",))),
    national="ALL",
    national_name="All harbours",
)


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
    screenings: dict[str, ScreeningId] = field(default_factory=dict)
    drafts: dict[str, DraftId] = field(default_factory=dict)
    versions: dict[str, VersionId] = field(default_factory=dict)
    calls: dict[str, CallId] = field(default_factory=dict)
    trial: UUID = field(default_factory=uuid4)
    entries: dict[str, EntryId] = field(default_factory=dict)
    runs: dict[str, RunId] = field(default_factory=dict)
    """Of the analysis desk: one that is under way, in a batch. `tests.analysis` furnishes all the others."""
    batch: RunBatchId = field(default_factory=lambda: RunBatchId(uuid4()))
    monitor: MonitorId = field(default_factory=lambda: MonitorId(uuid4()))
    match: MatchId = field(default_factory=lambda: MatchId(uuid4()))
    """Of a narrative, in that run's report."""
    proposals: dict[str, UUID] = field(default_factory=dict)
    rule: UUID = field(default_factory=uuid4)
    mail: UUID = field(default_factory=uuid4)
    """Refused."""
    """A standing rule of acme's."""
    people: dict[str, UserId] = field(default_factory=dict)
    """By address."""
    image: ImageId = field(default_factory=lambda: ImageId(uuid4()))
    token: TokenId = field(default_factory=lambda: TokenId(uuid4()))
    """Of acme's owner. What would let somebody in by it is not known to anybody."""
    channel: UUID = field(default_factory=uuid4)
    """A channel of acme's that is switched off: nothing is rendered for it."""

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
        await trackers.set_(tx, room.tenant, TRACKER)
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
        await _trial(tx, room)
        await _judge(tx, room)
        await guardrails.add(
            tx, room.rule, room.tenant, "Say whose figure it is.", industry="", category="fabrication",
            finding="A figure without a source.", draft=room.drafts["held"], by=None,
        )  # fmt: skip
        await _track(tx, room)
        await _refused(tx, room)
        await _analyse(tx, room)
        await images.add(tx, room.image, b"a picture of acme's", mime="image/png", width=1, height=1, provider="own")
        await tx.execute(
            """insert into channels (tenant_id, id, kind, name, base_url, domain, active)
               values ($1, $2, 'ghost', 'Old blog', 'https://blog.acme.test', 'acme.test', false)""",
            room.tenant,
            room.channel,
        )
        boss = await tx.fetchval("select user_id from members where role = 'owner'")
        await tokens.add(
            tx, room.token, boss, name="reader", hashed=b"unknown", scopes=[Scope.DRAFTS_READ], life=None, most=1
        )
    async with sv.platform.tx() as tx:
        await _propose(tx, room)
    return room


async def _analyse(tx: Tx, room: Newsroom) -> None:
    run = analysis.dossiers(room.now, room.tenant)["running"]
    room.runs["running"] = run.run.id
    await runs.add_batch(tx, room.batch, "Outlets of the harbour", None)
    await analysis.write(tx, run, batch=room.batch)
    await runs.add_matches(tx, run.run.id, [(room.match, analysis.in_report("anti_eu_002"))], dict(analysis.NAMES))

    await tx.execute(
        """insert into monitors (tenant_id, id, outlet, outlet_key, country, platform, period, items, every_hours)
           values ($1, $2, 'Northern Courier', 'northern courier|MD', 'MD', 'news', 'w', 5, 24)""",
        *(room.tenant, room.monitor),
    )


async def _refused(tx: Tx, room: Newsroom) -> None:
    """A mail that nobody took."""
    await mails.add(
        tx, room.mail, tenant=room.tenant, kind=MailKind.DIGEST, key="2026-01-01", user=None,
        address="editor@acme.test", subject="1 draft to review – Acme Harbour News", sealed="sealed",
    )  # fmt: skip
    await mails.move(tx, room.mail, MailState.PLANNED, MailState.REFUSED, error="550 5.1.1 No such user")


async def _join(tx: Tx, room: Newsroom, email: str, tenant: TenantId, role: Role) -> None:
    user = room.people[email] = UserId(room.id())
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
    room.sources[RESTING] = SourceId(room.id())
    await tx.execute(
        """insert into sources (id, kind, url, title, publisher, outcome, outcome_detail, failures, state, quarantines,
                                quarantined_since, quarantined_until, polled_at, next_poll_at, last_new_at)
           values ($1, 'rss', 'https://www.dockside.test/news/feed', $2, 'dockside.test', 'gone',
                   'There is nothing at this address (404).', 4, 'quarantined', 2, $3, $4, $5, $4, $6)""",
        room.sources[RESTING],
        RESTING,
        room.now - timedelta(hours=9),
        room.now + timedelta(hours=9),
        room.now - timedelta(hours=3),
        room.now - timedelta(days=2),
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
    await tx.execute(
        "insert into subscriptions (tenant_id, id, source_id, trust) values ($1, $2, $3, 0.55)",
        room.tenant,
        room.id(),
        room.sources[RESTING],
    )


async def _propose(tx: Tx, room: Newsroom) -> None:
    """What a search for the quarantined source found and what it did not, in a platform transaction."""
    for place, (name, tier, url, kinship) in enumerate(
        [
            ("Dockside Dispatch: all news", "site", "https://www.dockside.test/v2/atom.xml", "host"),
            ("Freight & Quay", "news", "https://www.freightquay.test/feed/", "none"),
        ]
    ):
        room.proposals[tier] = room.id()
        await tx.execute(
            """insert into proposals (tenant_id, id, source_id, tier, url, via, title, entries, newest_at, kinship,
                                      place, tested_at)
               values ($1, $2, $3, $4, $5, 'named by the home page', $6, 24, $7, $8, $9, $10)""",
            room.tenant,
            room.proposals[tier],
            room.sources[RESTING],
            tier,
            url,
            name,
            room.now - timedelta(hours=4),
            kinship,
            place,
            room.now - timedelta(hours=3),
        )
    await tx.execute(
        "insert into searches (tenant_id, source_id, found, tried, searched_at) values ($1, $2, 2, $3, $4)",
        room.tenant,
        room.sources[RESTING],
        [
            {
                "tier": "site",
                "url": "https://www.dockside.test/rss.xml",
                "why": "The answer is a web page, not a feed.",
            },
            {"tier": "news", "url": "https://old-pier.test/feed/", "why": "Its newest entry is of 2024-01-02."},
        ],
        room.now - timedelta(hours=3),
    )


async def _call(tx: Tx, room: Newsroom, tier: str, stage: str, provider: str, cost: Decimal) -> None:
    """One that is answered, with its request, its reply and the answer that was kept of it."""
    room.calls[tier] = CallId(room.id())
    answer = {"score": 88, "matched": [1]}
    await tx.execute(
        """insert into calls (id, tenant_id, stage, tier, provider, model, prompt, prompt_version, prompt_hash,
                              input_hash, state, stop, reserved, cost, input, output, sent_at, answered_at, deadline,
                              read_at, reading, reply, subjects, request)
           values ($1, $2, $3, $4, $5, 'model-1', $3, 'v1', sha256($3::text::bytea), '', 'answered', 'end', $6, $6, 900,
                   60, $7, $7::timestamptz + interval '1.25 s', $7, $7, 'strict', $8, $9, $10)""",
        room.calls[tier],
        room.tenant,
        stage,
        tier,
        provider,
        cost,
        room.now,
        json.dumps({"answers": [{"id": "a1", **answer}]}),
        [["a1", f"subject of {tier}", hashlib.sha256().hexdigest()]],
        {
            "shared": {"profile": {"keywords": ["harbour"]}},
            "inputs": {"a1": {"title": "Norhaven opens a harbour", "summary": "Three cranes.", "publisher": "P"}},
            "schema": gate2_relevance.SCHEMA,
            "max_tokens": 320,
            "addresses": [],
        },
    )
    await tx.execute(
        """insert into call_subjects (tenant_id, stage, subject, input_hash, call_id, provider, answer)
           values ($1, $2, $3, sha256(''), $4, $5, $6)""",
        room.tenant,
        stage,
        f"subject of {tier}",
        room.calls[tier],
        provider,
        answer,
    )


async def _trial(tx: Tx, room: Newsroom) -> None:
    """Of another version of gate 2, under way: one verdict is another one, one subject failed."""
    room.trial = room.id()
    await tx.execute(
        """insert into trials (tenant_id, id, prompt, version, last, state, total, made_at)
           values ($1, $2, 'relevance', 'v1', 5, 'running', 3, $3)""",
        room.tenant,
        room.trial,
        room.now,
    )
    await tx.execute(
        """insert into trial_subjects (tenant_id, trial_id, call_id, id, subject, before, after, error, before_score,
             after_score, before_verdict, after_verdict)
           values ($1, $2, $3, 'a1', 'a story', '{"score": 88}', '{"score": 40}', '', 88, 40, 'passed', 'dropped'),
             ($1, $2, $3, 'a2', 'another', '{"score": 70}', null, 'the vendor is down', 70, null, 'passed', ''),
             ($1, $2, $3, 'a3', 'a third', null, null, '', null, null, '', '')""",
        room.tenant,
        room.trial,
        room.calls["cheap"],
    )


async def _judge(tx: Tx, room: Newsroom) -> None:
    await _on_item(tx, room, "short", Drop(Reason.TOO_SHORT, "10 characters, 50 are wanted"))
    await _on_item(tx, room, "off topic", Drop(Reason.NO_KEYWORD))
    for name in ("irrelevant", "lonely", "waiting", "drafted", "held"):
        screening = room.screenings[name] = ScreeningId(room.id())
        await screenings.open_(tx, screening, room.stories[name], room.items[name], urgent=name == "drafted")
        await _on_item(tx, room, name, Pass(Reason.KEYWORD, "harbour"), screening)
        relevant: Verdict = Pass(Reason.RELEVANT, "Concerns berth capacity for the tenant's readers.", 88)
        if name == "irrelevant":
            relevant = Drop(Reason.LOW_RELEVANCE, "A prize, not trade.", 22)
        await _on_story(tx, room, name, Gate.RELEVANCE, relevant, screening)
        await _end(tx, room, name, screening)


async def _track(tx: Tx, room: Newsroom) -> None:
    """On the tracker one that waits for a decision, one on its way, and one that failed."""
    for name in ("drafted", "waiting", "held"):
        screening = ScreeningId(room.id())
        await screenings.open_(tx, screening, room.stories[name], room.items[name], urgent=False, desk=Desk.TRACKER)
        (opened,) = await screenings.by_ids(tx, room.tenant, [screening])
        if name == "held":
            await faults.add(tx, room.id(), screening, Fault.REGION, "track: a region is not on the list", final=True)
            await screenings.fail(tx, opened, "region: track: a region is not on the list")
        if name == "drafted":
            await screenings.pass_(tx, opened)
            room.entries[name] = EntryId(room.id())
            await entries.add(
                tx,
                room.entries[name],
                screening=screening,
                story=room.stories[name],
                item=room.items[name],
                tags=Tags(category="Works", regions=("EL",), summary="Elmsworth has shore power. Ferries use it."),
                title=ITEMS[name],
                url="https://www.feed0.test/drafted",
                score=91,
                published_at=room.now,
                sample=False,
                provider="anthropic/claude-haiku-5-5",
                call=None,
            )


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


FEE = "Everybody pays the fee."


async def reviewed(sv: Services, room: Newsroom) -> VersionId:
    """Both rounds of the draft `held`, and one of `drafted`; answers the version that the machine's revision made."""
    draft, first, second = room.drafts["held"], room.versions["held"], VersionId(room.id())
    async with sv.db.tx(room.tenant) as tx:
        old = await drafts.version(tx, room.tenant, first)
        assert old
        article = json.loads(old.article)
        revised = json.dumps(article | {"body": "## What happened\n\nShore power is on at six berths."})
        await drafts.add_version(
            tx, second, draft, author=Author.MACHINE, author_id=None, call=None, provider="anthropic/m",
            article=revised, payloads="{}", renderer="test", revises=first,
        )  # fmt: skip
        assert await drafts.replace_version(tx, room.tenant, draft, first, second)
        await tx.execute("update drafts set state = 'held' where tenant_id = $1 and id = $2", room.tenant, draft)
        finding = {"severity": "major", "category": "factual_risk", "where": "Shore power", "fix": "Say who is exempt."}
        found = json.dumps([finding | {"what": FEE}])
        change = {"field": "body", "before": "Shore power is on.", "after": "Shore power is on at six berths."}
        add = functools.partial(drafts.add_review, tx, call=None)
        paid = [room.calls["cheap"]]
        held, ready = ReviewOutcome.NEEDS_ADMIN_REVIEW, ReviewOutcome.READY_FOR_APPROVAL
        await add(ReviewId(room.id()), draft, first, held, score=78, findings=found, paid=paid)
        await add(ReviewId(room.id()), draft, second, held, score=83, findings="[]", paid=paid, changes=[change])
        other = room.drafts["drafted"], room.versions["drafted"]
        await add(ReviewId(room.id()), *other, ready, score=91, findings=found)
    return second
