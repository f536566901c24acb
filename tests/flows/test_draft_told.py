"""What the dear call is told of all that the desk knows: on a real Postgres, through the flow."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from cid.domain.angles import Angle
from cid.domain.fit import Fit, Risk
from cid.domain.ids import ScreeningId, SourceId, StoryId, TenantId, uuid7
from cid.domain.jobs import JobKind
from cid.domain.llm import Ask, Json, Subject
from cid.domain.tenants import Profile
from cid.gates.gate35_fit import key_of
from cid.pg.pool import AppDb, WorkerDb
from cid.ports import Tx
from cid.render.article import read_article
from cid.store import evidence, fits, guardrails
from tests import funnel, make
from tests.fakes import FakeLlm, FrozenClock

SUMMARY = "The harbour gets three cranes. Owners of small boats wait less. A permit costs nothing this year."


def _says(ask: Ask, subject: Subject) -> Mapping[str, Json] | None:
    if ask.stage == "relevance":
        return {"score": 90, "matched": [], "injection_suspected": False}
    if ask.stage != "draft":
        return None
    (first, *_) = subject.input["claims"]
    texts = ("title", "slug", "description", "linkedin", "short_post", "newsletter", "image_brief", "angle_reason")
    article = {
        **dict.fromkeys(texts, "x"),
        "angle": "opportunity",
        "body": f"Said [P](<{first['url']}>).",
        "keywords": [],
        "questions": [],
        "references": [],
    }
    return {"skip": "none", "why": "", "article": article}


@pytest.fixture
def llm() -> FakeLlm:
    return FakeLlm(_says)


async def rule(tx: Tx, tenant: TenantId | None, text: str, industry: str = "") -> None:
    at = uuid7(datetime.now(UTC))
    await guardrails.add(tx, at, tenant, text, industry=industry, category="", finding="", draft=None, by=None)


async def competitor(tx: Tx, tenant: TenantId) -> SourceId:
    source = SourceId(uuid4())
    await tx.execute(
        """insert into sources (id, kind, url, publisher, vetted)
           values ($1, 'rss', 'https://rival.test/feed', 'R', true)""",
        source,
    )
    await tx.execute(
        "insert into subscriptions (tenant_id, id, source_id, role) values ($1, $2, $3, 'competitor')",
        tenant,
        uuid4(),
        source,
    )
    return source


async def test_fit_competition_and_standing_rules_reach_the_writer(
    db: AppDb, platform: WorkerDb, owner: Any, llm: FakeLlm
) -> None:
    clock = FrozenClock(datetime.now(UTC))
    sv = make.services(db, platform, llm=llm, outside=funnel.outside(), clock=clock)
    tenant = await make.tenant(platform, profile=Profile(keywords=("harbour",), industry="Ports and harbours"))
    other = await make.tenant(platform, "other", profile=Profile(keywords=("harbour",), industry="Ports"))
    story = StoryId(uuid4())
    async with platform.tx() as tx:
        for publisher in ("P1", "P2"):
            item = await funnel.report(
                tx, story, publisher=publisher, title="Harbour cranes", summary=SUMMARY, at=clock.now()
            )
    async with db.tx(tenant) as tx:
        await funnel.screening(tx, story, item)
    await funnel.run(sv, owner, tenant, JobKind.RELATE, JobKind.ASSESS, JobKind.GATHER, JobKind.FIT)
    screening = ScreeningId(await owner.fetchval("select id from screenings where stage = 'draft'"))
    async with db.tx(tenant) as tx:
        last = (await evidence.pack(tx, tenant, screening)).claims[-1]
        found = Fit(
            audience_relevance=0.8,
            business_relevance=0.5,
            actionability=0.7,
            risk_level=Risk.LOW,
            recommended_angle=Angle.OPPORTUNITY,
            claims_to_use=(key_of(last),),
        )
        await fits.note(tx, screening, found)
        await rule(tx, tenant, "Name the council in full.")
        await rule(tx, tenant, "Name the port.", "Harbours")
        await rule(tx, tenant, "Name the clinic.", "health care")
    async with db.tx(other) as tx:
        await rule(tx, other, "Never name the council.")
    async with platform.tx() as tx:
        await rule(tx, None, "Say which year.")
        rival = await competitor(tx, tenant)
        await funnel.report(
            tx, story, publisher="", title="Harbour cranes by the numbers", summary="", at=clock.now(), source=rival
        )
    await funnel.run(sv, owner, tenant, JobKind.DRAFT)

    (ask,) = [ask for ask in llm.asked if ask.stage == "draft"]
    shown = ask.subjects[0].input
    assert [claim["text"] for claim in shown["claims"]] == [last.text]
    assert (shown["recommended_angle"], shown["angles_taken"]) == ("opportunity", ["data_story"])
    rules = ["Name the council in full.", "Name the port.", "Say which year."]
    assert ask.shared["guardrails"] == rules, "its own, of its industry, and everybody's; nobody else's"
    assert "data_story" not in str(ask.schema)
    article = read_article(await owner.fetchval("select article from versions"))
    assert (article.angle, article.structure, article.short_post) == ("opportunity", "news_brief", "x")
    said = await owner.fetchrow(
        "select detail, signals::jsonb ->> 'structure' as structure from verdicts where gate = 'draft'"
    )
    assert (said["detail"], said["structure"]) == ("opportunity: x", "news_brief")
