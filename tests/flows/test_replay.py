"""A whole small funnel, recorded from the double once and replayed with nobody there: the same to the last byte."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import pytest

from cid import bootstrap, settings
from cid.bootstrap import checks
from cid.domain.ids import StoryId, TenantId
from cid.domain.jobs import JobKind
from cid.domain.llm import Raw, Wire
from cid.domain.tenants import Profile
from cid.domain.tuning import TapeMode
from cid.llm.anthropic import Anthropic
from cid.llm.router import Router
from cid.llm.tape import Tape
from cid.pg import roles
from cid.pg.doctor import Level
from cid.pg.pool import AppDb, WorkerDb
from cid.ports import Provider
from cid.services import Services
from tests import claude, funnel, make
from tests.fakes import FrozenClock
from tests.vendor import Body, Said, Speech

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
TITLES = ("Harbour cranes go up", "Harbour ferry stops", "Harbour dues fall")
SUMMARY = "The harbour of Norhaven changes. The office said so on Monday. Owners of boats wait less from now on."
TRAITS = funnel.models().of_provider("anthropic")


class Nobody:
    """Stands where a replay must not come."""

    name = "anthropic"

    async def complete(self, _wire: Wire) -> Raw:
        raise AssertionError("a replay called out")


def by_stage(speech: Speech, body: Body) -> Said:
    """Scores by the title's length; a draft that quotes its evidence; a review without findings."""
    (subject,) = speech.subjects(body)
    properties = speech.shape(body)["properties"]
    if "matched" in properties:
        over: dict[str, Any] = {"score": 60 + len(subject["title"])}
    elif "article" in properties:
        claim = subject["claims"][0]
        names = ("angle_reason", "title", "slug", "description", "linkedin", "short_post", "newsletter", "image_brief")
        text = dict.fromkeys(names, f"on {claim['title']}".casefold())
        empty: dict[str, Any] = {"keywords": [], "questions": [], "references": []}
        more = {"angle": "local_impact", "body": f"Said [P](<{claim['url']}>).", **empty}
        over = {"skip": "none", "why": "", "article": {**text, **more}}
    else:
        over = {"score": 88, "findings": []}
    return Said(text=json.dumps({"answers": [{**row, **over} for row in speech.rows(body)]}))


async def desk(db: AppDb, platform: WorkerDb, slug: str, provider: Provider) -> tuple[Services, TenantId]:
    """A tenant with three stories waiting, their addresses the same each time."""
    clock = FrozenClock()
    sv = make.services(db, platform, llm=funnel.router(db, clock, provider), outside=funnel.outside(), clock=clock)
    tenant = await make.tenant(platform, slug, profile=Profile(keywords=("harbour",), geography=("Norhaven",)))
    return sv, tenant


async def stories(sv: Services) -> list[tuple[StoryId, Any]]:
    made = []
    async with sv.platform.tx() as tx:
        for number, title in enumerate(TITLES):
            story = StoryId(UUID(int=number + 1))
            items = [
                await funnel.report(
                    tx,
                    story,
                    publisher=f"P{n}",
                    title=title,
                    summary=SUMMARY,
                    url=f"https://news.test/{number}/{n}",
                    at=sv.clock.now(),
                )
                for n in range(2)
            ]
            made.append((story, items[0]))
    return made


async def through(sv: Services, owner: Owner, tenant: TenantId, waiting: list[tuple[StoryId, Any]]) -> None:
    for story, item in waiting:
        async with sv.db.tx(tenant) as tx:
            await funnel.screening(tx, story, item)
        await funnel.run(sv, owner, tenant)


async def told(owner: Owner, tenant: TenantId) -> list[tuple[Any, ...]]:
    """All that the models' answers led to, without ids and times of our own."""
    statements = (
        """select gate, outcome, reason, score, detail from verdicts where tenant_id = $1
           order by story_id, gate, score""",
        """select v.article::text, v.payloads::text, v.sha256, d.state from versions v
           join drafts d on d.tenant_id = v.tenant_id and d.id = v.draft_id
           where v.tenant_id = $1 order by d.story_id, v.number""",
        """select r.outcome, r.score, r.findings::text from reviews r
           join drafts d on d.tenant_id = r.tenant_id and d.id = r.draft_id
           where r.tenant_id = $1 order by d.story_id""",
        """select stage, provider, model, state, stop, served, input, cache_read, cache_write, output, thinking, cost,
             reply, reading from calls where tenant_id = $1 order by stage, id""",
    )
    return [tuple(row) for sql in statements for row in await owner.fetch(sql, tenant)]


async def recorded(folder: Path, db: AppDb, platform: WorkerDb, owner: Owner) -> list[tuple[Any, ...]]:
    async with claude.claude() as double:
        double.script = [by_stage] * 9
        provider = Anthropic("key", traits=TRAITS, base_url=double.url)
        sv, tenant = await desk(db, platform, "first", Tape(provider, TapeMode.RECORD, folder, TRAITS))
        await through(sv, owner, tenant, await stories(sv))
        await provider.close()
        assert len(double.asked) == 9
    return await told(owner, tenant)


async def test_a_funnel_replayed_with_nobody_there_is_the_same_byte_for_byte(
    tmp_path: Path, db: AppDb, platform: WorkerDb, owner: Owner
) -> None:
    first = await recorded(tmp_path, db, platform, owner)
    assert len(os.listdir(tmp_path)) == 9  # noqa: PTH208 - nothing waits for a folder in memory
    assert len(first) > 20
    sv, tenant = await desk(db, platform, "second", Tape(Nobody(), TapeMode.REPLAY, tmp_path, TRAITS))
    waiting = await owner.fetch("select distinct on (story_id) story_id, id from items order by story_id desc, url")
    # The other way round: the order in which it was recorded must not matter.
    await through(sv, owner, tenant, [(row["story_id"], row["id"]) for row in waiting])
    second = await told(owner, tenant)
    # Calls of one stage are listed in the order of asking, which was turned round.
    assert sorted(map(repr, second)) == sorted(map(repr, first))


async def test_a_miss_fails_at_once_where_people_see_it_and_asks_no_other_model(
    tmp_path: Path, db: AppDb, platform: WorkerDb, owner: Owner
) -> None:
    await recorded(tmp_path, db, platform, owner)
    sv, tenant = await desk(db, platform, "second", Tape(Nobody(), TapeMode.REPLAY, tmp_path, TRAITS))
    async with sv.platform.tx() as tx:
        story = StoryId(UUID(int=9))
        item = await funnel.report(
            tx, story, publisher="P", title="Harbour bridge opens", summary=SUMMARY, at=sv.clock.now()
        )
    async with sv.db.tx(tenant) as tx:
        await funnel.screening(tx, story, item)
    await funnel.run(sv, owner, tenant, JobKind.RELATE)
    (screening,) = await owner.fetch("select state, failure from screenings where tenant_id = $1", tenant)
    assert screening["state"] == "failed"
    assert "There is no recording" in screening["failure"]
    assert '+document.subjects.title: "Harbour bridge opens"' in screening["failure"]
    (call,) = await owner.fetch("select state, cost, attempt, error from calls where tenant_id = $1", tenant)
    assert (call["state"], call["attempt"]) == ("failed", 1)
    assert not call["cost"]
    assert await owner.fetchval("select count(*) from breakers where open_until > cid_now()") == 0


@pytest.mark.parametrize("mode", ["record", "replay"])
def test_the_doctor_says_that_replies_come_from_files(tmp_path: Path, mode: str) -> None:
    (tmp_path / "a.json").write_text("{}")
    read = settings.read({"CID_ENV": "development", "CID_TAPE": mode, "CID_TAPES": str(tmp_path)})
    first, *others = checks.model_checks(read)
    assert (first.name, first.level) == ("recorded replies", Level.WARN)
    assert str(tmp_path) in first.what
    # A replay needs no key.
    assert all(check.level is Level.OK for check in others) is (mode == "replay")


async def test_the_desk_is_put_together_with_a_tape_and_without_a_key(tmp_path: Path) -> None:
    env = {"CID_ENV": "test", "CID_TAPE": "replay", "CID_TAPES": str(tmp_path), "CID_DATA": str(tmp_path / "data")}
    async with bootstrap.open_services(settings.read(env), roles.embedded(str(tmp_path))) as services:
        assert isinstance(services.llm, Router)
        vendors = {name for name, one in services.llm.providers.items() if isinstance(one, Tape)}
        assert vendors == set(services.llm.providers) - {"offline"}
        assert vendors
        assert not services.llm.lacking
