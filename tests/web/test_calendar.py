"""The calendar on its page and in other programs."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import icalendar
import pytest

from tests.newsroom import Newsroom
from tests.web.conftest import Desk, Person

if TYPE_CHECKING:
    import asyncpg

    Owner = asyncpg.Connection[asyncpg.Record]

BERLIN = ZoneInfo("Europe/Berlin")


async def put(owner: Owner, room: Newsroom, draft: str, due: datetime, state: str = "planned") -> Any:
    """A publication of one of the newsroom's drafts."""
    channel, decision, publication = uuid4(), uuid4(), uuid4()
    user = await owner.fetchval("select user_id from members where tenant_id = $1 and role = 'editor'", room.tenant)
    await owner.execute(
        "insert into channels (tenant_id, id, kind, name, base_url) values ($1, $2, 'site', $3, 'https://c.test')",
        room.tenant,
        channel,
        f"Channel {channel.hex[:4]}",
    )
    sha256 = await owner.fetchval("select sha256 from versions where id = $1", room.versions[draft])
    await owner.execute(
        """insert into decisions (tenant_id, id, draft_id, version_id, sha256, kind, user_id, via)
           values ($1, $2, $3, $4, $5, 'approve', $6, 'page')""",
        room.tenant,
        decision,
        room.drafts[draft],
        room.versions[draft],
        sha256,
        user,
    )
    await owner.execute(
        """insert into publications (tenant_id, id, draft_id, channel_id, decision_id, version_id, sha256, due_at,
             state, sent_at, live_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, case when $9 <> 'planned' then $8::timestamptz end,
             case when $9 = 'live' then $8::timestamptz end)""",
        room.tenant,
        publication,
        room.drafts[draft],
        channel,
        decision,
        room.versions[draft],
        sha256,
        due,
        state,
    )
    return publication


@pytest.fixture
async def noon(desk: Desk, room: Newsroom, owner: Owner) -> datetime:
    """Of a Wednesday three weeks from now in Berlin, where acme is."""
    await owner.execute("update tenants set zone = 'Europe/Berlin' where id = $1", room.tenant)
    day = desk.clock.now().astimezone(BERLIN) + timedelta(days=21)
    day -= timedelta(days=day.weekday() - 2)
    return day.replace(hour=12, minute=5, second=0, microsecond=0)


def day_of(text: str, day: datetime) -> str:
    """What the page shows on that day."""
    return text.split(f'id="d-{day:%Y-%m-%d}"')[1].split("</li>", maxsplit=1)[0]


async def test_a_piece_stands_on_its_day_by_the_tenants_clock_in_month_and_week(
    editor: Person, room: Newsroom, owner: Owner, noon: datetime
) -> None:
    late = noon.replace(hour=23, minute=50)
    await put(owner, room, "drafted", late.astimezone(UTC))
    for span in ("month", "week"):
        text = await editor.text(f"/t/acme/calendar?span={span}&day={noon:%Y-%m-%d}")
        here = day_of(text, late)
        assert "<b>23:50</b>" in here
        assert "scheduled" in here
        assert "Port of Elmsworth" in here
    assert "Port of Elmsworth" not in day_of(text, late + timedelta(days=1))


async def test_moving_is_a_form_that_keeps_what_was_typed_and_says_what_is_wrong(
    editor: Person, viewer: Person, room: Newsroom, owner: Owner, noon: datetime
) -> None:
    publication = await put(owner, room, "drafted", noon.astimezone(UTC))
    draft = room.drafts["drafted"]
    page = f"/t/acme/calendar?span=month&day={noon:%Y-%m-%d}&move={draft}"
    form = (await editor.text(page)).split('id="move"')[1].split("</form>")[0]
    assert 'value="12:05"' in form
    assert f'value="{noon:%Y-%m-%d}"' in form
    assert 'id="move"' in await viewer.text(page) or "Move<" not in await viewer.text(page)
    refused = await editor.post(f"/t/acme/calendar/{draft}", day="2001-01-01", hour="10:00")
    assert refused.status == 422
    assert "has passed" in await refused.text()
    nonsense = await editor.post(f"/t/acme/calendar/{draft}", day="soon", hour="10:00")
    assert nonsense.status == 422
    there = noon + timedelta(days=1)
    moved = await editor.post(f"/t/acme/calendar/{draft}", day=f"{there:%Y-%m-%d}", hour="08:00", span="week")
    assert moved.status == 303
    assert "said=moved" in moved.headers["Location"]
    due = await owner.fetchval("select due_at from publications where id = $1", publication)
    assert due.astimezone(BERLIN) == there.replace(hour=8, minute=0)


async def test_conflicts_are_said_where_they_are(
    editor: Person, room: Newsroom, owner: Owner, noon: datetime, desk: Desk
) -> None:
    now = desk.clock.now()
    await owner.execute(
        """insert into policies (tenant_id, section, name, value) values ($1, 'drafting', 'per_day', '1')""",
        room.tenant,
    )
    await owner.execute(
        """update versions set article = jsonb_set(article::jsonb, '{keywords}', '["Shore Power"]')::text
           where tenant_id = $1""",
        room.tenant,
    )
    await put(owner, room, "drafted", noon.astimezone(UTC))
    await put(owner, room, "held", noon.astimezone(UTC) + timedelta(hours=2))
    text = await editor.text(f"/t/acme/calendar?day={noon:%Y-%m-%d}")
    here = day_of(text, noon)
    assert "2 pieces, and the plan has 1 a day" in here
    assert here.count("same main keyword, Shore Power, as “") == 2
    await owner.execute("update publications set due_at = $1", now - timedelta(hours=1))
    text = await editor.text("/t/acme/calendar?span=week")
    assert "its time has passed and nothing was sent" in text


async def test_what_the_domain_has_no_place_for_is_said_beside_the_piece(
    editor: Person, room: Newsroom, owner: Owner, noon: datetime
) -> None:
    await put(owner, room, "drafted", noon.astimezone(UTC))
    await put(owner, room, "held", noon.astimezone(UTC) + timedelta(hours=2))
    await owner.execute("update channels set domain = 'acme.test', apart = '4 hours', per_week = 3")
    said = "it will wait for a place: two new pieces there are at least 4 hours apart"
    week = f"/t/acme/calendar?span=week&day={noon:%Y-%m-%d}"
    assert (await editor.text(week)).count(said) == 1
    await owner.execute("update channels set apart = '0', per_week = 1")
    assert (await editor.text(week)).count("it will wait for a place: the domain gets one new piece in seven days") == 1
    await owner.execute("update publications set hurried_by = gen_random_uuid()")
    assert "it will wait for a place" not in await editor.text(week)
    await owner.execute("update publications set hurried_by = null")
    await owner.execute("update channels set domain = ''")
    assert "it will wait for a place" not in await editor.text(week)


async def test_drafts_without_a_day_wait_in_the_tray(viewer: Person, room: Newsroom, owner: Owner) -> None:
    tray = (await viewer.text("/t/acme/calendar")).split('aria-labelledby="tray"')[1].split("</section>")[0]
    count = await owner.fetchval(
        "select count(*) from drafts where tenant_id = $1 and state in ('ready', 'held', 'changes_requested')",
        room.tenant,
    )
    assert tray.count("<li>") == count > 0


@pytest.mark.parametrize(
    "query", ["day=nonsense", "day=0001-01-01", "day=9999-12-31", "span=year", "move=x", "day=2026-02-30"]
)
async def test_an_address_that_makes_no_sense_shows_this_month(viewer: Person, query: str) -> None:
    assert 'aria-current="date"' in await viewer.text(f"/t/acme/calendar?{query}")


async def test_a_secret_address_shows_the_calendar_to_a_program_until_it_ends(
    editor: Person, anybody: Person, room: Newsroom, owner: Owner, noon: datetime
) -> None:
    await put(owner, room, "drafted", noon.astimezone(UTC))
    gone = await put(owner, room, "held", noon.astimezone(UTC), "live")
    answer = await editor.post("/t/acme/calendar/feed")
    found = re.search(r"http://desk\.test(/calendar/[\w-]+\.ics)", await answer.text())
    assert found
    path = found[1]
    read = await anybody.get(path)
    assert read.status == 200
    assert read.headers["Content-Type"] == "text/calendar; charset=utf-8"
    events = icalendar.Calendar.from_ical(await read.text()).walk("VEVENT")
    assert {str(event["STATUS"]) for event in events} == {"TENTATIVE", "CONFIRMED"}
    assert {event.decoded("DTSTART") for event in events} == {noon.astimezone(UTC)}
    uids = {str(event["UID"]) for event in events}
    assert (await anybody.get(path, headers={"If-None-Match": read.headers["ETag"]})).status == 304
    await owner.execute("update publications set state = 'retracted', changed_at = cid_now() where id = $1", gone)
    events = icalendar.Calendar.from_ical(await (await anybody.get(path)).text()).walk("VEVENT")
    assert {str(event["UID"]) for event in events} == uids
    assert {str(event["STATUS"]) for event in events} == {"TENTATIVE", "CANCELLED"}
    # a new one ends the old one; the first is not stored anywhere
    assert path not in await editor.text("/t/acme/calendar")
    await editor.post("/t/acme/calendar/feed")
    assert (await anybody.get(path)).status == 404


@pytest.mark.parametrize(
    "how",
    [
        "delete from members where role = 'editor'",
        "update users set disabled_at = cid_now() where email = 'editor@acme.test'",
    ],
)
async def test_a_secret_address_ends_with_its_person(
    editor: Person, anybody: Person, room: Newsroom, owner: Owner, how: str
) -> None:
    text = await (await editor.post("/t/acme/calendar/feed")).text()
    path = text.split("http://desk.test")[1].split("<")[0].strip()
    assert (await anybody.get(path)).status == 200
    await owner.execute(how)
    assert (await anybody.get(path)).status == 404


async def test_no_program_reads_by_guessing(anybody: Person) -> None:
    assert (await anybody.get(f"/calendar/{'a' * 43}.ics")).status == 404
