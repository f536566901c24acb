"""What is found again and again: in how many drafts, whatever the figures were."""

from __future__ import annotations

import json
from uuid import uuid4

from cid.domain.ids import DraftId
from cid.text.recurring import LEAST, MOST, key, recurring


def found(what: str, where: str = "body", category: str = "structure", fix: str = "") -> dict[str, str]:
    return {"severity": "major", "category": category, "where": where, "what": what, "fix": fix}


def test_the_same_finding_counts_once_a_draft_and_figures_do_not_part_it() -> None:
    one, two = DraftId(uuid4()), DraftId(uuid4())
    rows = [
        (two, json.dumps([found("The body has 212 words, fewer than 300.", fix="Say more.")])),
        (one, json.dumps([found("The body has 273 words, fewer than 300."), found("It has 9 words.")])),
        (one, json.dumps([found("THE BODY has 1,273 words – fewer than 300!")])),
    ]
    (often,) = recurring(rows)
    assert (often.drafts, often.draft, often.what) == (2, two, "The body has 212 words, fewer than 300.")
    assert often.rule == "The body has 212 words, fewer than 300. Say more."


def test_what_the_desk_says_of_its_own_work_is_no_finding_about_drafts() -> None:
    rows = [
        (DraftId(uuid4()), json.dumps([found("The review could not be made.", where=where)]))
        for where in ("review", "revision", "story", "evidence") * LEAST
    ]
    assert recurring(rows) == []


def test_one_category_is_not_another_and_the_commonest_come_first() -> None:
    assert key("style", "Hype.") != key("structure", "Hype.")
    rows = [
        (DraftId(uuid4()), json.dumps([found(f"Thing {chr(97 + n)} is wrong.") for n in range(draft + 1)]))
        for draft in range(MOST + 5)
    ]
    often = recurring(rows)
    assert len(often) == MOST
    counts = [one.drafts for one in often]
    assert counts == sorted(counts, reverse=True)
