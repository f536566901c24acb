"""The settings of a tenant, its rest, its log and its end, as people meet them."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import zipfile
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientError

from cid.domain.tenants import Desk as Section
from cid.domain.tenants import Profile
from cid.flows import exports as exporting
from cid.flows import people, trackers
from cid.store import audit, exports, tenants
from cid.store.audit import Which
from cid.text import profiles
from cid.web.handlers import tenant as handler
from tests.newsroom import Newsroom
from tests.tenancy import TABLES_WITH_TENANT, fill
from tests.web.conftest import Desk, Person

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    import asyncpg

    Owner = asyncpg.Connection[asyncpg.Record]

FORM = {
    "industry": "Harbours",
    "language": "en",
    "keywords": "berth\nshore power\n\nberth",
    "primary_audience": "People who run ports.",
}


async def test_the_profile_is_saved_as_typed_and_its_change_told_with_what_stood_there(
    boss: Person, room: Newsroom, desk: Desk
) -> None:
    answer = await boss.post("/t/acme/tenant", **FORM)
    assert answer.status == 303, await answer.text()
    async with desk.sv.db.read(room.tenant) as tx:
        stands = await tenants.profile(tx, room.tenant)
        (line,) = await audit.found(tx, Which(tenant=room.tenant, action="tenant.profile"), 5)
    assert stands == Profile(
        industry="Harbours",
        keywords=("berth", "shore power"),
        primary_audience="People who run ports.",
    )
    assert line.detail["was"]["industry"] == ""
    assert line.detail["is"]["keywords"] == ["berth", "shore power"]
    text = await boss.text("/t/acme/tenant")
    assert "changed the profile" in text
    assert "<ins>berth, shore power</ins>" in text


async def test_saving_what_stands_already_is_no_change(boss: Person, room: Newsroom, desk: Desk) -> None:
    await boss.post("/t/acme/tenant", **FORM)
    answer = await boss.post("/t/acme/tenant", **FORM)
    assert answer.headers["Location"].endswith("said=same")
    async with desk.sv.db.read(room.tenant) as tx:
        assert len(await audit.found(tx, Which(tenant=room.tenant, action="tenant.profile"), 5)) == 1


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("language", "the English one", "A language is a tag"),
        ("keywords", "\n".join(f"word {n}" for n in range(profiles.ENTRIES + 1)), "At most 60 entries"),
        ("keywords", "w" * 121, "An entry has at most 120 characters"),
        ("voice", "v" * 1001, "At most 1000 characters"),
    ],
)
async def test_a_profile_out_of_bounds_is_refused_beside_its_field_and_keeps_what_was_typed(
    boss: Person, room: Newsroom, owner: Owner, field: str, value: str, sentence: str
) -> None:
    before = await owner.fetch("select body::text from profiles")
    answer = await boss.post("/t/acme/tenant", **{**FORM, field: value})
    text = await answer.text()
    assert answer.status == 422
    assert sentence in text
    assert "Harbours" in text
    assert await owner.fetch("select body::text from profiles") == before


async def test_who_may_only_read_sees_the_profile_and_no_form(viewer: Person) -> None:
    for part in ("tenant", "general"):
        text = await viewer.text(f"/t/acme/{part}")
        assert 'class="strong"' not in text
        assert "Pause everything" not in text
    assert '<a href="/t/acme/audit"' not in await viewer.text("/t/acme/tenant")


async def test_name_zone_and_desks_are_changed_together_and_a_zone_that_is_none_is_refused(
    boss: Person, room: Newsroom, owner: Owner
) -> None:
    answer = await boss.post("/t/acme/general", name="Acme", zone="../etc/passwd", publishing="on")
    assert answer.status == 422
    assert "is no time zone" in await answer.text()
    answer = await boss.post("/t/acme/general", name=" Acme  Ports ", zone="Europe/Berlin", tracker="on")
    assert answer.status == 303
    row = await owner.fetchrow("select name, zone, desks from tenants where id = $1", room.tenant)
    assert row is not None
    assert tuple(row) == ("Acme Ports", "Europe/Berlin", ["tracker"])
    assert "Acme Ports" in await boss.text("/t/acme/general")


async def test_a_pause_needs_a_reason_is_said_on_every_page_and_ends(boss: Person, viewer: Person) -> None:
    assert (await boss.post("/t/acme/pause")).status == 422
    assert (await boss.post("/t/acme/pause", reason="A dispute about <rights>.")).status == 303
    for path in ("/t/acme/", "/t/acme/drafts", "/t/acme/sources", "/t/acme/calendar", "/t/acme/tenant"):
        text = await viewer.text(path)
        assert "A dispute about &lt;rights&gt;." in text, path
    again = await boss.post("/t/acme/pause", reason="Twice.")
    assert again.status == 422
    assert "paused already" in await again.text()
    assert (await boss.post("/t/acme/resume")).status == 303
    assert "dispute" not in await viewer.text("/t/acme/")
    assert (await boss.post("/t/acme/resume")).status == 409


async def test_who_runs_the_desk_pauses_and_resumes_any_tenant_and_its_people_read_so(
    admin: Person, boss: Person, stranger: Person
) -> None:
    assert (await admin.post("/platform/tenants/pause", tenant="acme", reason="A bill.")).status == 303
    assert "A bill." in await boss.text("/t/acme/")
    assert "A bill." not in await stranger.text("/t/other/")
    assert "paused the tenant" in await boss.text("/t/acme/audit")
    assert "A bill." in await admin.text("/platform/tenants")
    assert (await admin.post("/platform/tenants/resume", tenant="acme")).status == 303
    assert (await admin.post("/platform/tenants/resume", tenant="nobody")).status == 404
    assert (await admin.post("/platform/tenants/resume", tenant="platform")).status == 404


async def test_deletion_is_asked_for_by_name_seen_by_who_runs_the_desk_and_taken_back(
    boss: Person, admin: Person, room: Newsroom, owner: Owner
) -> None:
    assert (await boss.post("/t/acme/deletion", typed="other")).status == 422
    assert "to be deleted" not in await admin.text("/platform/tenants")
    assert (await boss.post("/t/acme/deletion", typed="acme")).status == 303
    assert "cid tenants delete acme --yes-delete acme" in await admin.text("/platform/tenants")
    assert "asked for the tenant to be deleted" in await admin.text("/platform/audit")
    assert (await boss.post("/t/acme/deletion/withdraw")).status == 303
    assert await owner.fetchval("select deletion_asked_at from tenants where id = $1", room.tenant) is None
    assert (await boss.post("/t/acme/deletion/withdraw")).status == 409


# ---------------------------------------------------------------------------------------------- the log


async def test_the_log_is_filtered_by_person_action_target_and_day_and_its_links_carry_the_conditions(
    boss: Person, desk: Desk, room: Newsroom
) -> None:
    await boss.post("/t/acme/tenant", **FORM)
    await boss.post("/t/acme/pause", reason="Holidays.")
    day = desk.clock.now().date().isoformat()
    text = await boss.text(f"/t/acme/audit?action=tenant.paused&day={day}")
    log = text.split('<ul class="log">')[1].split("</ul>")[0]
    assert log.count("<li>") == 1
    assert "paused the tenant" in log
    assert f"action=tenant.paused&amp;day={day}" in text
    for none in ("action=tenant.resumed", "day=1999-01-01", f"who={room.tenant}", "target=tenant:other"):
        assert "Nothing on record" in await boss.text(f"/t/acme/audit?{none}")
    # what makes no sense is no condition
    assert "paused the tenant" in await boss.text("/t/acme/audit?day=yesterday&who=me&before=x")


async def test_pages_of_the_log_follow_each_other_without_gap_or_repetition(
    boss: Person, desk: Desk, room: Newsroom, owner: Owner
) -> None:
    async with desk.sv.db.tx(room.tenant) as tx:
        for n in range(120):
            await audit.add(tx, desk.clock.now(), None, "test.line", target=f"number:{n}")
    seen: list[str] = []
    path = "/t/acme/audit?action=test.line"
    while path:
        text = await boss.text(path)
        seen += [part.split("<")[0] for part in text.split('">number:')[1:]]
        found = text.split('rel="next"')[0].rsplit('<a href="', 1)[1].split('"')[0] if 'rel="next"' in text else ""
        path = found.replace("&amp;", "&")
    assert sorted(map(int, seen)) == list(range(120))


async def test_the_log_as_a_file_for_spreadsheets_calculates_nothing(boss: Person, desk: Desk, room: Newsroom) -> None:
    async with desk.sv.db.tx(room.tenant) as tx:
        await audit.add(
            tx, desk.clock.now(), None, "test.line", target="=HYPERLINK(1)", detail={"was": "-1", "is": "@x"}
        )
    answer = await boss.get("/t/acme/audit/export.csv?action=test.line")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    head, row = csv.reader(io.StringIO(await answer.text()))
    assert head[:4] == ["at", "who", "action", "target"]
    assert row[3] == "'=HYPERLINK(1)"
    assert (row[5], row[6]) == ("'-1", "'@x")


async def test_the_log_as_json_lines_holds_every_line_and_says_who_took_it(
    boss: Person, desk: Desk, room: Newsroom
) -> None:
    async with desk.sv.db.tx(room.tenant) as tx:
        for n in range(1200):
            await audit.add(tx, desk.clock.now(), None, "test.line", target=str(n))
    answer = await boss.get("/t/acme/audit/export.jsonl")
    lines = [json.loads(line) for line in (await answer.text()).splitlines()]
    assert {line["target"] for line in lines if line["action"] == "test.line"} == {str(n) for n in range(1200)}
    assert [line["who"] for line in lines if line["action"] == "audit.exported"] == ["owner"]


async def test_nobody_reads_the_log_of_another_tenant_or_of_the_platform(
    boss: Person, desk: Desk, room: Newsroom
) -> None:
    async with desk.sv.db.tx(room.other) as tx:
        await audit.add(tx, desk.clock.now(), None, "test.secret")
        assert await audit.found(tx, Which(tenant=room.tenant), 10) == []
        assert await audit.found(tx, Which(tenant=None), 10) == []
    assert "test: secret" not in await boss.text("/t/acme/audit")


# ---------------------------------------------------------------------------------------------- taking everything along


async def test_every_table_and_column_with_a_tenant_is_decided_on(owner: Owner) -> None:
    """A new one belongs into EXPORTED, HIDDEN or LEFT_OUT of cid/store/exports.py."""
    tables = {name for (name,) in await owner.fetch(TABLES_WITH_TENANT)}
    assert tables == set(exports.EXPORTED) | set(exports.LEFT_OUT)
    rows = await owner.fetch(
        """select c.relname, array_agg(a.attname::text) as columns from pg_class c
           join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
           where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname = any($1)
           group by c.relname""",
        list(exports.EXPORTED),
    )
    for row in rows:
        table = row["relname"]
        decided = exports.EXPORTED[table].split() + exports.HIDDEN.get(table, "").split()
        assert len(decided) == len(set(decided)), table
        assert set(decided) == set(row["columns"]) - {"tenant_id"}, table


async def test_an_archive_has_all_of_the_tenant_nothing_of_others_and_no_secret(
    boss: Person, owner: Owner, room: Newsroom, desk: Desk
) -> None:
    other = await fill(owner, "filled")
    await owner.execute(
        """insert into members (tenant_id, user_id, role)
           select $1, user_id, 'owner' from members m where m.tenant_id = $2""",
        other.tenant,
        room.tenant,
    )
    await owner.execute("update channels set sealed = 'very secret' where tenant_id = $1", other.tenant)
    answer = await boss.post("/t/filled/export")
    assert answer.status == 200
    assert answer.headers["Content-Disposition"] == 'attachment; filename="filled.zip"'
    data = await answer.read()
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert file.testzip() is None
        names = set(file.namelist())
        manifest = json.loads(file.read("manifest.json"))
        texts = {name: file.read(name) for name in names}
    assert {f"{table}.jsonl" for table in exports.EXPORTED} <= names
    for table in exports.EXPORTED:
        count = await owner.fetchval(f"select count(*) from {table} where tenant_id = $1", other.tenant)
        lines = texts[f"{table}.jsonl"].splitlines()
        # asking for the archive is a line of the log itself
        assert len(lines) == manifest["files"][f"{table}.jsonl"]["lines"] == count, table
        assert count > 0, table
    assert str(other.private_item) in texts["items.jsonl"].decode()
    assert str(other.public_item) not in texts["items.jsonl"].decode()
    assert any(name.startswith("images/") for name in names)
    whole = b"".join(texts.values()).decode()
    assert "very secret" not in whole
    assert str(room.tenant) not in whole
    assert {b"x"} <= {text for name, text in texts.items() if name.startswith("images/")}


async def test_an_archive_of_many_rows_has_each_once(boss: Person, owner: Owner, room: Newsroom, desk: Desk) -> None:
    async with desk.sv.db.tx(room.tenant) as tx:
        for n in range(exports.USUAL * 2 + 3):
            await audit.add(tx, desk.clock.now(), None, "test.line", target=str(n))
    with zipfile.ZipFile(io.BytesIO(await (await boss.post("/t/acme/export")).read())) as file:
        lines = [json.loads(line) for line in file.read("audit.jsonl").splitlines()]
    assert (
        len(lines)
        == len({line["id"] for line in lines})
        == await owner.fetchval("select count(*) from audit where tenant_id = $1", room.tenant)
    )


async def test_a_slow_reader_of_one_tenants_archive_holds_up_nobody_else(
    boss: Person, owner: Owner, room: Newsroom, desk: Desk
) -> None:
    async with desk.sv.platform.read() as tx:
        acme = await tenants.by_slug(tx, "acme")
    other = await fill(owner, "filled")
    await owner.execute(
        "insert into members (tenant_id, user_id, role) select $1, user_id, 'owner' from members where tenant_id = $2",
        other.tenant,
        room.tenant,
    )
    assert acme
    async with aclosing(exporting.archive(desk.sv, acme, None)) as slow:
        await anext(slow)
        held = (
            "select count(*) from pg_stat_activity where datname = current_database() and state = 'idle in transaction'"
        )
        assert await owner.fetchval(held) == 0
        answer = await boss.post("/t/acme/export")
        assert (answer.status, answer.headers["Retry-After"]) == (429, "60")
        assert "being exported at this moment" in await answer.text()
        for _ in range(2):
            assert zipfile.ZipFile(io.BytesIO(await (await boss.post("/t/filled/export")).read())).testzip() is None
    after = await boss.post("/t/acme/export")
    assert (after.status, bool(await after.read())) == (200, True), "given up, it counts no more"


async def test_who_stops_reading_an_archive_is_cut_off(boss: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = asyncio.Event()

    async def endless(*_of: object) -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield b"x" * 1_000_000
        finally:
            ended.set()

    monkeypatch.setattr(exporting, "archive", endless)
    monkeypatch.setattr(handler, "STALLED_S", 0.2)
    answer = await boss.post("/t/acme/export")
    await asyncio.wait_for(ended.wait(), 20)
    with pytest.raises(ClientError):
        await answer.read()


async def test_what_the_operator_changes_stands_in_the_tenants_own_log(desk: Desk, room: Newsroom) -> None:
    """Its owners read there what the desk goes by, whoever changed it."""
    await people.set_profile(desk.sv, slug="acme", profile=Profile(industry="Piers"))
    await trackers.set_desks(desk.sv, slug="acme", desks=[Section.PUBLISHING])
    async with desk.sv.db.read(room.tenant) as tx:
        [profile] = await audit.found(tx, Which(tenant=room.tenant, action="tenant.profile"), 5)
        [desks] = await audit.found(tx, Which(tenant=room.tenant, action="tenant.desks"), 5)
    assert profile.detail["is"]["industry"] == "Piers"
    assert desks.detail == {"desks": ["publishing"]}
