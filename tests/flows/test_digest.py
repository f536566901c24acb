"""Once a person, tenant and day: what waits, what went out, what is in trouble. Or nothing at all."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from cid.briefing.change import change
from cid.domain.digest import DayOutcome, Wishes
from cid.domain.draft import DraftState
from cid.domain.errors import NotFound, Refused
from cid.domain.ids import PLATFORM, ChangeId, MonitorId
from cid.domain.jobs import JobKind, NewJob
from cid.domain.mail import Letter, Relay
from cid.domain.monitor import StoredChange
from cid.domain.run import Tlp
from cid.domain.tenants import Role
from cid.flows import decide, publish
from cid.flows import digest as flow
from cid.flows.digest import wishes
from cid.flows.digest.changed import AN_HOUR
from cid.outside.smtp import SmtpMailer
from cid.queue import jobs as queue
from cid.render import letters
from cid.store import monitors
from tests import analysis, make
from tests.press import Press, press

if TYPE_CHECKING:
    import asyncpg

    from cid.domain.tenants import Actor
    from cid.pg.pool import AppDb, WorkerDb
    from tests.conftest import DatabaseTime


@pytest.fixture
async def desk(db: AppDb, platform: WorkerDb, owner: asyncpg.Connection[asyncpg.Record]) -> Press:
    desk = with_mail(await press(db, platform, owner))
    await desk.channel("site", canonical=True)
    await owner.execute("update members set digest_at = cid_now()")
    # every hour has come
    await owner.execute("insert into mail_wishes (tenant_id, user_id, hour) select tenant_id, user_id, 0 from members")
    return desk


def with_mail(desk: Press) -> Press:
    relay = Relay(host="127.0.0.1", port=1, bare=True)
    mailer = SmtpMailer(relay, desk.sv.clock, sender="desk@desk.test")
    return replace(desk, sv=replace(desk.sv, outside=replace(desk.sv.outside, mailer=mailer)))


async def test_without_a_mail_server_none_is_written(desk: Press) -> None:
    await desk.draft()
    await day(replace(desk, sv=replace(desk.sv, outside=replace(desk.sv.outside, mailer=None))))
    assert (await mailed(desk), await outcomes(desk)) == ([], [])


async def look(desk: Press) -> None:
    async with desk.sv.platform.tx() as tx:
        await queue.enqueue(tx, NewJob(kind=JobKind.DIGESTS, tenant=PLATFORM))
    await flow.look(desk.sv, await make.claimed(desk.owner, JobKind.DIGESTS, PLATFORM))


async def run(desk: Press, kind: JobKind = JobKind.DIGEST) -> None:
    await {JobKind.DIGEST: flow.digest, JobKind.BREAKING: flow.breaking}[kind](desk.sv, await desk.jobs(kind))


async def day(desk: Press) -> None:
    await look(desk)
    await run(desk)


async def mailed(desk: Press) -> list[Letter]:
    rows = await desk.owner.fetch("select id, message from mails order by id")
    assert desk.sv.vault
    return [letters.unpacked(desk.sv.vault.open(row["message"], f"mail:{row['id']}"), message_id="") for row in rows]


async def outcomes(desk: Press) -> list[str]:
    return [row["outcome"] for row in await desk.owner.fetch("select outcome from digest_days order by made_at")]


async def joins(desk: Press, role: Role) -> Actor:
    """Somebody more, at whose digest will be looked next."""
    who = await desk.colleague(f"New{uuid4().hex[:6]}", role)
    await desk.owner.execute("update members set digest_at = cid_now() where user_id = $1", who.user.id)
    await desk.owner.execute(
        "insert into mail_wishes (tenant_id, user_id, hour) values ($1, $2, 0)", desk.tenant, who.user.id
    )
    return who


async def test_it_says_what_waits_and_links_there(desk: Press) -> None:
    draft = await desk.draft()
    await day(desk)
    [letter] = await mailed(desk)
    assert letter.to == desk.actor.user.email
    assert letter.subject == "1 draft to review – Acme"
    for text in (letter.text, letter.html):
        assert "Harbour opens its new quay" in text
        assert "http://desk.test/r/" in text
        assert f"/drafts/{draft}" not in text
    assert await desk.owner.fetchval("select count(*) from jobs where kind = 'mail'") == 1
    assert await outcomes(desk) == [DayOutcome.MAILED]


async def test_an_empty_one_is_not_sent_and_the_day_is_over(desk: Press) -> None:
    await day(desk)
    await desk.draft()
    await desk.owner.execute("update members set digest_at = cid_now()")
    await day(desk)
    assert (await mailed(desk), await outcomes(desk)) == ([], [DayOutcome.EMPTY])


async def test_nothing_comes_twice_on_one_day(desk: Press) -> None:
    await desk.draft()
    for _ in range(3):
        await day(desk)
        await desk.owner.execute("update members set digest_at = cid_now()")
    assert len(await mailed(desk)) == 1


async def test_a_twin_of_a_look_finds_nothing_left_to_do(desk: Press) -> None:
    await desk.draft()
    await look(desk)
    await look(desk)
    assert await desk.owner.fetchval("select count(*) from jobs where kind = 'digest'") == 1


async def test_a_job_that_ran_twice_plans_one_mail(desk: Press) -> None:
    await desk.draft()
    await look(desk)
    again = dict(await desk.owner.fetchrow("select payload from jobs where kind = 'digest'"))
    await run(desk)
    payload = json.loads(again["payload"]) if isinstance(again["payload"], str) else again["payload"]
    async with desk.sv.db.tx(desk.tenant) as tx:
        await queue.enqueue(tx, NewJob(kind=JobKind.DIGEST, tenant=desk.tenant, payload=payload))
    await run(desk)
    assert len(await mailed(desk)) == 1


async def test_held_drafts_go_to_who_may_override_and_only_after_signing_in(desk: Press) -> None:
    held = await desk.draft(DraftState.HELD)
    viewer = await joins(desk, Role.VIEWER)
    await day(desk)
    [letter] = await mailed(desk)
    assert letter.to != viewer.user.email
    assert f"http://desk.test/t/acme/drafts/{held}" in letter.text
    assert "after signing in" in letter.text
    assert "/r/" not in letter.text


async def test_who_may_not_decide_gets_no_link_that_decides(desk: Press) -> None:
    draft = await desk.draft()
    await joins(desk, Role.VIEWER)
    await day(desk)
    to = {letter.to: letter for letter in await mailed(desk)}
    assert len(to) == 2
    theirs = next(letter for address, letter in to.items() if address != desk.actor.user.email)
    assert f"/t/acme/drafts/{draft}" in theirs.text
    assert "/r/" not in theirs.text


async def test_of_many_drafts_the_first_ten_are_told_and_how_many_more_there_are(desk: Press) -> None:
    for _ in range(12):
        await desk.draft()
    await day(desk)
    [letter] = await mailed(desk)
    assert letter.subject == "12 drafts to review – Acme"
    assert letter.text.count("http://desk.test/r/") == 10
    assert "2 more: http://desk.test/t/acme/drafts" in letter.text
    assert "2 more" in letter.html


async def test_it_says_what_went_live_yesterday_and_what_failed(desk: Press) -> None:
    drafts = [await desk.draft() for _ in range(2)]
    for draft in drafts:
        await decide.approve(desk.sv, desk.actor, *await desk.shown(draft), via="page")
    await desk.owner.execute("update publications set due_at = cid_now()")
    desk.publisher.fail_next = Refused("The site says: title too long.")
    await desk.owner.execute("update jobs set state = 'ready' where kind = 'publish'")
    await publish.publish(desk.sv, await desk.jobs())
    await desk.owner.execute(
        "update publications set live_at = date_trunc('day', cid_now() at time zone 'UTC') at time zone 'UTC' - interval '1 hour' where state = 'live'"  # noqa: E501 - one statement
    )
    await day(desk)
    [letter] = await mailed(desk)
    assert letter.subject == "1 failed publication – Acme"
    assert "The site says: title too long." in letter.text
    assert "Published yesterday (1)" in letter.text
    assert "https://site.test/" in letter.text
    assert "Spent on models yesterday (UTC): $0.00" in letter.text


async def test_sources_in_trouble_are_a_reason_to_write(desk: Press) -> None:
    async with desk.sv.platform.tx() as tx:
        source = await make.source(tx)
    await desk.owner.execute(
        "insert into subscriptions (tenant_id, id, source_id) values ($1, $2, $3)", desk.tenant, uuid4(), source
    )
    await desk.owner.execute(
        """update sources set state = 'quarantined', outcome = 'unreachable', outcome_detail = 'no answer',
             quarantined_until = cid_now() + interval '1 day'"""
    )
    await day(desk)
    [letter] = await mailed(desk)
    assert letter.subject == "1 source in trouble – Acme"
    assert "unreachable: no answer" in letter.text


async def test_the_key_in_the_address_of_a_source_in_trouble_is_mailed_to_nobody(desk: Press) -> None:
    async with desk.sv.platform.tx() as tx:
        source = await make.source(tx, "https://news.test/feed?api_key=hush1234", tenant=desk.tenant)
    await desk.owner.execute(
        "insert into subscriptions (tenant_id, id, source_id) values ($1, $2, $3)", desk.tenant, uuid4(), source
    )
    await desk.owner.execute(
        "update sources set state = 'quarantined', quarantined_until = cid_now() + interval '1 day'"
    )
    await day(desk)
    [letter] = await mailed(desk)
    assert "https://news.test/feed?api_key=•••" in letter.text
    assert "hush1234" not in letter.text + letter.html


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ("update mail_wishes set digest = false", None),
        ("update users set disabled_at = cid_now()", None),
        ("update tenants set paused_at = cid_now()", None),
    ],
)
async def test_who_does_not_want_it_or_is_gone_or_rests_gets_none(
    desk: Press, change: str, outcome: str | None
) -> None:
    await desk.draft()
    await desk.owner.execute(change)
    await day(desk)
    assert await mailed(desk) == []


async def test_wishes_that_changed_before_it_was_written_count(desk: Press) -> None:
    await desk.draft()
    await look(desk)
    await desk.owner.execute("update mail_wishes set digest = false")
    await run(desk)
    assert (await mailed(desk), await outcomes(desk)) == ([], [DayOutcome.OFF])


async def test_one_that_was_missed_for_the_whole_day_is_not_sent(desk: Press, database_time: DatabaseTime) -> None:
    await desk.draft()
    await look(desk)
    desk.sv.clock.advance(timedelta(days=1))  # type: ignore[attr-defined]  # the fake one
    await run(desk)
    assert (await mailed(desk), await outcomes(desk)) == ([], [DayOutcome.MISSED])


async def test_an_address_that_refuses_mail_is_left_in_peace(desk: Press) -> None:
    for number in range(3):
        await desk.owner.execute(
            """insert into mails (id, tenant_id, kind, key, user_id, address, subject, state)
               values ($1, $2, 'notice', $3, $4, $5, 's', 'refused')""",
            make.uuid7_now(),
            desk.tenant,
            str(number),
            desk.actor.user.id,
            desk.actor.user.email,
        )
    await desk.draft()
    await day(desk)
    assert await outcomes(desk) == [DayOutcome.MARKED]
    assert await desk.owner.fetchval("select count(*) from mails where kind = 'digest'") == 0


async def test_whoever_joined_after_their_hour_hears_the_next_day(desk: Press) -> None:
    await desk.draft()
    await desk.owner.execute("update members set digest_at = '-infinity'")
    await day(desk)
    assert await mailed(desk) == []
    at = await desk.owner.fetchval("select digest_at from members")
    assert at == datetime.combine(desk.sv.clock.now().date() + timedelta(days=1), datetime.min.time(), UTC)


async def test_a_wish_for_an_earlier_hour_is_granted_the_same_day(desk: Press) -> None:
    await desk.draft()
    await desk.owner.execute("update members set digest_at = 'infinity'")
    await wishes.wish(desk.sv, desk.actor, Wishes(hour=0, zone="UTC"))
    await day(desk)
    assert len(await mailed(desk)) == 1


async def test_another_zone_does_not_bring_a_day_twice(desk: Press) -> None:
    await desk.draft()
    await wishes.wish(desk.sv, desk.actor, Wishes(hour=0, zone="Pacific/Kiritimati"))
    await day(desk)
    await wishes.wish(desk.sv, desk.actor, Wishes(hour=0, zone="Pacific/Pago_Pago"))
    await day(desk)
    await wishes.wish(desk.sv, desk.actor, Wishes(hour=0, zone="Pacific/Kiritimati"))
    await day(desk)
    days = [row["day"] for row in await desk.owner.fetch("select day from digest_days")]
    assert len(days) == len(set(days)) == len(await mailed(desk))


@pytest.mark.parametrize("wanted", [Wishes(hour=24), Wishes(zone="Nowhere/Atlantis"), Wishes(zone="../etc/passwd")])
async def test_a_wish_that_makes_no_sense_is_refused(desk: Press, wanted: Wishes) -> None:
    with pytest.raises(Refused):
        await wishes.wish(desk.sv, desk.actor, wanted)


async def test_one_click_ends_it_and_more_clicks_change_nothing(desk: Press) -> None:
    await desk.draft()
    await day(desk)
    [letter] = await mailed(desk)
    assert letter.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    token = letter.headers["List-Unsubscribe"].removeprefix("<http://desk.test/u/").removesuffix(">")
    for _ in range(3):
        await wishes.no_more(desk.sv, token)
    assert not await desk.owner.fetchval("select digest from mail_wishes")
    assert await desk.owner.fetchval("select count(*) from audit where action = 'mail.unsubscribed'") == 1
    for forged in (token[:-2] + ("aa" if not token.endswith("aa") else "bb"), "", "x.y.z"):
        with pytest.raises(NotFound):
            await wishes.no_more(desk.sv, forged)


async def test_a_preview_changes_nothing_and_a_mailed_one_leaves_the_day_alone(desk: Press) -> None:
    await desk.draft()
    assert (await wishes.previewed(desk.sv, desk.actor)).to_review == 1
    assert await desk.owner.fetchval("select count(*) from review_links") == 0
    assert await wishes.preview(desk.sv, desk.actor) == desk.actor.user.email
    await day(desk)
    assert len(await mailed(desk)) == 2


async def urgent(desk: Press) -> Any:
    draft = await desk.draft()
    await desk.owner.execute("update screenings set urgent = true")
    await desk.owner.execute("update mail_wishes set breaking = true")
    async with desk.sv.db.tx(desk.tenant) as tx:
        await queue.enqueue(
            tx, NewJob(kind=JobKind.BREAKING, tenant=desk.tenant, payload={"draft": str(draft)}, dedupe=str(draft))
        )
    return draft


async def test_an_urgent_draft_is_told_at_once_to_who_wants_it_and_once(desk: Press) -> None:
    draft = await urgent(desk)
    await joins(desk, Role.VIEWER)
    await run(desk, JobKind.BREAKING)
    async with desk.sv.db.tx(desk.tenant) as tx:
        await queue.enqueue(tx, NewJob(kind=JobKind.BREAKING, tenant=desk.tenant, payload={"draft": str(draft)}))
    await run(desk, JobKind.BREAKING)
    [letter] = await mailed(desk)
    assert letter.subject == "Urgent: Harbour opens its new quay – Acme"
    assert "http://desk.test/r/" in letter.text
    assert "List-Unsubscribe" not in letter.headers


async def test_more_urgent_drafts_than_a_person_can_bear_wait_for_the_digest(desk: Press) -> None:
    for _ in range(flow.BREAKING_AN_HOUR + 2):
        await urgent(desk)
        await run(desk, JobKind.BREAKING)
    assert len(await mailed(desk)) == flow.BREAKING_AN_HOUR
    await day(desk)
    told = {letter.subject for letter in await mailed(desk)}
    assert f"{flow.BREAKING_AN_HOUR + 2} drafts to review – Acme" in told


async def test_an_urgent_draft_that_was_decided_on_meanwhile_is_not_told_of(desk: Press) -> None:
    draft = await urgent(desk)
    await decide.reject(desk.sv, desk.actor, *await desk.shown(draft), reason="No.", via="page")
    await run(desk, JobKind.BREAKING)
    assert await mailed(desk) == []


async def changed(desk: Press, tlp: Tlp = Tlp.GREEN) -> ChangeId:
    """A monitor whose last run changed a lot yesterday."""
    made = analysis.dossiers(desk.sv.clock.now(), desk.tenant)
    monitor, id_ = MonitorId(uuid4()), ChangeId(uuid4())
    before, now = made["before"], replace(made["completed"], run=replace(made["completed"].run, tlp=tlp))
    async with desk.sv.db.tx(desk.tenant) as tx:
        await tx.execute(
            """insert into monitors (tenant_id, id, outlet, outlet_key, platform, period, items, every_hours)
               values ($1, $2, 'Northern Courier', 'n', 'news', 'w', 5, 24)""",
            *(desk.tenant, monitor),
        )
        for one in (before, now):
            await analysis.write(tx, one)
        found = StoredChange(
            id=id_,
            monitor_id=monitor,
            run_id=now.run.id,
            before_run_id=before.run.id,
            change=change(before, now),
            made_at=desk.sv.clock.now(),
        )
        await monitors.add_change(tx, found)
    await desk.owner.execute("update monitor_changes set made_at = made_at - interval '1 day'")
    return id_


async def tell(desk: Press, id_: ChangeId, times: int = 1) -> None:
    for _ in range(times):
        async with desk.sv.db.tx(desk.tenant) as tx:
            await queue.enqueue(tx, NewJob(kind=JobKind.CHANGED, tenant=desk.tenant, payload={"change": str(id_)}))
        await flow.changed(desk.sv, await desk.jobs(JobKind.CHANGED))


async def test_a_large_change_is_told_at_once_and_once_to_who_wants_it_and_may_analyse(desk: Press) -> None:
    id_ = await changed(desk)
    for role in (Role.VIEWER, Role.ANALYST, Role.EDITOR):
        await joins(desk, role)
    await tell(desk, id_)
    assert await mailed(desk) == [], "nobody asked for it"
    await desk.owner.execute("update mail_wishes set breaking = true")
    await tell(desk, id_, times=3)
    told = await mailed(desk)
    assert len({one.to for one in told}) == len(told) == 3, "all but the viewer"
    for one in told:
        assert one.subject.startswith("[TLP:GREEN] Northern Courier changed: ")
        assert "TLP:GREEN" in one.text
        assert "NATO expansion threatens Russia (reported)" in one.text
        assert "/t/acme/monitors/" in one.text


@pytest.mark.parametrize("tlp", [Tlp.RED, Tlp.AMBER_STRICT])
async def test_what_may_not_be_passed_on_is_in_no_mail_and_no_digest(desk: Press, tlp: Tlp) -> None:
    id_ = await changed(desk, tlp)
    await desk.owner.execute("update mail_wishes set breaking = true")
    await tell(desk, id_)
    await day(desk)
    told = await mailed(desk)
    assert len(told) == 2
    for one in told:
        whole = f"{one.subject} {one.text} {one.html}"
        assert f"TLP:{tlp.upper()}" in whole
        assert "/t/acme/monitors/" in one.text
        assert [word for word in ("Northern", "NATO", "minister", "of 100") if word in whole] == []
    assert await tells(desk) == [{}, {}], "a stricter mark still keeps nothing more back"


async def tells(desk: Press) -> list[dict[str, str]]:
    return [json.loads(row["tells"]) for row in await desk.owner.fetch("select tells from mails")]


async def test_what_tells_of_a_run_goes_out_only_as_long_as_the_run_is_marked_so(desk: Press) -> None:
    id_ = await changed(desk)
    await desk.owner.execute("update mail_wishes set breaking = true")
    await tell(desk, id_)
    await day(desk)
    run = await desk.owner.fetchval("select run_id from monitor_changes")
    assert await tells(desk) == [{str(run): "green"}] * 2


async def test_the_digest_tells_analysts_what_changed_the_day_before(desk: Press) -> None:
    await changed(desk)
    await joins(desk, Role.VIEWER)
    analyst = await joins(desk, Role.ANALYST)
    await day(desk)
    told = {one.to: one for one in await mailed(desk)}
    assert set(told) == {desk.actor.user.email, analyst.user.email}
    one = told[analyst.user.email]
    assert one.subject == "1 change at a watched outlet – Acme"
    for text in (one.text, one.html):
        assert "What changed at the outlets you watch" in text
        assert "[TLP:GREEN] Northern Courier: " in text


async def test_more_changes_than_a_person_can_bear_wait_for_the_digest(desk: Press) -> None:
    await desk.owner.execute("update mail_wishes set breaking = true")
    for _ in range(AN_HOUR + 2):
        await tell(desk, await changed(desk))
    assert len(await mailed(desk)) == AN_HOUR
