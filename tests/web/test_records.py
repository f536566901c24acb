"""What shows later that a person reviewed a text, and who answers for it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from cid.domain.errors import Refused
from cid.domain.publication import Disclosure, PublicationState
from cid.domain.record import Witness
from cid.domain.tenants import Role
from cid.flows import decide, disclosures, publish, record
from cid.store.disclosures import Terms
from tests.newsroom import Newsroom
from tests.press import ARTICLE, Press, press
from tests.web.conftest import Desk, Person

if TYPE_CHECKING:
    from cid.pg.pool import AppDb, WorkerDb

TERMS = Terms(disclosure=Disclosure.DISCLOSE, responsible="", review_seconds=60, link_hours=72)


@pytest.fixture
async def press_(db: AppDb, platform: WorkerDb, owner: Any) -> Press:
    made = await press(db, platform, owner)
    await made.channel("site", canonical=True)
    return made


async def test_a_record_tells_who_decided_what_after_seeing_what(press_: Press) -> None:
    desk = press_
    draft = await desk.draft()
    shown = await desk.shown(draft)
    await decide.edit(desk.sv, desk.actor, draft, shown[1], replace(ARTICLE, title="Mine"))
    await desk.review(draft, held=False)
    witness = Witness(seconds=75, compared=True, agent="Firefox", address="ab", checklist={"figures": True})
    await decide.approve(desk.sv, desk.actor, *await desk.shown(draft), via="page", witness=witness)
    kept = await record.record(desk.sv, desk.actor.tenant, draft)
    json.dumps(kept)
    [made] = kept["decisions"]
    assert (made["by"]["name"], made["by"]["role"], made["version"], made["via"]) == ("Ed", "editor", 2, "page")
    assert (made["seconds_on_page"], made["compared"], made["checklist"]) == (75, True, {"figures": True})
    assert made["edits_by_people"] == [{"number": 2, "who": "Ed"}]
    assert made["channels"] == [{"name": "site", "mode": "disclose", "responsible": ""}]
    [told] = made["disclosure"].values()
    assert told["mode"] == "disclose"
    assert "A person edited the draft." in told["text"]
    assert [version["sha256"] for version in kept["versions"]][1] == made["sha256"]


async def test_the_chain_holds_from_version_to_publication_and_breaks_where_bytes_were_changed(press_: Press) -> None:
    desk = press_
    draft = await desk.draft()
    await decide.approve(desk.sv, desk.actor, *await desk.shown(draft), via="page")
    await desk.owner.execute("update publications set due_at = cid_now()")
    await publish.publish(desk.sv, await desk.jobs())
    links = await record.verify(desk.sv, desk.actor.tenant, draft)
    assert [link.what for link in links] == ["version 1", "approve by Ed", "publication on site"]
    assert all(link.holds for link in links)
    post = (await desk.posted(draft))["site"]
    assert post.state is PublicationState.LIVE
    assert not await publish.compare(desk.sv, desk.tenant, post.id)
    guard = await desk.owner.fetchval(
        """select conname from pg_constraint where conrelid = 'versions'::regclass
           and pg_get_constraintdef(oid) like '%sha256(convert_to%'"""
    )
    await desk.owner.execute(f"alter table versions drop constraint {guard}")
    await desk.owner.execute("update versions set payloads = '{}'")
    links = await record.verify(desk.sv, desk.actor.tenant, draft)
    assert [link.holds for link in links] == [False, True, False]


async def test_who_manages_sets_how_readers_are_told_and_it_is_written_down(press_: Press) -> None:
    desk = press_
    boss = await desk.colleague("Bo", Role.OWNER)
    [site] = await desk.active()
    with pytest.raises(Refused, match="may not change this"):
        await disclosures.change(desk.sv, desk.actor, TERMS, {})
    with pytest.raises(Refused, match="Name who holds"):
        await disclosures.change(desk.sv, boss, TERMS, {site.id: Disclosure.RESPONSIBILITY})
    with pytest.raises(Refused, match="168"):
        await disclosures.change(desk.sv, boss, replace(TERMS, link_hours=169), {})
    named = replace(TERMS, responsible="Ada Lind", link_hours=168)
    await disclosures.change(desk.sv, boss, named, {site.id: Disclosure.RESPONSIBILITY})
    await disclosures.change(desk.sv, boss, named, {site.id: Disclosure.RESPONSIBILITY})
    [site] = await desk.active()
    assert (site.disclosure, site.responsible) == (Disclosure.RESPONSIBILITY, "Ada Lind")
    assert await desk.owner.fetchval("select count(*) from audit where action = 'disclosure.change'") == 1
    payload = json.loads((await desk.version(await desk.draft())).payloads)[str(site.id)]
    assert payload["disclosure"] == [
        "Ada Lind reviewed this text before it was published and holds editorial responsibility for it."
    ]
    assert payload["disclosure_mode"] == "editorial-responsibility"
    assert "digitalSourceType" in json.dumps(payload["json_ld"]), "machines are told in either mode"


async def test_the_pages_say_it_and_keep_it(boss: Person, room: Newsroom, desk: Desk) -> None:
    draft = room.drafts["drafted"]
    page = await boss.text(f"/t/acme/drafts/{draft}/record")
    assert "Nobody has decided on it yet." in page
    assert f'href="/t/acme/drafts/{draft}/record"' in await boss.text(f"/t/acme/drafts/{draft}")
    answer = await boss.get(f"/t/acme/drafts/{draft}/record.json")
    assert (await answer.json())["format"] == "cid-approval-record/1"
    text = await boss.text("/t/acme/disclosure")
    assert "drafted by a language model" in text
    sent = {"mode": "editorial-responsibility", "review_seconds": "30", "link_hours": "24"}
    assert (await boss.post("/t/acme/disclosure", **sent)).status == 422
    assert (await boss.post("/t/acme/disclosure", **sent, responsible="Acme Ltd")).status == 303
    assert "Acme Ltd reviewed this text" in await boss.text("/t/acme/disclosure")
