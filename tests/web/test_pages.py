"""Each page tells what is in the rows."""

from __future__ import annotations

from tests.web.conftest import Desk, Person


async def test_the_overview_counts_what_the_gates_did(owner_of_acme: Person) -> None:
    text = await owner_of_acme.text("/t/acme/")
    assert "names no keyword" in text
    assert "Shore" not in text
    assert "Port of Elmsworth" in text


async def test_an_item_tells_why(owner_of_acme: Person, desk: Desk) -> None:
    text = await owner_of_acme.text(f"/t/acme/items/{desk.room.items['irrelevant']}")
    assert "dropped at gate 2" in text
    assert "A prize, not trade." in text
    assert "$0.0021" in text


async def test_the_sources_say_how_they_fare(owner_of_acme: Person) -> None:
    text = await owner_of_acme.text("/t/acme/sources")
    assert "Status 410." in text
    assert "Lock Keepers" in text


async def test_items_list(owner_of_acme: Person) -> None:
    for query in (
        "",
        "?state=dropped",
        "?state=waiting",
        "?reason=low_relevance",
        "?q=harbour",
        "?q=harbour&state=dropped",
    ):
        text = await owner_of_acme.text(f"/t/acme/items{query}")
        assert "Harbour" in text or "Ferry" in text, query
