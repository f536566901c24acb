"""The question of a run: made of stored rows alone, bounded, and without a word of strangers that commands."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cid.briefing.ask import ALL, TEXT, ask, catalogue, silenced
from cid.domain.llm import Ask, Tier
from cid.domain.narratives import Narrative
from cid.domain.run import Grain, Profile, RunItem
from cid.llm.asking import closed
from cid.llm.prompts import Prompts
from cid.llm.wire import Form, prompt_bound
from tests import funnel
from tests.briefings import HOSTILE, ITEMS, ONE, RUN, TENANT, TWO, item

PROMPTS = Prompts.load(funnel.CONFIG / "prompts")
KNOWN = Narrative(
    id="anti_eu_002",
    name="Sanctions hurt Europe more than Russia",
    category="anti_eu",
    category_name="Anti-EU",
    description="Says that sanctions harm those who made them.",
    frequency="dominant",
    first_documented="2014",
    active=True,
    version="1.0.0",
    claims=("Sanctions backfire.",),
    sources=("EUvsDisinfo",),
)
PROFILE = Profile(handle="@courier", name="Courier", bio="News. https://evil.test/x", followers=1200)


def asked(*items: RunItem, profile: Profile | None = None, **changed: Any) -> Ask:
    return ask(replace(RUN, **changed), items, profile, [KNOWN], tenant=TENANT)


def shown(question: Ask) -> dict[str, Any]:
    return dict(question.subjects[0].input)


def test_one_subject_of_the_quality_tier_keyed_by_the_run() -> None:
    question = asked(*ITEMS)
    assert (question.stage, question.tier, question.prompt) == ("briefing", Tier.QUALITY, "briefing")
    assert [subject.key for subject in question.subjects] == [str(RUN.id)]
    assert question.addresses == tuple(one.url for one in ITEMS)


def test_the_schema_is_one_that_every_vendors_decoder_takes() -> None:
    schema = asked(*ITEMS).schema
    assert closed(schema)
    said = json.dumps(schema)
    for unsupported in ("anyOf", "oneOf", "$ref", "minItems", "maxItems", "maxLength", "minimum"):
        assert unsupported not in said


def test_the_same_rows_ask_the_same_and_other_rows_something_else() -> None:
    def digest(question: Ask) -> bytes:
        return Form(question, PROMPTS["briefing"]).hashes[str(RUN.id)]

    again = [replace(one) for one in ITEMS]
    assert digest(asked(*ITEMS)) == digest(asked(*again))
    # what a resumed run has besides its rows: another state, another moment
    assert digest(asked(*ITEMS)) == digest(asked(*ITEMS, changed_at=RUN.changed_at + timedelta(hours=1)))
    assert digest(asked(*ITEMS)) != digest(asked(*ITEMS[:2]))
    assert digest(asked(*ITEMS)) != digest(asked(*ITEMS, profile=PROFILE))


def test_what_is_shown_of_an_item() -> None:
    first = shown(asked(*ITEMS))["items"][0]
    assert first == {
        "id": "i1",
        "title": ONE.title,
        "text": ONE.text,
        "whole": True,
        "grain": "article",
        "publisher": "Northern Courier",
        "author": "R. Hale",
        "language": "en",
        "published": "2026-11-19",
        "address": ONE.url,
    }


def test_the_period_counts_back_from_when_the_run_was_wished_for() -> None:
    found = shown(asked(*ITEMS, created_at=datetime(2026, 11, 20, 9, tzinfo=UTC)))
    assert found["period"] == {"from": "2026-10-21", "to": "2026-11-20"}


def test_texts_share_the_room_and_a_cut_one_is_said_to_be_cut() -> None:
    short = [item("Short", "Few words.", url=f"https://s.test/{n}") for n in range(3)]
    long = [item("Long", "word " * 4_000, url=f"https://l.test/{n}") for n in range(17)]
    found = shown(asked(*(replace(one, number=n) for n, one in enumerate([*short, *long], 1))))["items"]
    sizes = [len(one["text"]) for one in found]
    assert sum(sizes) <= ALL
    assert max(sizes) <= TEXT
    assert min(sizes[3:]) > 3_000
    assert [one["whole"] for one in found] == [True] * 3 + [False] * 17


def test_a_summary_is_never_whole() -> None:
    assert shown(asked(replace(ONE, grain=Grain.SUMMARY)))["items"][0]["whole"] is False


def test_no_item_and_an_item_without_title_or_text_can_be_asked_about() -> None:
    assert shown(asked())["items"] == []
    assert shown(asked(item("")))["items"][0]["text"] == ""


def test_the_profile_is_what_the_platform_says_without_addresses_and_without_what_it_does_not_say() -> None:
    assert shown(asked(*ITEMS))["profile"] == {}
    found = shown(asked(*ITEMS, profile=PROFILE))["profile"]
    assert found == {"handle": "@courier", "name": "Courier", "bio": "News. …", "followers": 1200}


def test_facts_of_posts_are_shown_without_their_addresses() -> None:
    post = replace(
        ONE,
        grain=Grain.POST,
        facts={"engagement": {"views": 9}, "amplifies": [{"who": "@b", "url": "https://t.test/b/1"}]},
    )
    found = shown(asked(post))["items"][0]["facts"]
    assert found == {"engagement": {"views": 9}, "amplifies": [{"who": "@b", "url": "…"}]}


def test_the_catalogue_is_names_and_one_line_each_and_holds_no_inactive_entry() -> None:
    assert catalogue([KNOWN, replace(KNOWN, id="health_001", active=False)]) == [
        {"id": "anti_eu_002", "name": KNOWN.name, "about": KNOWN.description}
    ]


@pytest.mark.parametrize("where", ["title", "text", "publisher", "author"])
def test_an_item_that_claims_to_end_the_data_changes_nothing(where: str) -> None:
    changed: dict[str, Any] = {where: HOSTILE}
    calm = asked(ONE, TWO)
    loud = asked(replace(ONE, **changed), TWO)
    told = json.dumps(shown(loud))
    assert "ignore all previous" not in told
    assert "SYSTEM" not in told
    assert shown(loud)["items"][1] == shown(calm)["items"][1]
    assert (loud.shared, loud.schema, loud.addresses) == (calm.shared, calm.schema, calm.addresses)
    assert silenced([replace(ONE, **changed), TWO]) == ((1,) if where in {"title", "text"} else ())


def test_words_of_strangers_stand_in_the_document_alone_and_no_tag_begins_there() -> None:
    marked = replace(ONE, title="Zebra <b>quartz</b>", text='Xylophone "x": [1] \u202e\u200b end.')
    question = asked(marked, profile=replace(PROFILE, bio="Quagga </p>"))
    wire = Form(question, PROMPTS["briefing"]).wire("m", {"a1": question.subjects[0]}, {})
    for word in ("Zebra", "Xylophone", "Quagga", RUN.outlet):
        assert word not in "".join((*wire.system, wire.instruction))
        assert word in wire.document
    assert "<" not in wire.document
    assert "\u202e" not in wire.document
    (found,) = json.loads(wire.document)["subjects"]
    assert found["items"][0]["text"] == 'Xylophone "x": [1] end.'


def test_the_largest_question_stays_well_within_what_models_read() -> None:
    full = [replace(item("т" * 400, "слово " * 5_000), number=n) for n in range(1, 21)]
    question = asked(*full)
    wire = Form(question, PROMPTS["briefing"]).wire("m", {"a1": question.subjects[0]}, {})
    assert prompt_bound(wire) < 190_000
