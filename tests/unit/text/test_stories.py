"""Which titles meet in one story."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cid.domain.ids import ItemId, StoryId
from cid.domain.news import Band, Placed
from cid.text.stories.guards import Apart, apart
from cid.text.stories.keys import WINDOW, bucket, counted, first_key, key, pairs
from cid.text.stories.shelf import Arrival, Shelf, lookup_keys
from cid.text.stories.story import FACES, GROWN, TERMS_KEPT, Story
from cid.text.stories.terms import MOST_TERMS, stem, title
from cid.text.stories.weights import Uses

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = AT + 10 * WINDOW


def arrivals(titles: Sequence[str], uses: Uses, *, apart_by: timedelta, first: int = 0) -> list[Arrival]:
    found = []
    for number, text in enumerate(titles, first):
        at, one = AT + number * apart_by, title(text)
        found.append(
            Arrival(
                item=ItemId(UUID(int=number)),
                title=one,
                vector=(vector := uses.weigh(one, at)),
                keys=lookup_keys(vector, at, LATER),
                at=at,
                sample=False,
                fresh=StoryId(UUID(int=number)),
            )
        )
    return found


def placed(*titles: str, apart_by: timedelta = timedelta(minutes=1)) -> list[Placed]:
    shelf = Shelf([])
    return shelf.settled([shelf.place(new) for new in arrivals(titles, Uses({}), apart_by=apart_by)])


def stories(*titles: str, apart_by: timedelta = timedelta(minutes=1)) -> list[int]:
    return [one.story.int for one in placed(*titles, apart_by=apart_by)]


def test_reports_of_one_event_meet_whatever_their_order_of_words() -> None:
    assert stories(
        "Ferry service across the harbour resumes after repairs",
        "After repairs, harbour ferry resumes service",
        "HARBOUR FERRY: services resumed",
    ) == [0, 0, 0]


def test_other_news_with_a_word_in_common_stays_apart() -> None:
    assert stories("Apple harvest begins in the valley", "Apple unveils a thinner phone") == [0, 1]


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ("Kerala govt launches new AI policy 2026", "Punjab govt launches new AI policy 2026", Apart.NAME),
        ("Regional AI Conference at Hyderabad", "Regional AI Conference at Thiruvananthapuram", Apart.NAME),
        ("Ukraine is ready for talks", "Ukraine is not ready for talks", Apart.DENIAL),
        ("Minister will resign over leak", "Minister won't resign over leak", Apart.DENIAL),
        ("Acme raises $10 mn from Sequoia", "Acme raises $50 million from Sequoia", Apart.AMOUNT),
        ("Rates rise by 0.25% in March", "Rates rise by 0.5% in March", Apart.AMOUNT),
        ("World AI summit 2025 opens in Oslo", "World AI summit 2026 opens in Oslo", Apart.YEAR),
    ],
)
def test_a_denial_an_amount_a_year_and_a_name_tell_near_copies_apart(one: str, other: str, why: Apart) -> None:
    assert apart(title(one), title(other)) == apart(title(other), title(one)) == why
    assert stories(one, other) == [0, 1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Acme raises $10 mn from Sequoia", "Acme raises Rs 80 crore from Sequoia"),
        ("UPC Volt to invest Rs 5k cr in Hyderabad data centre", "UPC Volt plans 5000 crore data centre in Telangana"),
        ("UPC Volt puts Rs 5,000 crore into chips", "UPC Volt to put 50 billion rupees into chips"),
        ("Explosion hits Nord Stream pipeline, operator says", "Nord Stream pipeline hit by explosion, operator says"),
        ("At least 10 dead in ferry fire off Crete", "Ferry fire off Crete: 12 dead"),
    ],
)
def test_other_units_other_counts_and_other_orders_of_words_are_the_same_event(one: str, other: str) -> None:
    assert stories(one, other) == [0, 0]


def test_stories_that_a_name_keeps_apart_are_not_merged_by_a_title_that_is_like_both() -> None:
    assert stories(
        "Kerala govt launches new AI policy 2026",
        "Punjab govt launches new AI policy 2026",
        "New AI policy 2026 launched by govt of Kerala",
    ) == [0, 1, 0]


def test_what_was_planned_and_is_being_done_is_a_later_chapter() -> None:
    plan, done, again = placed(
        "Odisha AI policy announced",
        "Odisha AI policy implementation begins",
        "Implementation of AI policy begins in Odisha",
    )
    assert (plan.follows, done.follows, done.band) == (None, plan.story, Band.FIRST)
    assert [again.story, again.merges] == [done.story, ()]


def test_an_item_that_shows_two_stories_to_be_one_merges_them_into_the_older() -> None:
    found = placed(
        "Libya parliament ousts prime minister Zeidan",
        "Rebel tanker Morning Glory slips past navy",
        "Libya parliament ousts prime minister after rebel tanker Morning Glory slips past navy",
    )
    assert [one.story.int for one in found] == [0, 0, 0]


def test_bands_say_how_sure_it_is() -> None:
    bands = [
        one.band
        for one in placed(
            "Ferry service across the harbour resumes after repairs",
            "Ferry service across harbour resumes, after repairs",
            "Harbour ferry resumes, mayor relieved",
        )
    ]
    assert bands == [Band.FIRST, Band.CERTAIN, Band.SIMILAR]


NEAR = [f"Titanfall patch {word}" for word in ("alpha", "beta", "gamma", "delta")]


def test_what_just_misses_the_bar_is_named_and_stays_where_it_is() -> None:
    far = "Titanfall cranes puzzles robots dolls models families Nuremberg toys fair trams rust"
    *_, last = placed(*NEAR, far)
    assert (last.story.int, last.band) == (4, Band.FIRST)
    assert [story.int for story, _ in last.contested] == [0]


def test_one_term_that_all_titles_of_a_story_share_is_enough_and_what_joins_so_did_not_open_it() -> None:
    *_, last = placed(*NEAR, "Titanfall cranes puzzles robots dolls")
    assert (last.story.int, last.merges) == (0, ())
    assert last.band in {Band.SIMILAR, Band.CONTESTED}
    assert last.likeness > 0


def test_a_story_ends_when_nobody_reported_for_two_days() -> None:
    text = "Ferry service across the harbour resumes"
    assert stories(text, text, apart_by=WINDOW) == [0, 0]
    assert stories(text, text, apart_by=WINDOW + timedelta(minutes=1)) == [0, 1]


def test_a_story_that_goes_on_stays_one() -> None:
    assert stories(*["Ferry strike in the harbour goes on"] * 12, apart_by=timedelta(hours=30)) == [0] * 12


def test_sample_and_real_news_never_meet() -> None:
    real, same = arrivals(["Ferry service resumes in the harbour"] * 2, Uses({}), apart_by=timedelta())
    sample = replace(same, sample=True)
    shelf = Shelf([])
    assert shelf.place(real).story != shelf.place(sample).story


@pytest.mark.parametrize("text", ["", "the of and", "Breaking", "地震", "\ud800", "$ % ¥", "9" * 400, "a" * 10_000])
def test_titles_of_hardly_a_word_are_placed_too(text: str) -> None:
    assert stories(text, "Something else altogether in Lisbon") == [0, 1]


def test_titles_without_a_word_have_nothing_in_common() -> None:
    assert stories("", "...", "!") == [0, 1, 2]


@pytest.mark.parametrize(
    ("one", "other"),
    [("Rs 5k crore", "5000 crore"), ("$10 mn", "$10 million"), ("$1.5bn", "$1,500 million"), ("12 percent", "12%")],
)
def test_amounts_are_read_with_their_units(one: str, other: str) -> None:
    assert title(one).terms == title(other).terms
    assert title(one).amounts[0].value == title(other).amounts[0].value


@pytest.mark.parametrize(
    ("one", "other"), [("resumes", "resumed"), ("policies", "policy"), ("elephants", "elephant"), ("banning", "ban")]
)
def test_endings_do_not_matter(one: str, other: str) -> None:
    assert stem(one) == stem(other)


def test_a_word_that_all_use_weighs_little() -> None:
    uses = Uses({})
    for number in range(200):
        uses.weigh(title(f"harbour word{number}"), AT)
    vector = uses.weigh(title("harbour zeppelin"), AT)
    assert vector["zeppelin"] > 2 * vector["harbour"]


def test_what_was_used_long_ago_is_forgotten() -> None:
    uses = Uses({})
    for _ in range(200):
        uses.weigh(title("harbour"), AT - 3 * WINDOW)
    vector = uses.weigh(title("harbour zeppelin"), AT)
    assert vector["zeppelin"] == vector["harbour"]


def test_a_story_keeps_the_heaviest_terms_and_the_latest_titles() -> None:
    story = Story(id=StoryId(UUID(int=1)), at=AT, sample=False)
    uses = Uses({})
    for number in range(50):
        one = title(f"Harbour ferry alpha{number} beta{number} gamma{number}")
        vector = uses.weigh(one, AT)
        story.take(one, vector, pairs(vector), AT)
    assert (len(story.weights), len(story.faces), story.mass) == (TERMS_KEPT, FACES, 50)
    assert {"harbour", "ferry"} <= set(story.weights)


def test_a_story_that_has_grown_is_found_by_one_of_the_terms_that_it_is_about() -> None:
    assert stories(*NEAR) == [0] * GROWN
    shelf = Shelf([])
    uses = Uses({})
    for new in arrivals([*NEAR, "Titanfall sells"], uses, apart_by=timedelta(minutes=1)):
        shelf.place(new)
    assert StoryId(UUID(int=0)) in shelf._by_key[key(bucket(AT), "titanfall")]


WORDS = ("ferry", "harbour", "mayor", "storm", "school", "budget", "vote", "rain", "market", "Oslo", "not", "$5 mn")
TITLES = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map(" ".join), min_size=1, max_size=14)


def reloaded(story: Story, wanted: set[int]) -> Story:
    """As it would come out of the database."""
    return Story(
        id=story.id,
        at=story.at,
        sample=story.sample,
        weights=story.weights,
        mass=story.mass,
        faces=story.faces,
        follows=story.follows,
        keys=story.keys & wanted,
    )


@settings(deadline=None)
@given(TITLES, st.integers(1, 6))
def test_what_is_placed_over_several_hand_outs_ends_where_one_would_put_it(titles: list[str], size: int) -> None:
    whole, minute = Shelf([]), timedelta(minutes=1)
    at_once = whole.settled([whole.place(new) for new in arrivals(titles, Uses({}), apart_by=minute)])
    known: dict[StoryId, Story] = {}
    uses: dict[int, int] = {}
    into: dict[StoryId, StoryId] = {}
    in_turn: list[Placed] = []
    for start in range(0, len(titles), size):
        some = Uses(uses)
        news = arrivals(titles[start : start + size], some, apart_by=minute, first=start)
        wanted = {number for new in news for number in new.keys}
        shelf = Shelf([reloaded(one, wanted) for one in known.values() if one.keys & wanted])
        before = {one.id: one.keys for one in known.values()}
        found = shelf.settled([shelf.place(new) for new in news])
        for gone, stays in [pair for one in found for pair in one.merges]:
            into[gone] = stays
            before[stays] = before[stays] | before.pop(gone)
            known.pop(gone, None)
        for story in shelf.stories.values():
            story.keys |= before.get(story.id, set())
            known[story.id] = story
        uses = {number: uses.get(number, 0) + some.added[number] for number in uses.keys() | some.added.keys()}
        in_turn += found

    def last(story: StoryId) -> StoryId:
        while story in into:
            story = into[story]
        return story

    assert [last(one.story) for one in in_turn] == [one.story for one in at_once]


@settings(deadline=None)
@given(TITLES)
def test_no_merge_leads_to_a_story_that_is_gone_and_none_in_a_ring(titles: list[str]) -> None:
    shelf = Shelf([])
    found = shelf.settled([shelf.place(new) for new in arrivals(titles, Uses({}), apart_by=timedelta(minutes=1))])
    assert {one.story for one in found} == set(shelf.stories)
    assert sum(story.mass for story in shelf.stories.values()) == len(titles)
    assert all(other != one.story for one in found for other, _ in one.contested)


@given(st.text(max_size=300))
def test_any_text_is_a_title_of_bounded_size(text: str) -> None:
    one = title(text)
    assert len(one.terms) <= MOST_TERMS + len(one.amounts)
    assert apart(one, one) is None


@given(st.datetimes(datetime(2000, 1, 1), datetime(2050, 1, 1)), st.integers(-48 * 60, 48 * 60))  # noqa: DTZ001
def test_whatever_lies_within_the_window_is_looked_up(when: datetime, minutes: int) -> None:
    at = when.replace(tzinfo=UTC)
    one = title("Ferry service resumes")
    vector = Uses({}).weigh(one, at)
    window = bucket(at + timedelta(minutes=minutes))
    assert {key(window, term) for term in (*pairs(vector), *vector)} <= set(lookup_keys(vector, at, at + WINDOW * 2))


def test_what_is_looked_up_and_counted_lies_in_few_windows() -> None:
    some = random.Random(1).sample(WORDS, 5)
    assert {number >> 32 for number in counted(some, AT)} == {bucket(AT) - 1, bucket(AT)}
    assert first_key(bucket(AT)) <= key(bucket(AT), "ferry") < first_key(bucket(AT) + 1)
