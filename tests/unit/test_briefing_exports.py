"""A run as JSON, CSV and STIX, read by strict readers, whole and with any part of it missing."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cid.domain.dossier import Dossier
from cid.domain.export import Format
from cid.domain.run import Shortfall, Tlp
from cid.domain.shape import built, plain
from cid.render import briefing_words as words
from cid.render.briefing_csv import briefing_csv, briefing_csv_zip
from cid.render.briefing_json import briefing_json, document, schema
from cid.render.briefing_stix import CONFIDENCE, TLP_IDS, briefing_stix
from cid.render.sheet import BOM
from tests import russian_run as made
from tests.stix import validated

TENANT, AT = "Институт медиа", made.NOW + timedelta(hours=1)
RUNS = {name: made.dossier(**over) for name, over in made.MISSING.items()} | {"a failed run": made.failed()}
of_every_run = pytest.mark.parametrize("dossier", RUNS.values(), ids=RUNS.keys())
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def long_table(dossier: Dossier) -> list[dict[str, str]]:
    body = briefing_csv(dossier, tenant=TENANT)
    assert body.startswith(BOM)
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True))


def strict_tables(dossier: Dossier) -> dict[str, list[dict[str, str]]]:
    with zipfile.ZipFile(io.BytesIO(briefing_csv_zip(dossier, tenant=TENANT))) as archive:
        assert archive.testzip() is None
        return {
            name.removesuffix(".csv"): list(
                csv.DictReader(io.StringIO(archive.read(name).decode(), newline=""), strict=True)
            )
            for name in archive.namelist()
        }


def nulls(value: Any) -> Iterator[Any]:
    if value is None:
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nulls(one)


@of_every_run
def test_json_keeps_its_schema_whatever_is_missing(dossier: Dossier) -> None:
    Draft202012Validator.check_schema(schema())
    found = json.loads(briefing_json(dossier, tenant=TENANT, at=AT))
    Draft202012Validator(schema(), format_checker=Draft202012Validator.FORMAT_CHECKER).validate(found)
    assert not list(nulls(found))


def test_json_carries_all_there_is_and_leaves_the_people_of_the_desk_out() -> None:
    found = document(made.dossier(), tenant=TENANT, at=AT)
    assert set(found) == set(schema()["properties"]), "everything that the schema knows"
    assert found["ai_metadata"]["prompt_sha256"] == made.STORED.prompt_hash.hex()
    assert found["ai_metadata"]["requires_human_review"] is True
    assert found["scorecard"]["capped_by"] == ["quotes_found"]
    assert found["narratives"][0]["verdict"] == "confirmed"
    assert found["briefing"]["key_findings"][0]["evidence"][0]["citations"][1]["found"] == "near"
    assert found["items"][2]["facts"] == {"engagement": {"likes": 12, "tags": ["порт"]}}
    assert found["tlp"]["label"] == "TLP:AMBER"
    said = json.dumps(found, ensure_ascii=False)
    assert str(made.ANALYST) not in said
    assert "Only for us." not in said
    assert str(made.TENANT) not in said


def test_what_was_looked_for_and_not_found_is_empty_and_what_was_not_looked_for_is_absent() -> None:
    assert document(made.dossier(matches=()), tenant=TENANT, at=AT)["narratives"] == []
    lacking = made.run(shortfalls=(Shortfall.MATCHER,))
    assert "narratives" not in document(made.dossier(run=lacking, matches=()), tenant=TENANT, at=AT)
    assert "narratives" not in strict_tables(made.dossier(run=lacking, matches=()))
    assert set(document(RUNS["everything"], tenant=TENANT, at=AT)) & {"briefing", "scorecard", "items", "raw"} == set()


def test_an_answer_that_could_not_be_read_is_kept_and_marked() -> None:
    found = document(RUNS["structure"], tenant=TENANT, at=AT)
    assert "briefing" not in found
    assert found["raw"].startswith("[1, 2")
    assert found["ai_metadata"]["structured"] is False
    assert any(mark.startswith("Unstructured") for mark in found["marks"])


@of_every_run
def test_the_long_table_has_one_shape_and_no_cell_that_would_be_calculated(dossier: Dossier) -> None:
    rows = long_table(dossier)
    assert rows
    for row in rows:
        assert set(row) == {"section", "number", "field", "value"}
        assert None not in row.values()
        assert row["value"]
        assert int(row["number"]) > 0
        assert not row["value"].startswith(DANGEROUS)
        assert len(row["value"]) < 32_767, "what a spreadsheet cuts"


@of_every_run
def test_strict_tables_have_as_many_cells_as_their_heads(dossier: Dossier) -> None:
    for name, rows in strict_tables(dossier).items():
        for row in rows:
            assert None not in row, f"{name}: more cells than the head"
            assert None not in row.values(), f"{name}: fewer"
            assert not any(cell.startswith(DANGEROUS) for cell in row.values())


def test_tables_say_what_the_run_says() -> None:
    tables = strict_tables(made.dossier())
    assert set(tables) == {
        "run", "briefing", "findings", "evidence", "narratives", "scorecard", "items", "sources",
    }  # fmt: skip
    assert [row["found"] for row in tables["evidence"]] == [
        "found",
        "near",
        "",
        "found",
        "not found",
        "no such item",
        "",
    ]
    assert tables["items"][1]["title"] == "'=cmd|' /C calc'!A0 и другие «заголовки» из ленты"
    assert tables["items"][0]["url"] == made.LONG_URL
    assert tables["items"][0]["text"] == made.TEXTS[0]
    assert tables["scorecard"][0]["result"] == "acceptable"
    assert [row["outcome"] for row in tables["sources"]] == ["found", "found", "failed"]
    cells = {(row["section"], row["number"], row["field"]): row["value"] for row in long_table(made.dossier())}
    assert cells["findings", "2", "confidence"] == "low"
    assert cells["run", "1", "outlet"] == "Вестник Залива «Утро»"
    assert ("items", "1", "text") not in cells


def test_the_same_run_makes_the_same_tables_byte_for_byte() -> None:
    assert briefing_csv_zip(made.dossier(), tenant=TENANT) == briefing_csv_zip(made.dossier(), tenant=TENANT)


@of_every_run
def test_stix_passes_the_validator_of_oasis_offline(dossier: Dossier) -> None:
    errors, warnings = validated(briefing_stix(dossier, tenant=TENANT, at=AT))
    assert errors == []
    # {103}: ids should be random, says the standard; ours stay the same, so that a second import is an update
    assert [one for one in warnings if "{103}" not in one] == []


def test_the_validator_would_have_said_so() -> None:
    bundle = json.loads(briefing_stix(made.dossier(), tenant=TENANT, at=AT))
    del bundle["objects"][-1]["published"]
    errors, _warnings = validated(json.dumps(bundle).encode())
    assert any("published" in one for one in errors)


@pytest.mark.parametrize("tlp", list(Tlp))
def test_stix_carries_the_marking_that_oasis_publishes_for_the_run_on_everything(tlp: Tlp) -> None:
    body = briefing_stix(made.dossier(run=made.run(tlp=tlp)), tenant=TENANT, at=AT)
    marking, *objects = json.loads(body)["objects"]
    assert (marking["id"], marking["name"]) == (TLP_IDS[tlp], f"TLP:{tlp.upper()}")
    assert all(one["object_marking_refs"] == [TLP_IDS[tlp]] for one in objects)
    assert validated(body)[0] == []


def test_two_exports_of_a_run_differ_in_modified_alone() -> None:
    first, second = (
        json.loads(briefing_stix(made.dossier(), tenant=TENANT, at=AT + timedelta(hours=n))) for n in range(2)
    )
    assert first != second
    for bundle in (first, second):
        for one in bundle["objects"]:
            one.pop("modified", None)
    assert first == second


def test_stix_says_what_is_observed_and_accuses_nobody() -> None:
    objects = json.loads(briefing_stix(made.dossier(), tenant=TENANT, at=AT))["objects"]
    kinds = {one["type"] for one in objects}
    assert kinds == {
        "marking-definition", "identity", "url", "observed-data", "note", "grouping", "opinion", "report",
    }  # fmt: skip
    report = objects[-1]
    assert set(report["object_refs"]) <= {one["id"] for one in objects}
    assert report["confidence"] == CONFIDENCE["low"] == 15
    assert "ai-generated" in report["labels"]
    assert [one["opinion"] for one in objects if one["type"] == "opinion"] == ["agree", "disagree"]
    notes = [one for one in objects if one["type"] == "note"]
    assert [note["confidence"] for note in notes] == [50, 15, 85]
    assert "(not found in item 3)" in notes[1]["content"]
    assert len({one["id"] for one in objects}) == len(objects)


def test_a_marked_run_says_so_in_every_format() -> None:
    extract = replace(made.STORED, provider="offline/extracts-1")
    dossier = made.dossier(run=made.run(sample=True), briefing=extract)
    kinds = [mark.partition(":")[0] for mark in words.marks(dossier)]
    assert kinds == ["Sample", "Extractive", "Partial"]
    assert "no model wrote any of it" in words.disclosure(dossier)[0]
    assert document(dossier, tenant=TENANT, at=AT)["marks"] == list(words.marks(dossier))
    labels = json.loads(briefing_stix(dossier, tenant=TENANT, at=AT))["objects"][-1]["labels"]
    assert {"sample", "extractive", "partial"} <= set(labels)
    assert "ai-generated" not in labels


@pytest.mark.parametrize(
    ("outlet", "name"),
    [
        ("РТ", "РТ 2026-11-21 1f3a9c02.pdf"),
        ("  a/b\\c:\r\nX-Evil: 1 ", "a b c X-Evil 1 2026-11-21 1f3a9c02.pdf"),
        ('"quoted" \u202egnp.exe', "quoted gnp.exe 2026-11-21 1f3a9c02.pdf"),
        ("...", "run 2026-11-21 1f3a9c02.pdf"),
        ("新华社", "新华社 2026-11-21 1f3a9c02.pdf"),
    ],
)
def test_a_file_is_named_after_its_outlet_in_any_script(outlet: str, name: str) -> None:
    assert words.file_name(made.dossier(run=made.run(outlet=outlet)), Format.PDF) == name


def test_a_long_name_fits_where_file_systems_take_255_bytes() -> None:
    name = words.file_name(made.dossier(run=made.run(outlet="あ" * 300)), Format.STIX)
    assert len(name.encode()) < 255
    assert name.endswith(".stix.json")


@of_every_run
def test_a_run_goes_into_a_child_and_comes_out_as_it_was(dossier: Dossier) -> None:
    assert built(Dossier, json.loads(json.dumps(plain(dossier)))) == dossier
