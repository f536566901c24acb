"""A run as a PDF, read back: its text, its outline, its links, and what it must not do with strangers' words."""

from __future__ import annotations

import io
import sys
import unicodedata
from base64 import b64decode
from dataclasses import replace
from typing import Any

import pytest
from pypdf import PdfReader

from cid.domain.briefing import Evidence, Finding, Found
from cid.domain.dossier import Dossier
from cid.domain.narratives import Span
from cid.domain.run import Tlp
from cid.domain.shape import plain
from cid.render.briefing_pdf import briefing_pdf, render_briefing
from cid.render.pdf_text import BOX, drawable, runs
from tests import russian_run as made

RUNS = {name: made.dossier(**over) for name, over in made.MISSING.items()} | {"a failed run": made.failed()}


def read(dossier: Dossier) -> PdfReader:
    return PdfReader(io.BytesIO(briefing_pdf(dossier, tenant="Институт медиа")), strict=True)


def text(reader: PdfReader) -> str:
    return " ".join(" ".join(page.extract_text().split()) for page in reader.pages)


@pytest.fixture(scope="module")
def whole() -> PdfReader:
    return read(made.dossier())


@pytest.mark.parametrize("dossier", RUNS.values(), ids=RUNS.keys())
def test_every_page_says_with_whom_it_may_be_shared_and_which_of_how_many_it_is(dossier: Dossier) -> None:
    pages = read(dossier).pages
    for number, page in enumerate(pages, 1):
        said = page.extract_text()
        assert said.count("TLP:AMBER") >= 2, "at the top and at the foot"
        assert f"{number} of {len(pages)}" in said


def test_the_text_layer_has_what_was_written_in_cyrillic_too(whole: PdfReader) -> None:
    said = text(whole)
    for expected in (
        "Вестник Залива «Утро»", "BOTTOM LINE", "“Мы готовы к работе круглый год”", "✓ found", "≈ near", "✗ not found",
        "✗ no such item", "item 1, characters 102 to 132", "=cmd|' /C calc'!A0", "<b>мост</b> & дорога",
        "58 of 70 points: good", "capped at acceptable", "confirmed", "rejected", "repeats", "debunks",
        "Who owns the outlet.", made.STORED.prompt_hash.hex(), "No person has approved it", "Structure completeness",
    ):  # fmt: skip
        assert expected in said, expected


def test_the_file_knows_its_title_author_language_and_date(whole: PdfReader) -> None:
    told = whole.metadata
    assert told
    assert (told.title, told.author) == ("Analysis of Вестник Залива «Утро»", "Институт медиа")
    assert told.subject
    assert told.subject.startswith("TLP:AMBER.")
    assert told.creation_date == made.NOW
    catalogue: Any = whole.trailer["/Root"]
    assert catalogue["/Lang"] == "en"
    assert catalogue["/PageMode"] == "/UseOutlines"


def test_its_parts_are_in_the_outline_and_lead_to_their_pages(whole: PdfReader) -> None:
    entries = [entry for entry in whole.outline if not isinstance(entry, list)]
    titles = [str(entry.title) for entry in entries]
    assert titles[0] == "Вестник Залива «Утро»: summary"
    assert {"Key findings", "Known narratives", "Quality", "Limitations", "Items", "How this was made"} <= set(titles)
    places = [whole.get_destination_page_number(entry) or 0 for entry in entries]
    assert places == sorted(places)
    assert places[-1] > 0


def test_addresses_are_links_and_lead_nowhere_but_to_the_web(whole: PdfReader) -> None:
    links = [
        str(note.get_object()["/A"]["/URI"])
        for page in whole.pages
        for note in page.get("/Annots", [])
        if "/A" in note.get_object()
    ]
    assert any(link.startswith("https://vestnik-zaliva.test/n/2") for link in links)
    strange = replace(made.item(2), url="javascript:alert(1)")
    reader = read(made.dossier(items=(strange,), fetches=()))
    assert not any("/Annots" in page for page in reader.pages)
    assert "javascript:alert(1)" in text(reader), "it is shown, and no link"


def test_its_fonts_are_embedded(whole: PdfReader) -> None:
    for page in whole.pages:
        fonts: Any = page["/Resources"]["/Font"]  # type: ignore[index]
        for font in fonts.values():
            assert "/FontFile2" in font.get_object()["/FontDescriptor"]


def test_the_same_run_makes_the_same_bytes() -> None:
    first, second = (briefing_pdf(made.dossier(), tenant="T") for _ in range(2))
    assert first == second


@pytest.mark.parametrize("tlp", list(Tlp))
def test_each_label_is_written_out(tlp: Tlp) -> None:
    assert (
        f"TLP:{tlp.upper()}"
        in read(made.dossier(**made.MISSING["everything"], run=made.run(tlp=tlp))).pages[0].extract_text()
    )


def test_a_marked_run_says_so_on_its_first_page() -> None:
    dossier = made.dossier(run=made.run(sample=True), briefing=replace(made.STORED, provider="offline/extracts-1"))
    said = " ".join(read(dossier).pages[0].extract_text().split())
    assert "Sample. The outlet and its items are made up" in said
    assert "Extractive. Put together" in said
    assert "Partial. A source that was asked failed" in said
    assert "Failed. GDELT had nothing in 7 days." in text(read(made.failed()))


NASTY = {
    "markup": "<para><b>&amp;</b></para> <font name='x'>& &lt; <img src='file:///etc/passwd'/> <br/> <a href='x'>",
    "arabic": "قال المتحدث إن السفينة وصلت إلى الميناء صباح اليوم بعد رحلة طويلة استغرقت ثلاثة أسابيع عبر البحر " * 3,
    "hebrew in English": "It says “שלום עולם, הנמל נפתח מחדש הבוקר” and goes on, " * 6,
    "greek": "Η κυβέρνηση ανακοίνωσε νέα μέτρα",
    "chinese": "港口今天早上重新开放，政府宣布了新的措施，专家对此表示怀疑。" * 8,
    "japanese and korean": "今朝、港は再開されました。정부는 새로운 조치를 발표했다.",
    "emoji": "😀🇷🇺👩🏽‍💻 𝔊 हिन्दी ሰላም",
    "a long word": "Ш" * 3000,
    "controls": "a\x07b\x1b[31m\u202eevil\u202c\ufeff\u200b\ud800",
    "nothing": "",
    "lines": "one\n\n\ntwo\r\nthree\u2028four" * 50,
}


@pytest.mark.parametrize("said", NASTY.values(), ids=NASTY.keys())
def test_no_text_breaks_a_page(said: str) -> None:
    """Wherever a stranger's words may stand."""
    cited = made.cited(1, said, Found.NEAR, 1)
    finding = Finding(
        finding=said,
        confidence=said[:40],
        evidence=(Evidence(kind=said[:20], reference=said, citations=(cited,)),),
    )
    briefing = replace(
        made.BRIEFING,
        executive_summary=said,
        key_findings=(finding,),
        limitations=replace(made.BRIEFING.limitations, data_gaps=(said,)),
        item_readings=(replace(made.BRIEFING.item_readings[0], framing=said, actors=(said,)),),
    )
    item = replace(made.item(1), title=said, url=f"https://x.test/{said}", publisher=said, author=said)
    dossier = made.dossier(
        run=made.run(outlet=said),
        items=(item,),
        fetches=(replace(made.fetches()[2], detail=said, address=said),),
        briefing=replace(made.STORED, briefing=briefing, problems=(said,)),
        matches=(made.match(1, spans=(Span(start=0, end=1, text=said, cue=said),)),),
    )
    assert len(read(dossier).pages) > 2


def test_a_briefing_of_a_megabyte_is_cut_and_says_so() -> None:
    long = tuple(replace(made.FINDINGS[0], finding="длинная " * 3000) for _ in range(200))
    reader = read(made.dossier(briefing=replace(made.STORED, briefing=replace(made.BRIEFING, key_findings=long))))
    assert len(reader.pages) < 60
    said = text(reader)
    assert "more characters in the JSON export" in said
    assert "more in the JSON export" in said


def test_what_no_font_has_is_told_and_nothing_turns_the_line_around() -> None:
    assert drawable("\u202eevil\u202c \u200bx") == "evil x"
    assert drawable("🇷🇺") == "RU"
    assert drawable("🥷") == "[ninja]"
    assert drawable("ሰ") == BOX
    assert {name for name, _piece in runs(drawable("Aя α"))} == {"Text"}


def test_the_first_page_names_the_scripts_of_letters_that_could_not_be_drawn(whole: PdfReader) -> None:
    item = replace(made.item(1), title="बन्दरगाह ፀሐይ and the Harbour")
    first = " ".join(read(made.dossier(items=(item, made.item(2)))).pages[0].extract_text().split())
    assert "could not be drawn, and an empty box stands for each: Devanagari, Ethiopic." in first
    assert "could not be drawn" not in text(whole)


def test_arabic_is_in_the_order_of_reading_when_it_is_read_back() -> None:
    reader = read(made.dossier(**made.MISSING["everything"], run=made.run(outlet="قال المتحدث")))
    shown = unicodedata.normalize("NFKC", reader.pages[0].extract_text())
    assert "قال" in shown or "لاق" in shown, "joined forms go back to letters"


def test_a_desk_without_reportlab_says_so_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith(("reportlab", "cid.render.pdf_"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "reportlab", None)
    value = {"dossier": plain(made.dossier()), "tenant": "T"}
    answer = render_briefing(value)
    assert set(answer) == {"missing"}
    assert answer["missing"].startswith("reportlab")


def test_a_child_answers_with_the_file() -> None:
    body = b64decode(render_briefing({"dossier": plain(made.failed()), "tenant": "T"})["pdf"])
    assert body == briefing_pdf(made.failed(), tenant="T")
