"""A mail is given away once, or a person is told that nobody knows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from cid.domain.errors import LostLease, Misconfigured, Refused, Unanswered, Upstream
from cid.domain.ids import PLATFORM, RunId, uuid7
from cid.domain.jobs import JobKind, NewJob
from cid.domain.mail import Letter, MailKind, MailState
from cid.domain.run import Target, Tlp
from cid.flows import mail, outbox
from cid.queue import jobs as queue
from cid.render import letters
from cid.services import Outside, Services
from cid.store import mails, runs
from tests import make
from tests.fakes import FakeHttp, FrozenClock, InlineChildren

if TYPE_CHECKING:
    import asyncpg

    from cid.domain.ids import TenantId, UserId
    from cid.pg.pool import AppDb, WorkerDb

S = MailState


class FakeMailer:
    """Takes everything over, or answers once with `fails`."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.fails: Exception | None = None
        self.meanwhile: Callable[[], Any] | None = None

    async def send(self, letter: Letter) -> str:
        if self.meanwhile:
            await self.meanwhile()
        if self.fails:
            fails, self.fails = self.fails, None
            raise fails
        self.letters.append(letter)
        return "250 OK"


class Post:
    def __init__(self, sv: Services, owner: Any, mailer: FakeMailer) -> None:
        self.sv, self.owner, self.mailer = sv, owner, mailer

    @property
    def clock(self) -> FrozenClock:
        assert isinstance(self.sv.clock, FrozenClock)
        return self.sv.clock

    async def plan(
        self,
        *,
        tenant: TenantId | None = None,
        kind: MailKind = MailKind.NOTICE,
        key: str = "k",
        user: UserId | None = None,
        until: timedelta | None = None,
        tells: dict[RunId, Tlp] | None = None,
    ) -> UUID | None:
        """None: it was there already."""
        now = self.sv.clock.now()
        key_ = uuid7(now)
        letter = letters.letter(to="ed@acme.test", subject="Hello", paragraphs=["A line."])
        assert self.sv.vault
        async with self.sv.platform.tx() as tx:
            added = await mails.add(
                tx,
                key_,
                tenant=tenant,
                kind=kind,
                key=key,
                user=user,
                address="ed@acme.test",
                subject=letter.subject,
                sealed=self.sv.vault.seal(letters.packed(letter), f"mail:{key_}"),
                until=now + until if until is not None else None,
                tells=tells,
            )
            if added:
                job = NewJob(kind=JobKind.MAIL, tenant=tenant or PLATFORM, payload={"mail": str(key_)})
                await queue.enqueue(tx, job)
        return key_ if added else None

    async def run(self, tenant: TenantId = PLATFORM) -> None:
        await mail.mail(self.sv, await make.claimed(self.owner, JobKind.MAIL, tenant))

    async def row(self, key: UUID | None) -> Any:
        return await self.owner.fetchrow("select * from mails where id = $1", key)

    async def waiting(self) -> Any:
        return await self.owner.fetchrow("select *, run_at - cid_now() as wait from jobs where state = 'scheduled'")

    async def reap(self) -> None:
        """What the reaper does with the jobs of a process that died, and the mover with those that sleep."""
        await self.owner.execute(
            "update jobs set state = 'ready', worker = null, lease = null, deadline = null, run_at = cid_now()"
        )


@pytest.fixture
def post(db: AppDb, platform: WorkerDb, owner: asyncpg.Connection[asyncpg.Record]) -> Post:
    mailer = FakeMailer()
    outside = Outside(http=FakeHttp(), children=InlineChildren({}), sources={}, channels={}, mailer=mailer)
    return Post(make.services(db, platform, outside=outside, clock=FrozenClock()), owner, mailer)


async def test_what_is_taken_over_is_sent_and_the_job_ends(post: Post) -> None:
    key = await post.plan()
    await post.run()
    row = await post.row(key)
    assert (row["state"], row["error"], row["attempts"]) == (S.SENT, "", 1)
    [letter] = post.mailer.letters
    assert (letter.to, letter.text, letter.message_id) == ("ed@acme.test", "A line.\n", f"{key}@desk.test")
    assert await post.owner.fetchval("select count(*) from jobs") == 0


async def test_a_second_mail_under_the_same_key_is_none(post: Post, platform: WorkerDb) -> None:
    tenant = await make.tenant(platform)
    assert await post.plan()
    assert await post.plan() is None
    assert await post.plan(tenant=tenant)
    assert await post.plan(key="another")


async def test_a_job_run_twice_sends_nothing_the_second_time(post: Post) -> None:
    key = await post.plan()
    await post.run()
    async with post.sv.platform.tx() as tx:
        await queue.enqueue(tx, NewJob(kind=JobKind.MAIL, tenant=PLATFORM, payload={"mail": str(key)}))
    await post.run()
    assert len(post.mailer.letters) == 1


async def test_the_sending_is_on_record_before_anything_goes_out(post: Post) -> None:
    key = await post.plan()
    seen = []

    async def look() -> None:
        seen.append((await post.row(key))["state"])

    post.mailer.meanwhile = look
    await post.run()
    assert seen == [S.SENDING]


async def test_an_answer_that_is_lost_is_unknown_and_nothing_is_sent_again(post: Post) -> None:
    key = await post.plan()
    post.mailer.fails = Unanswered("the server fell silent after it had all")
    await post.run()
    row = await post.row(key)
    assert (row["state"], row["error"]) == (S.UNKNOWN, "the server fell silent after it had all")
    assert await post.owner.fetchval("select count(*) from jobs") == 0


async def test_a_process_killed_while_it_sends_leaves_it_unknown(post: Post) -> None:
    key = await post.plan()

    class KilledError(BaseException):
        pass

    async def dies() -> None:
        raise KilledError

    post.mailer.meanwhile = dies
    with pytest.raises(KilledError):
        await post.run()
    post.mailer.meanwhile = None
    await post.reap()
    await post.run()
    row = await post.row(key)
    assert (row["state"], row["error"], post.mailer.letters) == (S.UNKNOWN, mail.CUT_OFF, [])


async def test_what_the_first_sender_hears_late_is_believed(post: Post) -> None:
    """It was taken for dead, and another hand-out gave the mail up; then its answer comes."""
    key = await post.plan()

    async def taken_for_dead() -> None:
        post.mailer.meanwhile = None
        await post.reap()
        await post.run()
        assert (await post.row(key))["state"] == S.UNKNOWN

    post.mailer.meanwhile = taken_for_dead
    await post.run()
    assert ((await post.row(key))["state"], len(post.mailer.letters)) == (S.SENT, 1)


async def test_a_process_that_slept_through_its_lease_sends_nothing(post: Post) -> None:
    await post.plan()
    [job] = await make.claimed(post.owner, JobKind.MAIL, PLATFORM)
    work = await mail._begin(post.sv, job)
    assert work
    await post.reap()
    with pytest.raises(LostLease):
        await mail._send(post.sv, job, work)
    assert post.mailer.letters == []


async def test_a_twin_keeps_off_what_a_living_hand_out_has(post: Post) -> None:
    key = await post.plan()

    async def twin() -> None:
        post.mailer.meanwhile = None
        async with post.sv.platform.tx() as tx:
            await queue.enqueue(tx, NewJob(kind=JobKind.MAIL, tenant=PLATFORM, payload={"mail": str(key)}))
        await post.run()

    post.mailer.meanwhile = twin
    await post.run()
    assert ((await post.row(key))["state"], len(post.mailer.letters)) == (S.SENT, 1)


async def test_what_is_deferred_is_planned_again_and_waits_as_long_as_it_was_told(post: Post) -> None:
    key = await post.plan()
    post.mailer.fails = Upstream("450 greylisted", retry_after=timedelta(minutes=5))
    await post.run()
    assert ((await post.row(key))["state"], (await post.row(key))["error"]) == (S.PLANNED, "450 greylisted")
    assert timedelta(minutes=4) < (await post.waiting())["wait"] <= timedelta(minutes=5, seconds=1)
    await post.reap()
    await post.run()
    assert ((await post.row(key))["state"], (await post.row(key))["attempts"]) == (S.SENT, 2)


async def test_what_is_deferred_too_long_is_given_up_with_the_reason(post: Post) -> None:
    key = await post.plan(until=timedelta(hours=1))
    post.mailer.fails = Upstream("421 too busy")
    await post.run()
    await post.owner.execute("update mails set until = cid_now()")
    await post.reap()
    await post.run()
    row = await post.row(key)
    assert (row["state"], row["error"]) == (S.REFUSED, f"{mail.LATE} 421 too busy")
    assert post.mailer.letters == []


async def test_what_is_refused_is_not_tried_again(post: Post) -> None:
    key = await post.plan()
    post.mailer.fails = Refused("550 no such user")
    await post.run()
    row = await post.row(key)
    assert (row["state"], row["error"]) == (S.REFUSED, "550 no such user")
    assert await post.owner.fetchval("select count(*) from jobs") == 0


async def test_a_server_that_will_not_have_us_stops_all_mail_and_is_named(post: Post) -> None:
    first, second = await post.plan(), await post.plan(key="second")
    post.mailer.fails = Misconfigured("the mail server refuses our password")
    await post.run()
    assert post.mailer.letters == []
    assert {(await post.row(key))["state"] for key in (first, second)} == {S.PLANNED}
    async with post.sv.platform.read() as tx:
        found = await mails.service(tx)
    assert found
    assert found.broken == "the mail server refuses our password"
    await post.owner.execute("delete from limits")
    await post.reap()
    await post.run()
    async with post.sv.platform.read() as tx:
        found = await mails.service(tx)
    assert found
    assert found.broken == ""
    assert len(post.mailer.letters) == 2


async def test_without_a_mail_server_mail_waits_and_it_is_said(db: AppDb, platform: WorkerDb, owner: Any) -> None:
    post = Post(make.services(db, platform), owner, FakeMailer())
    key = await post.plan()
    await post.run()
    assert ((await post.row(key))["state"], (await post.row(key))["attempts"]) == (S.PLANNED, 0)
    async with platform.read() as tx:
        found = await mails.service(tx)
    assert found
    assert "CID_SMTP" in found.broken


@pytest.mark.parametrize("kind", [MailKind.DIGEST, MailKind.BRIEFING])
@pytest.mark.parametrize("how", ["left", "closed"])
async def test_whoever_left_gets_nothing_any_more(post: Post, platform: WorkerDb, how: str, kind: MailKind) -> None:
    tenant = await make.tenant(platform)
    async with platform.tx() as tx:
        user = await make.user(tx)
        await tx.execute("insert into members (tenant_id, user_id, role) values ($1, $2, 'editor')", tenant, user)
    key = await post.plan(tenant=tenant, kind=kind, user=user)
    gone = "delete from members" if how == "left" else "update users set disabled_at = cid_now()"
    await post.owner.execute(gone)
    await post.run(tenant)
    assert ((await post.row(key))["state"], (await post.row(key))["error"]) == (S.REFUSED, mail.GONE)
    assert post.mailer.letters == []


async def told_of(post: Post, platform: WorkerDb, tlp: Tlp) -> tuple[TenantId, RunId]:
    """A run, and the tenant that it is of."""
    tenant, run = await make.tenant(platform), RunId(uuid7(post.clock.now()))
    async with post.sv.db.tx(tenant) as tx:
        await runs.add(tx, run, Target(outlet="Courier", country="MD"), outlet_key="courier MD", tlp=tlp, by=None)
    return tenant, run


@pytest.mark.parametrize(
    ("was", "is_", "goes"),
    [
        (Tlp.AMBER, Tlp.RED, False),
        (Tlp.AMBER, Tlp.AMBER_STRICT, False),
        (Tlp.CLEAR, Tlp.GREEN, False),
        (Tlp.AMBER, Tlp.AMBER, True),
        (Tlp.AMBER, Tlp.GREEN, True),
    ],
)
async def test_what_was_marked_more_strictly_while_its_letter_waited_does_not_go_out(
    post: Post, platform: WorkerDb, was: Tlp, is_: Tlp, goes: bool
) -> None:
    tenant, run = await told_of(post, platform, was)
    key = await post.plan(tenant=tenant, kind=MailKind.BRIEFING, tells={run: was})
    await post.owner.execute("update runs set tlp = $2 where id = $1", run, is_)
    await post.run(tenant)
    row = await post.row(key)
    assert (row["state"], row["error"]) == ((S.SENT, "") if goes else (S.REFUSED, mail.BARRED["stricter"]))
    assert len(post.mailer.letters) == goes


async def test_a_letter_that_marks_a_run_as_it_was_is_refused_however_often_it_is_sent_again_and_says_what_helps(
    post: Post, platform: WorkerDb
) -> None:
    tenant, run = await told_of(post, platform, Tlp.GREEN)
    key = await post.plan(tenant=tenant, kind=MailKind.BRIEFING, tells={run: Tlp.GREEN})
    await post.owner.execute("update runs set tlp = 'amber' where id = $1", run)
    for _ in range(2):
        await post.run(tenant)
        said = (await post.row(key))["error"]
        assert "sent anew from its page" in said
        assert "send it again" not in said
        assert key
        await outbox.send_again(post.sv, key, tenant=tenant, user=None)
    assert post.mailer.letters == []


async def test_what_was_put_off_is_looked_at_again_before_its_next_try(post: Post, platform: WorkerDb) -> None:
    tenant, run = await told_of(post, platform, Tlp.AMBER)
    key = await post.plan(tenant=tenant, kind=MailKind.CHANGE, tells={run: Tlp.AMBER})
    post.mailer.fails = Upstream("451 come again later")
    await post.run(tenant)
    await post.owner.execute("update runs set tlp = 'red'")
    await post.reap()
    await post.run(tenant)
    assert ((await post.row(key))["state"], (await post.row(key))["error"]) == (S.REFUSED, mail.BARRED["stricter"])
    assert post.mailer.letters == []


async def test_of_a_run_that_is_no_more_nothing_is_mailed(post: Post, platform: WorkerDb) -> None:
    tenant, run = await told_of(post, platform, Tlp.AMBER)
    key = await post.plan(tenant=tenant, kind=MailKind.BRIEFING, tells={run: Tlp.AMBER})
    await post.owner.execute("delete from run_steps")
    await post.owner.execute("delete from runs")
    await post.run(tenant)
    assert ((await post.row(key))["state"], (await post.row(key))["error"]) == (S.REFUSED, mail.BARRED["missing"])


async def test_three_refusals_in_a_row_mark_an_address(post: Post) -> None:
    for number in range(3):
        async with post.sv.platform.read() as tx:
            assert not await mails.marked(tx, "ed@acme.test")
        await post.plan(key=str(number))
        post.mailer.fails = Refused("550 no such user")
        await post.run()
    async with post.sv.platform.read() as tx:
        assert await mails.marked(tx, "ed@acme.test")
    post.clock.advance(timedelta(seconds=1))  # or which is the newest is anybody's guess
    await post.plan(key="arrives")
    await post.run()
    async with post.sv.platform.read() as tx:
        assert not await mails.marked(tx, "ed@acme.test")


@pytest.mark.parametrize("why", ["late", "left"])
async def test_what_we_gave_up_ourselves_says_nothing_of_an_address(post: Post, platform: WorkerDb, why: str) -> None:
    """A mail server that was away for some days would end everybody's digests for good, and whoever takes somebody out
    of a tenant theirs of every other."""
    tenant = await make.tenant(platform)
    async with platform.tx() as tx:
        user = await make.user(tx)
        if why == "late":
            await tx.execute("insert into members (tenant_id, user_id, role) values ($1, $2, 'editor')", tenant, user)
    for number in range(3):
        until = timedelta(hours=-1) if why == "late" else None
        key = await post.plan(tenant=tenant, kind=MailKind.DIGEST, key=str(number), user=user, until=until)
        await post.run(tenant)
        assert (await post.row(key))["state"] == S.REFUSED
    async with post.sv.platform.read() as tx:
        assert not await mails.marked(tx, "ed@acme.test")


async def test_mails_that_were_given_up_do_not_hide_that_an_address_refuses_us(post: Post) -> None:
    for number in range(6):
        late = number % 2 == 1
        await post.plan(key=str(number), until=timedelta(hours=-1) if late else None)
        post.mailer.fails = None if late else Refused("550 no such user")
        await post.run()
    async with post.sv.platform.read() as tx:
        assert await mails.marked(tx, "ed@acme.test")
