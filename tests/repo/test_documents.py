"""What the documents point at is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from cid.domain.verdicts import GATE_NUMBER
from cid.web.routes import ROUTES

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
FUNNEL = (ROOT / "docs/funnel.md").read_text()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files_and_headings_that_are_there(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?://)([^)\s]+)\)", document.read_text()):
        path, _, heading = target.partition("#")
        found = document.parent / path if path else document
        assert found.exists(), target
        if heading:
            titles = re.findall(r"^#+ (.+)$", found.read_text(), re.MULTILINE)
            assert heading in {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}, target


def test_every_document_is_led_to() -> None:
    said = "".join(path.read_text() for path in DOCUMENTS)
    assert [path.name for path in ROOT.glob("docs/*.md") if f"{path.name})" not in said] == []


def test_the_page_of_the_funnel_names_every_gate_and_only_sections_and_pages_that_there_are() -> None:
    sections = set(tomllib.loads((ROOT / "config/gates.toml").read_text()))
    assert set(re.findall(r"`\[(\w+)\]`", FUNNEL)) <= sections
    for number in GATE_NUMBER.values():
        assert f"| {number} " in FUNNEL
    pages = {route.path for route in ROUTES if route.method == "GET"}
    for path in re.findall(r"`(/[^` ]*)`", FUNNEL):
        assert path.replace("/t/NAME", "/t/{tenant}") in pages, path
