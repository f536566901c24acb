"""Values and rows for tests: say what matters, the rest is filled in."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from cid.domain.evidence import Claim
from cid.domain.ids import ItemId, SourceId, StoryId, TenantId, UserId, uuid7
from cid.domain.jobs import Job, JobKind
from cid.domain.news import Source, SourceKind, SourceState
from cid.domain.policy import Checks, Drafting, GatePolicy, Outage, Polling, Relevance, Reviewing, Rules, Signal
from cid.domain.tenants import Profile
from cid.gates.gate4_draft import Assignment
from cid.llm.catalogue import Catalogue
from cid.llm.models import load_models, load_prices
from cid.llm.offline import Offline
from cid.llm.prompts import Prompts
from cid.llm.router import Router
from cid.outside.keys import Keys
from cid.outside.vault import Vault
from cid.pg.pool import AppDb, WorkerDb
from cid.pg.sql import SQL
from cid.ports import Llm, Tx
from cid.services import Outside, Services
from cid.settings import angle_patterns, narratives, read
from cid.store import tenants
from cid.text.typed import into
from tests.fakes import FakeHttp, FakeLlm, FrozenClock, InlineChildren


def policy() -> GatePolicy:
    """As config/gates.toml has it, but for the pause between polls and the time to take an approval back."""
    return GatePolicy(
        rules=Rules(min_chars=50, min_trust=0.4, max_age=timedelta(hours=48), urgent_words=("breaking", "emergency")),
        relevance=Relevance(min_score=60, on_outage=Outage.RETRY),
        signal=Signal(
            min_score=40,
            spread_scores=((5, 100), (3, 60), (2, 40), (1, 20)),
            urgent_spread=3,
            rejudge_at=(2, 3, 5),
            patience=timedelta(hours=2),
        ),
        drafting=shipped_drafting(),  # word lists and structures, too long to say again
        reviewing=Reviewing(ready_score=85, on_outage=Outage.RETRY),
        checks=shipped_checks(),
        polling=Polling(spacing=timedelta(0)),  # two polls of one host in one test
    )


# What is shipped stays the same while tests run: read once in a process, of frozen values that nobody can change.
shipped_angles = cache(angle_patterns)
shipped_narratives = cache(narratives)
shipped_models = cache(load_models)
shipped_prices = cache(load_prices)


@cache
def shipped_drafting() -> Drafting:
    return read({}).gates.drafting


@cache
def shipped_checks() -> Checks:
    table = tomllib.loads((SQL.parent / "config" / "gates.toml").read_text())["checks"]
    return into(Checks, table, "checks")


def assignment(*claims: Claim, headline: str = "H", **over: Any) -> Assignment:
    """What gate 4 is to write about; without a structure unless one is named."""
    return Assignment(**{"headline": headline, "claims": claims, "structure": None, **over})


def services(
    db: AppDb,
    platform: WorkerDb,
    *,
    llm: Llm | None = None,
    outside: Outside | None = None,
    clock: FrozenClock | None = None,
    prompts: Prompts | None = None,
) -> Services:
    return Services(
        db=db,
        platform=platform,
        llm=llm or FakeLlm(lambda _ask, _subject: None),
        outside=outside or Outside(http=FakeHttp(), children=InlineChildren({}), sources={}, channels={}),
        clock=clock or FrozenClock(),
        policy=policy(),
        keys=(keys := Keys(b"0" * 32)),
        vault=Vault(keys),
        catalogue=(known := catalogue(db)),
        caps=known.caps,
        base_url="http://desk.test",
        prompts=prompts or Prompts.load(SQL.parent / "config" / "prompts"),
        angles=shipped_angles(),
        narratives=shipped_narratives(),
    )


def prompts(folder: Path) -> Path:
    """The shipped prompts, and a candidate for gate 2 that wants to be strict."""
    shipped = SQL.parent / "config" / "prompts"
    for path in shipped.glob("*/v1.md"):
        (folder / path.parent.name).mkdir(parents=True)
        (folder / path.parent.name / "v1.md").write_text(path.read_text())
    text = (shipped / "relevance" / "v1.md").read_text()
    strict = text.replace("---\nabout", "---\nlive: no\nabout", 1).replace("You score", "You are STRICT and score", 1)
    (folder / "relevance" / "v2.md").write_text(strict)
    return folder


def catalogue(db: AppDb) -> Catalogue:
    """Of the shipped files, on a machine without keys."""
    config = SQL.parent / "config"
    return Catalogue.of(
        Router(
            db,
            FrozenClock(),
            models=shipped_models(config / "models.toml"),
            prices=shipped_prices(config / "prices.toml"),
            prompts=Prompts({}),
            providers=[Offline()],
            lacking={"anthropic": "there is no key: set ANTHROPIC_API_KEY"},
        )
    )


async def tenant(platform: WorkerDb, slug: str = "acme", profile: Profile | None = None) -> TenantId:
    tenant = TenantId(uuid4())
    async with platform.tx() as tx:
        await tenants.add(tx, tenant, slug=slug, name=slug.title(), sample=False)
        await tenants.set_profile(tx, tenant, profile or Profile(keywords=("harbour",)))
    return tenant


async def user(tx: Tx, email: str = "ed@acme.test") -> UserId:
    """In a platform transaction."""
    user = UserId(uuid4())
    await tx.execute("insert into users (id, email, name) values ($1, $2, 'Ed')", user, email)
    return user


async def claimed(owner: Any, kind: JobKind, tenant: TenantId) -> list[Job]:
    """Hand out every ready job of a kind, as a claim would."""
    rows = await owner.fetch(
        """update jobs set state = 'running', attempt = attempt + 1, worker = gen_random_uuid(),
             lease = (random() * 1e15)::bigint, deadline = cid_now() + interval '5 minutes'
           where kind = $1 and tenant_id = $2 and state = 'ready'
           returning id, payload, attempt, lease, deadline""",
        kind,
        tenant,
    )
    import json

    return [
        Job(
            id=row["id"],
            tenant=tenant,
            kind=kind,
            payload=json.loads(row["payload"]) if isinstance(row["payload"], str) else row["payload"],
            attempt=row["attempt"],
            lease=row["lease"],
        )
        for row in rows
    ]


async def item(tx: Tx, *, story: StoryId | None = None, title: str = "A headline", url: str | None = None) -> ItemId:
    """In a platform transaction: a public item, and a story for it where none is given."""
    item = ItemId(uuid4())
    if story is None:
        story = StoryId(uuid4())
        await tx.execute("insert into stories (id, words) values ($1, '{}')", story)
    address = url or f"https://news.test/{item}"
    await tx.execute(
        """insert into items (id, url, url_hash, title, story_id, public)
           values ($1, $2, sha256($2::text::bytea), $3, $4, true)""",
        item,
        address,
        title,
        story,
    )
    return item


async def source(tx: Tx, url: str = "https://news.test/feed", *, tenant: TenantId | None = None) -> SourceId:
    """In a platform transaction."""
    source = SourceId(uuid4())
    await tx.execute("insert into sources (id, tenant_id, kind, url) values ($1, $2, 'rss', $3)", source, tenant, url)
    return source


def nobody() -> UUID:
    return uuid4()


def uuid7_now() -> UUID:
    """For rows of tables that are partitioned by id."""
    return uuid7(datetime.now(UTC))


def polled_source(url: str = "https://news.test/feed", **over: Any) -> Source:
    """A source as a reader is given it."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    values: dict[str, Any] = {
        "id": SourceId(uuid4()),
        "tenant_id": None,
        "kind": SourceKind.RSS,
        "url": url,
        "title": "",
        "publisher": "",
        "sample": False,
        "state": SourceState.ACTIVE,
        "outcome": None,
        "outcome_detail": "",
        "etag": "",
        "last_modified": "",
        "body_sha": None,
        "failures": 0,
        "interval_s": 900,
        "polled_at": None,
        "next_poll_at": at,
        "created_at": at,
    }
    return Source(**{**values, **over})
