"""What is new in further reports of a story, and what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from cid.domain.draft import Article, Author, DraftState
from cid.domain.evidence import Avoid, Claim, EvidenceState, Pack, Report
from cid.domain.ids import ItemId
from cid.domain.policy import Follow
from cid.domain.publication import PublicationState
from cid.gates import follow
from cid.gates.follow import Course, Standing

KNOWN = "The port of Norhaven buys 3 cranes from Lindt Heavy Works for 12 million euros."
POLICY = Follow()


def claim(text: str, item: str = "later") -> Claim:
    return Claim(text=text, item_id=item, url="https://later.test/1", title="T", publisher="Later")


PACK = Pack(claims=(claim(KNOWN, "first"),), state=EvidenceState.REPORTS)
ARTICLE = Article(
    title="Norhaven buys cranes",
    slug="cranes",
    description="",
    body="Three cranes come. The harbour master, Ida Holm, called it “a step that was overdue”.",
)


def new(*texts: str) -> list[str]:
    return [one.text for one in follow.news([claim(text) for text in texts], PACK, ARTICLE)]


@pytest.mark.parametrize(
    "text",
    [
        "The port of Norhaven buys 4 cranes from Lindt Heavy Works for 12 million euros.",
        "The port of Norhaven buys 3 cranes from Lindt Heavy Works for 13 million euros.",
        "The port of Norhaven buys 3 cranes in September from Lindt Heavy Works for 12 million euros.",
        "“We were never asked”, said the port of Norhaven.",
        "The cranes for the port of Norhaven come from Lindt after Petra Quandt objected to them.",
        "Fishermen went to court against the purchase.",
        "गोदी के मज़दूर हड़ताल पर चले गए।",
        "Рыбаки подали в суд на покупку.",
    ],
)
def test_a_new_figure_month_quotation_name_or_statement_is_news(text: str) -> None:
    assert new(text) == [text]


@pytest.mark.parametrize(
    "text",
    [
        KNOWN,
        "Norhaven: the port buys three cranes from Lindt Heavy Works.",
        "For 12 million euros the port of Norhaven buys 3 cranes from Lindt Heavy Works, it was said.",
        "Harbour master Ida Holm called it “a step that was overdue”.",
        "Three cranes come.",
        "",
        "!!!",
    ],
)
def test_what_was_said_before_in_whatever_order_is_none(text: str) -> None:
    assert new(text) == []


def test_two_reports_of_the_same_news_are_one_piece_of_news() -> None:
    said = "Fishermen went to court against the purchase of them on Friday."
    assert new(said, "On Friday fishermen went to court against the purchase.") == [said]


def test_no_flood_of_news_makes_the_question_longer_than_a_dozen_claims() -> None:
    assert len(new(*(f"Witness {number} saw {number * 7 + 100} gulls." for number in range(40)))) == follow.MOST


def test_only_reports_that_the_evidence_has_nothing_of_are_looked_at() -> None:
    at = datetime.now(UTC)
    reports = [
        Report(item_id=ItemId(uuid4()), url="u", title="t", summary="s", publisher="p", sample=False, reported_at=at)
        for _ in range(2)
    ]
    pack = Pack(claims=(claim("S.", str(reports[0].item_id)),))
    assert follow.unread(reports, pack) == [reports[1]]


def test_new_claims_come_last_and_what_they_bear_out_need_not_be_avoided() -> None:
    rumour = Avoid(text="Fishermen went to court.", why="nobody says so")
    other = Avoid(text="The harbour will close for years.", why="nobody says so")
    found = claim("Fishermen went to court on Friday.")
    pack = follow.extended(replace(PACK, avoid=(rumour, other)), [found])
    assert (pack.claims, pack.avoid) == ((*PACK.claims, found), (other,))


def standing(**over: Any) -> Standing:
    values: dict[str, Any] = {
        "state": DraftState.READY,
        "author": Author.MACHINE,
        "ordinal": 1,
        "followed": 0,
        "published": frozenset(),
        "address": "",
    }
    return Standing(**{**values, **over})


@pytest.mark.parametrize("state", [s for s in DraftState if s not in {DraftState.APPROVED, DraftState.REJECTED}])
def test_the_machines_undecided_draft_is_written_anew_and_a_persons_is_not(state: DraftState) -> None:
    assert follow.course(standing(state=state), POLICY)[0] is Course.ENRICH
    assert follow.course(standing(state=state, author=Author.PERSON), POLICY)[0] is Course.LEAVE


@pytest.mark.parametrize(
    ("over", "course"),
    [
        ({"address": "https://acme.test/a", "published": {PublicationState.LIVE}}, Course.UPDATE),
        ({"address": "https://acme.test/a", "author": Author.PERSON}, Course.UPDATE),
        ({"published": {PublicationState.PLANNED}}, Course.WAIT),
        ({"published": {PublicationState.SENDING}}, Course.WAIT),
        ({"published": {PublicationState.FAILED, PublicationState.RETRACTED}}, Course.LEAVE),
        ({}, Course.LEAVE),
        ({"address": "https://acme.test/a", "ordinal": 4}, Course.LEAVE),
    ],
)
def test_an_approved_draft_gets_an_update_once_it_is_live(over: dict[str, Any], course: Course) -> None:
    assert follow.course(standing(state=DraftState.APPROVED, **over), POLICY)[0] is course


def test_a_rejected_draft_and_one_that_was_followed_often_are_left_alone() -> None:
    assert follow.course(standing(state=DraftState.REJECTED), POLICY)[0] is Course.LEAVE
    assert follow.course(standing(followed=3), POLICY)[0] is Course.LEAVE
    assert follow.course(standing(), replace(POLICY, per_draft=0))[0] is Course.LEAVE
