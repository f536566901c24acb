"""What changed between two runs of an outlet, and how much."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cid.briefing.change import ACTORS, FRAMING, NARRATIVES, SCORE, change, framing
from cid.domain.briefing import Briefing, Finding, ItemReading
from cid.domain.dossier import Dossier
from cid.domain.ids import TenantId, uuid7
from cid.domain.monitor import Change
from cid.domain.narratives import MatchVerdict, Stance, StoredMatch, Where
from cid.domain.run import Shortfall
from cid.domain.scorecard import StoredScorecard
from cid.domain.shape import built, plain
from tests import analysis

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MADE = analysis.dossiers(NOW, TenantId(uuid7(NOW)))
RUN = MADE["completed"]
MATCH = RUN.matches[0]
WORDS = ("harbour", "санкции", "minister", "укрепление", "election", "海", "quay", "ballot")


def dossier(
    seen: tuple[tuple[str, Stance], ...] = (),
    lost: int = 10,
    told: tuple[str, ...] = (),
    actors: tuple[str, ...] = (),
) -> Dossier:
    assert RUN.briefing
    briefing = Briefing(
        key_findings=tuple(Finding(finding=one, confidence="low") for one in told),
        item_readings=(ItemReading(item=1, actors=actors),),
    )
    return replace(
        RUN,
        briefing=replace(RUN.briefing, briefing=briefing),
        scorecard=StoredScorecard(card=analysis.scorecard(lost=lost), made_at=NOW),
        matches=tuple(matched(name, stance) for name, stance in seen),
    )


def matched(name: str, stance: Stance, where: Where = Where.ITEM) -> StoredMatch:
    return replace(MATCH, name=name, match=replace(MATCH.match, narrative=name, stance=stance, where=where))


DOSSIERS = st.builds(
    dossier,
    seen=st.lists(st.tuples(st.sampled_from(["a", "b", "c", "d"]), st.sampled_from(Stance)), max_size=6).map(tuple),
    lost=st.integers(0, 70),
    told=st.lists(st.sampled_from(WORDS), max_size=6).map(tuple),
    actors=st.lists(st.sampled_from(["The mayor", "NATO", "Ο δήμαρχος", " "]), max_size=3).map(tuple),
)


@settings(max_examples=150, deadline=None)
@given(DOSSIERS, DOSSIERS)
def test_every_size_is_the_sum_of_parts_that_stay_in_their_bounds(before: Dossier, now: Dossier) -> None:
    found = change(before, now)
    assert [one.of for one in found.parts] == [NARRATIVES, SCORE, FRAMING, ACTORS]
    assert all(0 <= one.points <= one.of and one.why for one in found.parts)
    assert 0 <= found.size == sum(one.points for one in found.parts) <= 100
    back = change(now, before)
    assert (set(found.new), set(found.gone)) == (set(back.gone), set(back.new))
    assert found.framing == back.framing
    assert built(Change, plain(found)) == found, "what is stored is what was found"


@settings(max_examples=50, deadline=None)
@given(DOSSIERS)
def test_a_run_changed_nothing_against_its_equal(one: Dossier) -> None:
    found = change(one, one)
    assert (found.size, found.new, found.gone, found.dimensions, found.actors) == (0, (), (), (), ())
    assert found.framing in {0, None}


@pytest.mark.parametrize(
    ("before", "now", "why"),
    [
        (None, RUN, "first run"),
        (MADE["unstructured"], RUN, "run before"),
        (RUN, MADE["unstructured"], "This run"),
        (RUN, MADE["failed"], "This run"),
    ],
)
def test_without_a_briefing_on_both_sides_nothing_is_compared_and_it_is_said(
    before: Dossier | None, now: Dossier, why: str
) -> None:
    found = change(before, now)
    assert (found.compared, found.size, found.parts) == (False, 0, ())
    assert why in found.why


def test_what_repeats_a_claim_weighs_more_than_what_debunks_it() -> None:
    empty = dossier()
    repeated, debunked = (change(empty, dossier(((("a"), stance),))) for stance in (Stance.REPEATS, Stance.DEBUNKS))
    assert (repeated.size, debunked.size) == (20, 4)
    turned = change(dossier((("a", Stance.DEBUNKS),)), dossier((("a", Stance.REPEATS),)))
    assert [(one.narrative, one.stance) for one in turned.new] == [("a", "repeats")], "another stance is a change"


def test_the_models_own_words_and_rejected_matches_count_nothing() -> None:
    report = replace(dossier(), matches=(matched("a", Stance.REPEATS, Where.REPORT),))
    found = change(dossier(), report)
    assert (found.size, found.new, len(found.told_new)) == (0, (), 1)
    rejected = replace(dossier(), matches=(replace(matched("a", Stance.REPEATS), verdict=MatchVerdict.REJECTED),))
    assert change(dossier(), rejected).new == ()


def test_where_narratives_were_not_looked_for_none_is_called_gone() -> None:
    now = dossier()
    now = replace(now, run=replace(now.run, shortfalls=(Shortfall.MATCHER,)))
    found = change(dossier((("a", Stance.REPEATS),)), now)
    assert (found.gone, found.size) == ((), 0)
    assert "not looked for" in found.parts[0].why


def test_without_a_scorecard_no_score_moves() -> None:
    found = change(dossier(lost=60), replace(dossier(lost=0), scorecard=None))
    assert (found.score, found.parts[1].points) == (None, 0)
    assert "Not compared" in found.parts[1].why
    moved = change(dossier(lost=60), dossier(lost=0))
    assert moved.score
    assert (moved.score.was, moved.score.now, moved.parts[1].points) == (10, 70, 20)


@pytest.mark.parametrize(
    ("was", "now", "distance"),
    [
        ("Санкции бьют по Европе", "САНКЦИИ бьют Европу", 33),
        ("the quay is open", "the quay is open", 0),
        ("harbour opened", "election lost", 100),
        ("is it so", "harbour", None),
        ("海と港", "海", 50),
    ],
)
def test_wording_is_compared_by_folded_content_words_of_any_script(was: str, now: str, distance: int | None) -> None:
    first, second = (Briefing(key_findings=(Finding(finding=one, confidence=""),)) for one in (was, now))
    assert framing(first, second) == distance
