"""How far a story spread, who was first, and who repeats whom."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from cid.domain.ids import ItemId
from cid.domain.news import Band
from cid.domain.telling import Telling
from cid.text.spread import spread

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def told(publisher: str, title: str, minute: int, *, counts: bool = True, band: Band | None = Band.SIMILAR) -> Telling:
    return Telling(
        item_id=ItemId(uuid4()),
        title=title,
        url="https://news.test/1",
        band=band,
        likeness=None,
        who=publisher,
        publisher=publisher,
        at=NOON + timedelta(minutes=minute),
        counts=counts,
    )


def test_a_story_nobody_told_has_no_first() -> None:
    found = spread([])
    assert (found.publishers, found.within, found.first, found.chains) == (0, 0, None, ())


def test_publishers_count_once_and_the_window_is_where_most_of_them_are() -> None:
    found = spread(
        [
            told("A", "Harbour opens", 0),
            told("A", "Harbour opens its gates", 130),
            told("B", "Cranes at work", 150),
            told("C", "New quay in Norhaven", 240),
            told("D", "Ships queue at the port", 271),
        ]
    )
    assert (found.publishers, found.within) == (4, 2), "A counts at noon, where it was first"
    assert found.first
    assert found.first.publisher == "A"
    edge = spread([told("A", "Harbour opens", 0), told("B", "Cranes at work", 120), told("C", "Quay closes", 121)])
    assert edge.within == 2, "two hours are two hours"


def test_what_the_tenant_does_not_count_lends_no_weight_and_is_not_first() -> None:
    found = spread([told("Farm", "Harbour opens", -60, counts=False), told("A", "Cranes at work", 0)])
    assert (found.publishers, found.within) == (1, 1)
    assert found.first
    assert found.first.publisher == "A"
    assert len(found.chains) == 1


def test_a_repeated_headline_hangs_on_the_report_it_repeats_and_words_of_ones_own_begin_a_chain() -> None:
    agency = told("Agency", "Harbour of Norhaven opens three new cranes on Monday", 0, band=Band.FIRST)
    own = told("Gazette", "Captains cheer as cranes arrive", 10)
    copy = told("Courier", "Harbour of Norhaven opens three new cranes on Monday - Courier", 20, band=Band.CERTAIN)
    reprint = told("Herald", "Captains cheer as cranes arrive", 30)
    elsewhere = told("Post", "By other means known to be the same", 40, band=Band.CERTAIN)
    found = spread([reprint, copy, own, elsewhere, agency])
    assert [(chain.first.publisher, [copy.publisher for copy in chain.copies]) for chain in found.chains] == [
        ("Agency", ["Courier", "Post"]),
        ("Gazette", ["Herald"]),
    ]


def test_every_report_that_counts_is_in_exactly_one_chain_whatever_their_order() -> None:
    chance = random.Random(5)
    words = "harbour cranes quay ships monday norhaven opens".split()  # noqa: SIM905 - read as a sentence
    reports = [
        told(f"P{n % 7}", " ".join(chance.sample(words, 4)), n * 9, counts=n % 5 > 0, band=chance.choice(list(Band)))
        for n in range(60)
    ]
    found = spread(reports)
    inside = [one.item_id for chain in found.chains for one in (chain.first, *chain.copies)]
    assert sorted(inside) == sorted(one.item_id for one in reports if one.counts)
    chance.shuffle(reports)
    assert spread(reports) == found
    assert all(chain.first.at <= copy.at for chain in found.chains for copy in chain.copies)
