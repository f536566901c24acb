"""What is planned is moved with its job, by the clock of the tenant's own place."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cid.domain.draft import DraftState
from cid.domain.errors import Conflict, NotFound, Refused
from cid.domain.ids import DraftId
from cid.domain.tenants import Role
from cid.flows import calendar, decide, publish
from tests.press import Press, press

if TYPE_CHECKING:
    from cid.pg.pool import AppDb, WorkerDb

BERLIN = "Europe/Berlin"


@pytest.fixture
async def desk(db: AppDb, platform: WorkerDb, owner: Any) -> Press:
    desk = await press(db, platform, owner)
    await desk.channel("site", canonical=True)
    await desk.channel("blog")
    actor = replace(desk.actor, tenant=replace(desk.actor.tenant, zone=BERLIN))
    return replace(desk, actor=actor)


async def approved(desk: Press) -> DraftId:
    draft = await desk.draft(DraftState.READY)
    await decide.approve(desk.sv, desk.actor, *await desk.shown(draft), via="page")
    return draft


async def test_rows_and_job_move_together_and_another_channel_still_follows_the_canonical_one(desk: Press) -> None:
    draft = await approved(desk)
    day = (desk.sv.clock.now() + timedelta(days=3)).date()
    moment = await calendar.reschedule(desk.sv, desk.actor, draft, day, time(9, 30))
    dues = {row["due_at"] for row in await desk.owner.fetch("select due_at from publications")}
    assert dues == {moment.at}
    jobs = await desk.owner.fetch("select state, run_at, dedupe_key from jobs where kind = 'publish'")
    site = (await desk.posted(draft))["site"].id
    assert [(row["state"], row["run_at"], row["dedupe_key"]) for row in jobs] == [("scheduled", moment.at, str(site))]
    line = await desk.owner.fetchrow("select action, target from audit where action = 'publication.rescheduled'")
    assert line["target"] == f"draft:{draft}"


async def test_moving_twice_leaves_one_job(desk: Press) -> None:
    draft = await approved(desk)
    day = (desk.sv.clock.now() + timedelta(days=3)).date()
    for hour in (9, 17, 8):
        moment = await calendar.reschedule(desk.sv, desk.actor, draft, day, time(hour))
    assert [row["run_at"] for row in await desk.owner.fetch("select run_at from jobs where kind = 'publish'")] == [
        moment.at
    ]


async def test_what_was_sent_is_not_moved(desk: Press) -> None:
    draft = await approved(desk)
    day = (desk.sv.clock.now() + timedelta(days=3)).date()
    for _ in range(2):
        await desk.owner.execute("update jobs set state = 'ready', run_at = cid_now() where state = 'scheduled'")
        await publish.publish(desk.sv, await desk.jobs())
    with pytest.raises(Conflict, match="waits for its time"):
        await calendar.reschedule(desk.sv, desk.actor, draft, day, time(9))
    with pytest.raises(NotFound):
        await calendar.reschedule(desk.sv, desk.actor, DraftId(desk.actor.user.id), day, time(9))


async def test_a_time_that_has_passed_or_is_too_far_off_is_refused_and_a_viewer_may_not(desk: Press) -> None:
    draft, now = await approved(desk), desk.sv.clock.now()
    for day in ((now - timedelta(days=1)).date(), (now + timedelta(days=400)).date()):
        with pytest.raises(Refused):
            await calendar.reschedule(desk.sv, desk.actor, draft, day, time(9))
    viewer = replace(desk.actor, role=Role.VIEWER)
    with pytest.raises(Refused, match="may not plan"):
        await calendar.reschedule(desk.sv, viewer, draft, (now + timedelta(days=1)).date(), time(9))


async def test_the_nights_on_which_clocks_change(desk: Press) -> None:
    """Berlin puts them forward on 2026-03-29 at 2 and back on 2026-10-25 at 3."""
    draft = await approved(desk)
    clock: Any = desk.sv.clock
    clock.at = datetime(2026, 3, 20, tzinfo=UTC)
    await desk.owner.execute("select make_partitions($1)", clock.at)
    with pytest.raises(Refused, match="does not exist in Europe/Berlin"):
        await calendar.reschedule(desk.sv, desk.actor, draft, date(2026, 3, 29), time(2, 30))
    moment = await calendar.reschedule(desk.sv, desk.actor, draft, date(2026, 3, 29), time(3, 30))
    assert (moment.at, moment.twice) == (datetime(2026, 3, 29, 1, 30, tzinfo=UTC), False)
    moment = await calendar.reschedule(desk.sv, desk.actor, draft, date(2026, 10, 25), time(2, 30))
    assert (moment.at, moment.twice) == (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), True)
