"""A person decides on exactly the bytes they saw, and whoever is second is told what happened."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
import pytest

from cid.cli import frame, main
from cid.domain.draft import Author, DraftState, Image, Question, Reference
from cid.domain.errors import Conflict, NotFound, Refused
from cid.domain.ids import DraftId, VersionId
from cid.domain.jobs import JobKind
from cid.domain.outside import ChildFailure
from cid.domain.publication import PublicationState
from cid.domain.record import Witness
from cid.domain.tenants import Role
from cid.flows import decide, publish
from cid.render.article import read_article
from cid.store import policies
from tests.press import ARTICLE, Press, press

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cid.pg.pool import AppDb, WorkerDb


@pytest.fixture
async def desk(db: AppDb, platform: WorkerDb, owner: asyncpg.Connection[asyncpg.Record]) -> Press:
    desk = await press(db, platform, owner)
    await desk.channel("site", canonical=True)
    return desk


async def test_an_approval_names_the_bytes_and_plans_and_queues_their_publication(desk: Press) -> None:
    draft = await desk.draft()
    version = await desk.version(draft)
    approved = await decide.approve(desk.sv, desk.actor, *await desk.shown(draft), via="page")
    assert approved.planned == ("site",)
    assert (await desk.seen(draft)).state is DraftState.APPROVED
    row = await desk.owner.fetchrow("select * from decisions where draft_id = $1", draft)
    assert (row["version_id"], row["sha256"]) == (version.id, hashlib.sha256(version.payloads.encode()).digest())
    posted = (await desk.posted(draft))["site"]
    assert (posted.state, posted.decision_id) == (PublicationState.PLANNED, approved.decision)
    assert [job.payload for job in await desk.jobs()] == [{"publication": str(posted.id)}]
    assert await desk.owner.fetchval("select action from audit") == "draft.approve"


async def test_the_canonical_channel_is_queued_alone_and_without_one_all_are(
    desk: Press, db: AppDb, platform: WorkerDb, owner: Any
) -> None:
    await desk.channel("blog")
    draft = await desk.draft()
    await decide.approve(desk.sv, desk.actor, *await desk.shown(draft), via="page")
    assert len(await desk.jobs()) == 1
    other = await press(db, platform, owner, slug="other")
    await other.channel("one")
    await other.channel("two")
    await decide.approve(other.sv, other.actor, *await other.shown(await other.draft()), via="page")
    assert len(await other.jobs()) == 2


async def test_a_channel_younger_than_the_version_is_left_out_and_said_so(desk: Press) -> None:
    draft = await desk.draft()
    await desk.channel("late")
    approved = await decide.approve(desk.sv, desk.actor, *await desk.shown(draft), via="page")
    assert (approved.planned, approved.left_out) == (("site",), ("late",))


async def test_the_second_click_is_told_who_decided_and_changes_nothing(desk: Press) -> None:
    draft = await desk.draft()
    shown, ada = await desk.shown(draft), await desk.colleague("Ada")
    await decide.approve(desk.sv, desk.actor, *shown, via="page")
    with pytest.raises(Conflict, match=r"^Ed already approved version 1 on \d+ \w+ at \d\d:\d\d UTC"):
        await decide.reject(desk.sv, ada, *shown, reason="no", via="page")
    with pytest.raises(Conflict, match=r"^You already approved"):
        await decide.approve(desk.sv, desk.actor, *shown, via="page")
    assert await desk.owner.fetchval("select count(*) from decisions") == 1


async def test_of_two_people_deciding_at_once_one_wins_and_the_other_sees_what_happened(desk: Press) -> None:
    draft = await desk.draft()
    shown, ada = await desk.shown(draft), await desk.colleague("Ada")
    results = await asyncio.gather(
        decide.approve(desk.sv, desk.actor, *shown, via="page"),
        decide.reject(desk.sv, ada, *shown, reason="Too thin.", via="page"),
        return_exceptions=True,
    )
    lost = [result for result in results if isinstance(result, Conflict)]
    assert len(lost) == 1
    assert "already" in lost[0].public
    assert await desk.owner.fetchval("select count(*) from decisions") == 1


async def test_a_hash_that_was_not_shown_is_refused(desk: Press) -> None:
    draft, version, sha = await desk.shown(await desk.draft())
    with pytest.raises(Conflict, match="not what is stored"):
        await decide.approve(desk.sv, desk.actor, draft, version, "0" * len(sha), via="page")
    assert (await desk.seen(draft)).state is DraftState.READY


async def test_a_version_that_was_replaced_cannot_be_decided_on(desk: Press) -> None:
    draft = await desk.draft()
    shown, ada = await desk.shown(draft), await desk.colleague("Ada")
    await decide.edit(desk.sv, ada, draft, shown[1], replace(ARTICLE, title="Another title"))
    await desk.review(draft, held=False)
    with pytest.raises(Conflict, match="Version 1, which you saw, has been replaced: Ada made version 2"):
        await decide.approve(desk.sv, desk.actor, *shown, via="page")


async def test_nobody_decides_before_the_review(desk: Press) -> None:
    draft = await desk.draft(DraftState.WRITTEN)
    with pytest.raises(Conflict, match="still being reviewed"):
        await decide.approve(desk.sv, desk.actor, *await desk.shown(draft), via="page")


async def test_a_held_draft_is_approved_only_with_a_written_reason(desk: Press) -> None:
    draft = await desk.draft(DraftState.HELD)
    shown = await desk.shown(draft)
    with pytest.raises(Refused, match="write down why"):
        await decide.approve(desk.sv, desk.actor, *shown, reason="  ", via="page")
    await decide.approve(desk.sv, desk.actor, *shown, reason="I checked the figures.", via="page")
    assert await desk.owner.fetchval("select reason from decisions") == "I checked the figures."


@pytest.mark.parametrize("role", [Role.ANALYST, Role.VIEWER])
async def test_only_who_may_decide_decides(desk: Press, role: Role) -> None:
    draft = await desk.draft()
    shown, reader = await desk.shown(draft), await desk.colleague("Vic", role)
    for act in (
        decide.approve(desk.sv, reader, *shown, via="page"),
        decide.reject(desk.sv, reader, *shown, reason="no", via="page"),
        decide.request_changes(desk.sv, reader, *shown, reason="no", via="page"),
        decide.undo(desk.sv, reader, *shown, via="page"),
        decide.edit(desk.sv, reader, draft, shown[1], ARTICLE),
    ):
        with pytest.raises(Refused, match=role):
            await act


async def test_turning_down_wants_a_reason_and_keeps_it(desk: Press) -> None:
    draft = await desk.draft()
    shown = await desk.shown(draft)
    for act in (decide.reject, decide.request_changes):
        with pytest.raises(Refused, match="Say why"):
            await act(desk.sv, desk.actor, *shown, reason=" ", via="page")
    await decide.request_changes(desk.sv, desk.actor, *shown, reason="Name the ferry line.", via="cli")
    assert (await desk.seen(draft)).state is DraftState.CHANGES_REQUESTED
    with pytest.raises(Conflict, match=r"You already asked for changes to version 1 .* and said: Name the ferry line."):
        await decide.approve(desk.sv, desk.actor, *shown, via="page")
    await decide.reject(desk.sv, desk.actor, *shown, reason="Given up.", via="page")
    assert (await desk.seen(draft)).state is DraftState.REJECTED
    assert await desk.jobs() == []


async def test_an_undo_takes_back_what_was_not_sent_and_approving_anew_plans_anew(desk: Press) -> None:
    draft = await desk.draft()
    shown = await desk.shown(draft)
    await decide.approve(desk.sv, desk.actor, *shown, via="page")
    taken = (await desk.posted(draft))["site"].id
    await decide.undo(desk.sv, desk.actor, *shown, via="page")
    assert (await desk.seen(draft)).state is DraftState.READY
    assert await desk.posted(draft) == {}
    await publish.publish(desk.sv, await desk.jobs())
    assert desk.publisher.posts == {}
    await decide.approve(desk.sv, desk.actor, *shown, via="page")
    await publish.publish(desk.sv, await desk.jobs())
    assert list(desk.publisher.posts) == [str((await desk.posted(draft))["site"].id)] != [str(taken)]


async def test_an_undo_of_an_override_leaves_the_draft_held(desk: Press) -> None:
    draft = await desk.draft(DraftState.HELD)
    shown = await desk.shown(draft)
    await decide.approve(desk.sv, desk.actor, *shown, reason="Checked.", via="page")
    await decide.undo(desk.sv, desk.actor, *shown, via="page")
    assert (await desk.seen(draft)).state is DraftState.HELD


async def test_an_undo_comes_too_late_once_anything_was_sent(desk: Press) -> None:
    await desk.channel("blog")
    draft = await desk.draft()
    shown = await desk.shown(draft)
    await decide.approve(desk.sv, desk.actor, *shown, via="page")
    await publish.publish(desk.sv, await desk.jobs())
    with pytest.raises(Conflict, match="Too late: on site it is live"):
        await decide.undo(desk.sv, desk.actor, *shown, via="page")
    assert (await desk.seen(draft)).state is DraftState.APPROVED
    assert (await desk.posted(draft))["blog"].state is PublicationState.PLANNED


async def test_an_edit_makes_the_next_version_and_has_it_reviewed(desk: Press) -> None:
    draft = await desk.draft()
    first = await desk.version(draft)
    changed = replace(ARTICLE, title="Quay opens in May", linkedin="Short.\x00")
    new = await decide.edit(desk.sv, desk.actor, draft, first.id, changed)
    version = await desk.version(draft)
    assert (version.id, version.number, version.author, version.author_id) == (
        new,
        2,
        Author.PERSON,
        desk.actor.user.id,
    )
    assert read_article(version.article).title == "Quay opens in May"
    assert (await desk.seen(draft)).state is DraftState.WRITTEN
    assert [job.payload for job in await desk.jobs(JobKind.REVIEW)] == [{"draft": str(draft), "version": str(new)}]


async def test_an_edit_keeps_saying_how_the_text_began(desk: Press) -> None:
    draft = await desk.draft(provider="offline/rules", sample=True)
    shown = await desk.shown(draft)
    await decide.edit(desk.sv, desk.actor, draft, shown[1], replace(ARTICLE, body="All new."))
    [payload] = json.loads((await desk.version(draft)).payloads).values()
    assert payload["sample"]
    assert payload["offline"]
    assert "A person edited the draft." in payload["disclosure"]


async def test_of_two_edits_of_one_version_the_second_stores_nothing(desk: Press) -> None:
    draft = await desk.draft()
    _, version, _ = await desk.shown(draft)
    ada = await desk.colleague("Ada")
    results = await asyncio.gather(
        decide.edit(desk.sv, desk.actor, draft, version, replace(ARTICLE, title="From Ed")),
        decide.edit(desk.sv, ada, draft, version, replace(ARTICLE, title="From Ada")),
        return_exceptions=True,
    )
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "UUID"]
    assert await desk.owner.fetchval("select count(*) from versions") == 2


async def test_an_edit_that_changes_nothing_is_refused_unless_a_channel_has_come(desk: Press) -> None:
    draft = await desk.draft()
    _, version, _ = await desk.shown(draft)
    article = read_article((await desk.version(draft)).article)
    with pytest.raises(Refused, match="Nothing was changed"):
        await decide.edit(desk.sv, desk.actor, draft, version, article)
    late = await desk.channel("late")
    await decide.edit(desk.sv, desk.actor, draft, version, article)
    assert str(late) in json.loads((await desk.version(draft)).payloads)


@pytest.mark.parametrize(
    "change",
    [{"title": " "}, {"body": ""}, {"title": "x" * 201}, {"body": "x" * 100_001}],
    ids=lambda it: next(iter(it)),
)
async def test_an_article_has_a_title_and_a_text_of_bounded_length(desk: Press, change: dict[str, Any]) -> None:
    draft = await desk.draft()
    _, version, _ = await desk.shown(draft)
    with pytest.raises(Refused):
        await decide.edit(desk.sv, desk.actor, draft, version, replace(ARTICLE, **change))


async def test_a_text_that_kills_its_renderer_is_refused(desk: Press) -> None:
    draft = await desk.draft()
    _, version, _ = await desk.shown(draft)

    def dies(_value: object) -> object:
        raise ChildFailure("killed after 5 s")

    desk.sv.outside.children.functions["render_version"] = dies  # type: ignore[attr-defined]
    with pytest.raises(Refused, match="could not be turned into a page"):
        await decide.edit(desk.sv, desk.actor, draft, version, replace(ARTICLE, body="x"))


async def test_an_approved_draft_on_its_way_out_is_edited_no_more(desk: Press) -> None:
    draft = await desk.draft()
    shown = await desk.shown(draft)
    await decide.approve(desk.sv, desk.actor, *shown, via="page")
    with pytest.raises(Conflict, match="already approved"):
        await decide.edit(desk.sv, desk.actor, draft, shown[1], replace(ARTICLE, title="New"))


async def test_a_stranger_finds_no_draft(desk: Press, db: AppDb, platform: WorkerDb, owner: Any) -> None:
    shown = await desk.shown(await desk.draft())
    stranger = (await press(db, platform, owner, slug="other")).actor
    for act in (
        decide.approve(desk.sv, stranger, *shown, via="page"),
        decide.reject(desk.sv, stranger, *shown, reason="no", via="page"),
        decide.undo(desk.sv, stranger, *shown, via="page"),
        decide.edit(desk.sv, stranger, shown[0], shown[1], ARTICLE),
    ):
        with pytest.raises(NotFound):
            await act


async def test_a_version_of_another_draft_is_not_found(desk: Press) -> None:
    one, other = await desk.draft(), await desk.draft()
    _, version, sha = await desk.shown(other)
    for which, of in ((one, version), (DraftId(uuid4()), version), (one, VersionId(uuid4()))):
        with pytest.raises(NotFound):
            await decide.approve(desk.sv, desk.actor, which, of, sha, via="page")


async def test_the_schema_is_the_wall(desk: Press, db: AppDb) -> None:
    """Even code that skips the flow cannot plan a publication of other bytes than those approved."""
    draft = await desk.draft()
    approved = await decide.approve(desk.sv, desk.actor, *await desk.shown(draft), via="page")
    await desk.owner.execute("delete from publications")
    [channel] = await desk.active()
    version = await desk.version(draft)
    for decision, sha in ((approved.decision, b"0" * 32), (uuid4(), version.sha256)):
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            async with db.tx(desk.tenant) as tx:
                await tx.execute(
                    """insert into publications (tenant_id, id, draft_id, channel_id, decision_id, version_id, sha256)
                       values ($1, $2, $3, $4, $5, $6, $7)""",
                    *(desk.tenant, uuid4(), draft, channel.id, decision, version.id, sha),
                )


async def test_at_the_command_line_a_decision_names_a_member(
    desk: Press, db: AppDb, platform: WorkerDb, owner: Any
) -> None:
    here = await decide.tenant_called(desk.sv, None)
    assert (await decide.person(desk.sv, desk.actor.user.email.upper(), here)).user.id == desk.actor.user.id
    other = await press(db, platform, owner, slug="other")
    with pytest.raises(Refused, match="--tenant: acme, other"):
        await decide.tenant_called(desk.sv, None)
    with pytest.raises(NotFound):
        await decide.tenant_called(desk.sv, "third")
    for email in (other.actor.user.email, "nobody@acme.test"):
        with pytest.raises(Refused, match="no member"):
            await decide.person(desk.sv, email, here)
    await owner.execute("update users set disabled_at = now() where id = $1", desk.actor.user.id)
    with pytest.raises(Refused, match="no member"):
        await decide.person(desk.sv, desk.actor.user.email, here)


async def test_half_a_question_and_a_source_without_an_address_are_refused(desk: Press) -> None:
    draft = await desk.draft()
    _, version, _ = await desk.shown(draft)
    for change in (
        {"questions": (Question(question="Why?", answer=""),)},
        {"references": (Reference(title="Port", url=""),)},
    ):
        with pytest.raises(Refused, match=r"answer|address"):
            await decide.edit(desk.sv, desk.actor, draft, version, replace(ARTICLE, **change))


async def test_nothing_is_sent_before_the_time_to_undo_is_over(desk: Press) -> None:
    async with desk.sv.db.tx(desk.tenant) as tx:
        await policies.set_(tx, desk.tenant, {"publishing": {"undo": "90s"}}, None)
    draft = await desk.draft()
    approved = await decide.approve(desk.sv, desk.actor, *await desk.shown(draft), via="page")
    assert approved.due == desk.sv.clock.now() + timedelta(seconds=90)
    assert (await desk.posted(draft))["site"].due_at == approved.due
    assert await desk.owner.fetchval("select run_at from jobs where kind = 'publish'") == approved.due


async def test_a_time_may_be_chosen_for_the_publication(desk: Press) -> None:
    draft = await desk.draft()
    at = desk.sv.clock.now() + timedelta(days=3)
    approved = await decide.approve(desk.sv, desk.actor, *await desk.shown(draft), via="page", at=at)
    assert approved.due == at
    assert await desk.owner.fetchval("select run_at from jobs where kind = 'publish'") == at
    assert json.loads(await desk.owner.fetchval("select detail from audit"))["due"] == at.isoformat()


@pytest.mark.parametrize(
    ("ahead", "why"), [(timedelta(0), "past"), (timedelta(days=-1), "past"), (timedelta(days=400), "more than a year")]
)
async def test_a_time_that_is_past_or_far_ahead_is_refused_and_nothing_is_decided(
    desk: Press, ahead: timedelta, why: str
) -> None:
    draft = await desk.draft()
    with pytest.raises(Refused, match=why):
        await decide.approve(desk.sv, desk.actor, *await desk.shown(draft), via="page", at=desk.sv.clock.now() + ahead)
    assert (await desk.seen(draft)).state is DraftState.READY
    assert await desk.owner.fetchval("select count(*) from decisions") == 0


CRITICAL = [
    {
        "severity": "critical",
        "category": "fabrication",
        "where": "“we open”",
        "what": "The quotation stands in no report.",
    },
    {"severity": "critical", "category": "factual_risk", "where": "20", "what": "This figure stands in no report."},
    {"severity": "minor", "category": "style", "where": "title", "what": "It is long."},
]


async def test_a_blocked_draft_wants_a_reason_and_each_critical_finding_accepted_by_itself(desk: Press) -> None:
    draft = await desk.draft(DraftState.WRITTEN)
    await desk.review(draft, held=True, listed=json.dumps(CRITICAL))
    shown = await desk.shown(draft)
    first, second = [key for key in await desk.against(draft) if key != "evidence"]
    for accepted in ((), (first,), (second,), ("evidence", first)):
        with pytest.raises(Refused, match=r"A finding is critical.*Tick each"):
            await decide.approve(desk.sv, desk.actor, *shown, reason="Checked.", via="page", accepted=accepted)
    with pytest.raises(Refused, match="write down why"):
        await decide.approve(desk.sv, desk.actor, *shown, via="page", accepted=(first, second))
    assert await desk.owner.fetchval("select count(*) from decisions") == 0
    await decide.approve(desk.sv, desk.actor, *shown, reason="Checked.", via="page", accepted=(first, second))
    assert (await desk.seen(draft)).state is DraftState.APPROVED


async def test_a_draft_without_evidence_goes_out_only_by_an_override(desk: Press) -> None:
    draft = await desk.draft()
    await desk.owner.execute("update evidence_packs set claims = '[]'")
    shown = await desk.shown(draft)
    with pytest.raises(Refused, match="no evidence"):
        await decide.approve(desk.sv, desk.actor, *shown, reason="I was there.", via="page")
    await decide.approve(desk.sv, desk.actor, *shown, reason="I was there.", via="page", accepted=["evidence"])


async def test_a_picture_without_words_stops_an_approval_and_nobody_can_override_that(desk: Press) -> None:
    image = Image(
        id=str(uuid4()),
        sha256="ab",
        mime="image/jpeg",
        width=9,
        height=9,
        alt=" ",
        credit="",
        credit_url="",
        page_url="",
    )
    draft = await desk.draft(article=replace(ARTICLE, image=image))
    with pytest.raises(Refused, match="Its picture has no text"):
        await decide.approve(
            desk.sv, desk.actor, *await desk.shown(draft), reason="So what.", via="page", accepted=["picture"]
        )


async def test_a_version_without_bytes_for_the_canonical_channel_is_saved_anew_first(
    db: AppDb, platform: WorkerDb, owner: asyncpg.Connection[asyncpg.Record]
) -> None:
    desk = await press(db, platform, owner)
    await desk.channel("blog")
    draft = await desk.draft()
    await desk.channel("site", canonical=True)
    with pytest.raises(Refused, match=r"save it again as a new version: site"):
        await decide.approve(desk.sv, desk.actor, *await desk.shown(draft), via="page")


async def test_settings_that_changed_since_it_was_rendered_ask_for_a_new_version(desk: Press) -> None:
    draft = await desk.draft()
    shown = await desk.shown(draft)
    with pytest.raises(Refused, match="Nothing was changed"):
        await decide.renew(desk.sv, desk.actor, *shown[:2])
    await desk.owner.execute("""update channels set config = '{"status": "draft"}'""")
    with pytest.raises(Conflict, match="settings of site changed since version 1"):
        await decide.approve(desk.sv, desk.actor, *shown, via="page")
    await decide.renew(desk.sv, desk.actor, *shown[:2])
    assert (await desk.seen(draft)).state is DraftState.WRITTEN, "it is reviewed again"
    anew = await desk.version(draft)
    assert (anew.number, anew.author, anew.provider) == (2, Author.MACHINE, "offline/rules"), "the words are whose were"
    assert "A person edited the draft." not in json.loads(anew.payloads)[str((await desk.active())[0].id)]["disclosure"]
    await desk.review(draft, held=False)
    await decide.approve(desk.sv, desk.actor, *await desk.shown(draft), via="page")


async def responsible(desk: Press, name: str = "Ada Lind") -> DraftId:
    """A draft that is published under editorial responsibility, after a minute on its page."""
    await desk.owner.execute(
        "update tenants set disclosure = 'editorial-responsibility', responsible = $1, review_seconds = 60", name
    )
    return await desk.draft()


REVIEWED = Witness(seconds=60, compared=True)


@pytest.mark.parametrize(
    ("witness", "via", "why"),
    [
        (REVIEWED, "api", "signed in and reviewed"),
        (REVIEWED, "cli", "signed in and reviewed"),
        (replace(REVIEWED, seconds=59), "page", "at least 60 s"),
        (replace(REVIEWED, seconds=None), "page", "at least 60 s"),
        (replace(REVIEWED, compared=False), "page", "look at what changed"),
    ],
)
async def test_editorial_responsibility_wants_a_real_review(desk: Press, witness: Witness, via: str, why: str) -> None:
    draft = await responsible(desk)
    with pytest.raises(Refused, match=why):
        await decide.approve(desk.sv, desk.actor, *await desk.shown(draft), via=via, witness=witness)
    assert (await desk.seen(draft)).state is DraftState.READY
    await decide.approve(desk.sv, desk.actor, *await desk.shown(draft), via="page", witness=REVIEWED)
    kept = json.loads(await desk.owner.fetchval("select record from decisions"))
    assert kept["channels"] == [{"name": "site", "mode": "editorial-responsibility", "responsible": "Ada Lind"}]
    assert (kept["role"], kept["seconds"], kept["compared"]) == ("editor", 60, True)


async def test_a_hand_in_the_text_counts_as_a_look_at_it(desk: Press) -> None:
    draft = await responsible(desk)
    await decide.edit(desk.sv, desk.actor, draft, (await desk.shown(draft))[1], replace(ARTICLE, title="Mine"))
    await desk.review(draft, held=False)
    shown, ada, hers = await desk.shown(draft), await desk.colleague("Ada"), Witness(seconds=60)
    with pytest.raises(Refused, match="look at what changed"):
        await decide.approve(desk.sv, ada, *shown, via="page", witness=hers)
    await decide.approve(desk.sv, desk.actor, *shown, via="page", witness=hers)


async def test_responsibility_that_nobody_holds_approves_nothing(desk: Press) -> None:
    draft = await responsible(desk, name="")
    with pytest.raises(Refused, match="nobody is named"):
        await decide.approve(desk.sv, desk.actor, *await desk.shown(draft), via="page", witness=REVIEWED)


async def test_at_the_command_line_each_critical_finding_is_accepted_by_its_key(
    desk: Press, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    loop = asyncio.get_running_loop()

    def with_services(_options: frame.Options, body: Callable[[Any], Awaitable[Any]]) -> Any:
        async def done() -> Any:
            return await body(desk.sv)

        return asyncio.run_coroutine_threadsafe(done(), loop).result()

    monkeypatch.setattr(frame, "with_services", with_services)
    draft = await desk.draft(DraftState.WRITTEN)
    await desk.review(draft, held=True, listed=json.dumps(CRITICAL))
    await asyncio.to_thread(frame.run, main, ["drafts", "show", str(draft)])
    shown = capsys.readouterr().out
    keys = re.findall(r"^against +([0-9a-f]{12}) ", shown, re.MULTILINE)
    assert len(keys) == 2
    typed = ["drafts", "approve", str(draft), "--as", desk.actor.user.email, "--reason", "Checked."]
    assert await asyncio.to_thread(frame.run, main, [*typed, "--accept", keys[0]]) != 0
    assert await asyncio.to_thread(frame.run, main, [*typed, "--accept", keys[0], "--accept", keys[1]]) == 0
    record = json.loads(await desk.owner.fetchval("select record from decisions"))
    assert record["checklist"] == dict.fromkeys(keys, True)
