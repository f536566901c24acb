"""A run taken along as a file: by whom, under which name, and what is said where it cannot be."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from cid.domain.errors import Missing, NotFound, Unknown
from cid.domain.ids import RunId, uuid7
from cid.domain.outside import ChildFailure
from cid.domain.run import Target, Tlp
from cid.flows import briefing_export
from cid.render.briefing_pdf import render_briefing
from cid.store import runs, tenants
from cid.web.downloads import disposition
from tests import russian_run as made

if TYPE_CHECKING:
    from cid.domain.llm import Json
    from tests.newsroom import Newsroom
    from tests.web.conftest import Desk, Person


@pytest.fixture
async def run(desk: Desk, room: Newsroom) -> RunId:
    """Of acme, with a Russian outlet; nothing of it is fetched yet but two items and a briefing."""
    run = RunId(uuid7(desk.clock.now()))
    target = Target(outlet="РТ", country="RU")
    async with desk.sv.db.tx(room.tenant) as tx:
        await runs.add(tx, run, target, outlet_key="рт:RU", tlp=Tlp.GREEN, by=None)
        await runs.add_items(tx, run, [made.item(1), made.item(2)])
        await runs.set_profile(tx, run, made.dossier().profile or pytest.fail("there is one"))
        await runs.add_briefing(tx, run, made.STORED)
        await runs.add_scorecard(tx, run, made.CARD)
    children(desk)["render_briefing"] = render_briefing
    return run


def children(desk: Desk) -> dict[str, object]:
    return desk.sv.outside.children.functions  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize(
    ("form", "kind", "ending", "begins"),
    [
        ("json", "application/json", ".json", b"{"),
        ("csv", "text/csv; charset=utf-8", ".csv", b"\xef\xbb\xbfsection,"),
        ("csv.zip", "application/zip", ".csv.zip", b"PK"),
        ("pdf", "application/pdf", ".pdf", b"%PDF-"),
        ("stix", "application/stix+json;version=2.1", ".stix.json", b"{"),
    ],
)
async def test_each_format_comes_as_a_file_named_in_the_outlets_own_script(
    viewer: Person, run: RunId, form: str, kind: str, ending: str, begins: bytes
) -> None:
    answer = await viewer.get(f"/t/acme/runs/{run}/export?format={form}")
    assert answer.status == 200, await answer.text()
    assert answer.headers["Content-Type"] == kind
    assert answer.headers["Cache-Control"] == "no-store"
    plain, _, starred = answer.headers["Content-Disposition"].partition("; filename*=UTF-8''")
    assert plain.startswith('attachment; filename="run ')
    assert plain.isascii()
    assert unquote(starred).startswith("РТ ")
    assert unquote(starred).endswith(ending)
    assert (await answer.read()).startswith(begins)


async def test_a_format_that_is_none_is_refused_with_a_sentence(viewer: Person, run: RunId) -> None:
    answer = await viewer.get(f"/t/acme/runs/{run}/export?format=docx")
    assert answer.status == 400
    assert "json, csv, csv.zip, pdf, stix" in await answer.text()


async def test_a_stranger_finds_nothing_and_nobody_signs_in_first(stranger: Person, desk: Desk, run: RunId) -> None:
    for form in ("json", "pdf", "docx"):
        assert (await stranger.get(f"/t/acme/runs/{run}/export?format={form}")).status == 404
        assert (await stranger.get(f"/t/other/runs/{run}/export?format={form}")).status in {400, 404}
    async with desk.person() as nobody:
        assert (await nobody.get(f"/t/acme/runs/{run}/export")).status == 303


async def test_who_took_it_along_is_in_the_log_with_its_label(boss: Person, run: RunId) -> None:
    await (await boss.get(f"/t/acme/runs/{run}/export?format=stix")).read()
    lines = [json.loads(line) for line in (await boss.text("/t/acme/audit/export.jsonl")).splitlines()]
    [line] = [line for line in lines if line["action"] == "run.exported"]
    assert (line["target"], line["detail"]) == (str(run), {"form": "stix", "tlp": "green", "via": "page"})
    assert line["who"]
    assert "exported a briefing" in await boss.text("/t/acme/audit")


async def test_two_exports_of_one_run_at_once_do_not_meet(viewer: Person, run: RunId) -> None:
    answers = await asyncio.gather(
        *(viewer.get(f"/t/acme/runs/{run}/export?format={form}") for form in ("pdf", "pdf", "csv.zip", "csv.zip"))
    )
    bodies = [await answer.read() for answer in answers]
    assert bodies[0] == bodies[1]
    assert bodies[2] == bodies[3]


async def test_a_desk_without_the_extra_says_501_and_what_to_install(viewer: Person, desk: Desk, run: RunId) -> None:
    children(desk)["render_briefing"] = lambda _value: {"missing": "reportlab"}
    answer = await viewer.get(f"/t/acme/runs/{run}/export?format=pdf")
    assert answer.status == 501
    assert "install the extra `pdf`" in (await answer.text()).replace("&#96;", "`")
    assert (await viewer.get(f"/t/acme/runs/{run}/export?format=json")).status == 200


async def test_a_page_that_takes_too_long_is_told_and_nothing_is_logged_as_taken(
    viewer: Person, boss: Person, desk: Desk, run: RunId
) -> None:
    def dies(_value: Json) -> Json:
        raise ChildFailure("render_briefing took longer than 45 s")

    children(desk)["render_briefing"] = dies
    assert (await viewer.get(f"/t/acme/runs/{run}/export?format=pdf")).status == 503
    assert "run.exported" not in await boss.text("/t/acme/audit/export.jsonl")


async def test_the_flow_names_what_it_refuses(desk: Desk, run: RunId) -> None:
    sv = desk.sv
    async with sv.platform.read() as tx:
        acme = next(one for one in await tenants.listed(tx) if one.slug == "acme")
    with pytest.raises(Unknown):
        await briefing_export.export(sv, acme, run, "docx")
    with pytest.raises(NotFound):
        await briefing_export.export(sv, acme, RunId(uuid7(desk.clock.now())), "json")
    children(desk)["render_briefing"] = lambda _value: {"missing": "bidi"}
    with pytest.raises(Missing, match="bidi"):
        await briefing_export.export(sv, acme, run, "pdf")


def test_a_name_cannot_end_its_header() -> None:
    said = disposition('a"; filename="evil.exe\r\nX: 1.pdf')
    assert "\r" not in said
    assert said.count('"') == 2
    assert disposition("Café 1.pdf") == "attachment; filename=\"Cafe 1.pdf\"; filename*=UTF-8''Caf%C3%A9%201.pdf"
