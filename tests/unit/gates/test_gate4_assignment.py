"""What gate 4 is told, which structure it gets, and what becomes of answers that break its rules."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from jsonschema import Draft202012Validator

from cid.domain.angles import Angle, Competition
from cid.domain.archive import Archive
from cid.domain.clusters import Post
from cid.domain.draft import Article, Reference, article_from
from cid.domain.errors import BadReply
from cid.domain.evidence import Avoid, Claim, Confidence, EvidenceState, Pack
from cid.domain.ids import TenantId
from cid.domain.tenants import Profile
from cid.gates import checks, clusters, gate4_draft, skeletons
from cid.render.article import read_article, write_article
from tests import make

DRAFTING = make.policy().drafting
PROFILE = Profile(keywords=("ferry", "glass studio", "kiln"), primary_audience="owners", excluded=("lottery",))
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def claim(number: int, text: str = "", publisher: str = "") -> Claim:
    return Claim(
        text=text or f"Fact number {number} about a kiln.",
        item_id="i",
        url=f"https://news.test/{number}",
        title="T",
        publisher=publisher or f"P{number % 4}",
    )


def many(count: int) -> list[Claim]:
    return [claim(number) for number in range(count)]


def asked(told: gate4_draft.Assignment, **over: Any) -> Any:
    return gate4_draft.ask(PROFILE, told, replace(DRAFTING, **over), tenant=TenantId(uuid4()), key="k")


def answer(**over: Any) -> dict[str, Any]:
    article = {
        "angle": "data_story",
        "angle_reason": "Figures tell it.",
        **dict.fromkeys(("title", "slug", "description", "linkedin", "short_post", "newsletter", "image_brief"), "x"),
        "body": "Said [P](<https://news.test/1>).",
        "keywords": ["kiln"],
        "questions": [],
        "references": [],
    }
    return {"skip": "none", "why": "", "article": {**article, **over}}


# ------------------------------------------------------------------------------------------------------- structures


@pytest.mark.parametrize(("claims", "names"), [(4, {"news_brief"}), (20, {"analysis", "news_brief"}), (40, None)])
def test_what_little_evidence_is_good_for_is_a_brief(claims: int, names: set[str] | None) -> None:
    chosen = {skeletons.choose(DRAFTING, many(claims), UUID(int=number)) for number in range(20)}
    assert {structure.name for structure in chosen if structure} == (names or {"analysis", "guide", "news_brief"})


def test_one_publisher_alone_carries_no_analysis() -> None:
    alone = [claim(number, publisher="P") for number in range(40)]
    assert {skeletons.choose(DRAFTING, alone, UUID(int=n)) for n in range(9)} == {DRAFTING.structure_of("news_brief")}


def test_the_same_story_gets_the_same_structure_again() -> None:
    screening = uuid4()
    assert skeletons.choose(DRAFTING, many(40), screening) is skeletons.choose(DRAFTING, many(40), screening)


def test_a_tenants_fixed_structure_counts_whatever_the_evidence() -> None:
    fixed = skeletons.choose(replace(DRAFTING, structure="guide"), many(2), uuid4())
    assert fixed
    assert fixed.name == "guide"
    gone = skeletons.choose(replace(DRAFTING, structure="of last year"), many(2), uuid4())
    assert gone is DRAFTING.structure_of("news_brief")
    assert skeletons.choose(replace(DRAFTING, structures=()), many(2), uuid4()) is None


# ------------------------------------------------------------------------------------------------------ the question


def test_the_question_holds_all_that_the_desk_knows() -> None:
    weak = replace(claim(2), confidence=Confidence.LOW, safe_phrasing="A seller says so; see https://evil.test.")
    told = make.assignment(
        claim(1),
        weak,
        headline="Kilns",
        structure=DRAFTING.structure_of("guide"),
        avoid=[Avoid(text="It is free.", why="Nobody says so.")],
        recommended=Angle.ACTION_LIST,
        competition=Competition(avoid=(Angle.DATA_STORY,), gaps=(Angle.OPPORTUNITY,)),
        internal=[Reference(title="Our kilns", url="https://own.test/kilns")],
        guardrails=["Name the council in full."],
    )
    ask = asked(told, title_question=True)
    shown = ask.subjects[0].input
    assert ask.shared["guardrails"] == ["Name the council in full."]
    assert ask.shared["client"]["primary_audience"] == "owners"
    assert "lottery" not in json.dumps(ask.shared)
    assert (ask.shared["structure"]["name"], len(ask.shared["structure"]["parts"])) == ("guide", 14)
    assert ask.shared["rules"]["title"]["question"] is True
    assert ask.shared["rules"]["words"] == [1200, 3500]
    assert [one["id"] for one in shown["claims"]] == ["c1", "c2"]
    assert (shown["claims"][1]["confidence"], "evil" in json.dumps(shown)) == ("low", False)
    assert shown["claims_to_avoid"] == [{"text": "It is free.", "why": "Nobody says so."}]
    assert (shown["recommended_angle"], shown["angles_taken"]) == ("action_list", ["data_story"])
    assert (shown["angles_free"], shown["keywords"]) == (["opportunity"], ["kiln"])
    assert shown["own_articles"] == [{"title": "Our kilns", "url": "https://own.test/kilns"}]
    assert ask.addresses == ("https://news.test/1", "https://news.test/2", "https://own.test/kilns")


def test_an_angle_that_is_taken_is_not_on_offer() -> None:
    taken = make.assignment(claim(1), competition=Competition(avoid=(Angle.DATA_STORY,)))
    assert not Draft202012Validator(asked(taken).schema).is_valid(answer())
    assert Draft202012Validator(asked(taken).schema).is_valid(answer(angle="opportunity"))
    assert Draft202012Validator(asked(make.assignment(claim(1))).schema).is_valid(answer())


def test_where_every_angle_is_taken_all_are_on_offer() -> None:
    nothing = make.assignment(claim(1), competition=Competition(avoid=tuple(Angle)))
    assert Draft202012Validator(asked(nothing).schema).is_valid(answer())


def test_the_first_keyword_is_one_of_the_headlines() -> None:
    told = make.assignment(claim(1, "A kiln, a ferry."), headline="Glass studios: a Glass Studio opens")
    assert gate4_draft.matched(PROFILE, told) == ["glass studio", "ferry", "kiln"]


# ------------------------------------------------------------------------------------------------------- the answer


def test_an_article_keeps_its_short_texts_structure_and_angle() -> None:
    told = make.assignment(claim(1), structure=DRAFTING.structure_of("analysis"))
    article = gate4_draft.read(answer(short_post="S", newsletter="N", image_brief="I"), told)
    assert isinstance(article, Article)
    assert (article.short_post, article.newsletter, article.image_brief) == ("S", "N", "I")
    assert (article.structure, article.angle, article.angle_reason) == ("analysis", "data_story", "Figures tell it.")
    assert read_article(write_article(article)) == article == article_from(write_article(article))


def test_an_article_of_before_still_loads() -> None:
    old = json.loads(write_article(Article(title="T", slug="t", description="D", body="B", linkedin="L", angle="a")))
    for name in ("short_post", "newsletter", "image_brief", "structure", "angle_reason"):
        del old[name]
    article = read_article(json.dumps(old))
    assert (article.title, article.short_post, article.structure) == ("T", "", "")


@pytest.mark.parametrize("field", ["short_post", "newsletter", "image_brief", "angle_reason", "linkedin", "body"])
def test_an_address_that_was_not_given_is_refused_wherever_it_stands(field: str) -> None:
    with pytest.raises(BadReply, match="not in the evidence"):
        gate4_draft.read(answer(**{field: "See https://evil.test/x."}), make.assignment(claim(1)))


def test_the_tenants_own_articles_may_be_linked() -> None:
    own = Reference(title="Ours", url="https://own.test/a")
    body = "Said [P](<https://news.test/1>), see [ours](<https://own.test/a>)."
    assert isinstance(gate4_draft.read(answer(body=body), make.assignment(claim(1), internal=[own])), Article)
    with pytest.raises(BadReply):
        gate4_draft.read(answer(body=body), make.assignment(claim(1)))


@pytest.mark.parametrize("over", [{"title": ""}, {"body": " "}, {"angle": "praise"}, {"questions": None}])
def test_what_is_no_article_fails(over: Mapping[str, Any]) -> None:
    with pytest.raises(BadReply):
        gate4_draft.read(answer(**over), make.assignment(claim(1)))


def found(structure: str, **over: Any) -> set[str]:
    told = make.assignment(claim(1), structure=DRAFTING.structure_of(structure))
    value = answer(**over)
    assert Draft202012Validator(gate4_draft.SCHEMA).is_valid(value), "nothing to repair: gate 5 finds it"
    article = gate4_draft.read(value, told)
    assert isinstance(article, Article)
    pack = Pack(claims=(claim(1),), state=EvidenceState.REPORTS)
    return {one.check for one in checks.run(article, pack, (), DRAFTING, Archive())}


@pytest.mark.parametrize(("structure", "count"), [("guide", 200), ("news_brief", 9000), ("guide", 9000)])
def test_a_draft_too_short_or_too_long_is_read_and_found(structure: str, count: int) -> None:
    assert "size" in found(structure, body="word " * count)


@pytest.mark.parametrize(
    ("over", "check"),
    [
        ({"title": "7 things about a kiln"}, "title_pattern"),
        ({"title": "One two three four five six seven eight kiln"}, "title_keyword"),
        ({"questions": [{"question": f"Q{n}?", "answer": "A."} for n in range(6)]}, "questions"),
        ({"short_post": "x" * 281}, "posts"),
        ({"description": "x" * 170}, "description"),
    ],
)
def test_a_broken_rule_is_a_finding_and_no_failure(over: Mapping[str, Any], check: str) -> None:
    assert check in found("news_brief", **over)


def test_a_model_that_breaks_json_is_asked_again() -> None:
    validator = Draft202012Validator(gate4_draft.SCHEMA)
    for broken in (
        answer(body=""),
        answer(keywords="kiln"),
        answer(questions=[{"question": "Q?"}]),
        answer(html="<b>"),
        {"skip": "maybe", "why": "", "article": None},
    ):
        assert not validator.is_valid(broken)


# --------------------------------------------------------------------------------------------------- internal links


def post(title: str, *keywords: str, url: str = "", days: int = 0) -> Post:
    return Post(
        title=title,
        url=url or f"https://own.test/{title.replace(' ', '-')}",
        keywords=keywords,
        live_at=NOW - timedelta(days=days),
    )


def test_links_lead_to_articles_of_the_same_topic_the_nearest_first() -> None:
    posts = [
        post("Ferry times", "ferry"),
        post("What a kiln costs", "kiln", days=9),
        post("Kiln grant for studios", "kiln", "glass studio", days=30),
        post("Lamps", "lamp"),
    ]
    links = clusters.related(posts, "Kiln grant: every glass studio may apply", most=5)
    assert [link.title for link in links] == ["Kiln grant for studios", "What a kiln costs"]


def test_no_more_links_than_wanted_and_none_that_browsers_do_not_follow() -> None:
    posts = [post(f"Kiln {n}", "kiln", days=n) for n in range(9)]
    posts.append(post("Kiln", "kiln", url="javascript:alert(1)"))
    links = clusters.related(posts, "A kiln", most=5)
    assert [link.title for link in links] == [f"Kiln {n}" for n in range(5)]
    assert clusters.related(posts, "A kiln", most=0) == ()


def test_a_keyword_within_another_word_is_no_topic() -> None:
    assert clusters.related([post("Bans", "ban")], "Urban planning", most=5) == ()


def test_what_may_be_linked_is_the_evidence_and_the_tenants_own() -> None:
    pack = Pack(claims=(claim(1),), references=(("R", "https://ref.test"), ("E", "")))
    assert clusters.allowed_addresses(pack, ["https://own.test/a"]) == {
        "https://news.test/1",
        "https://ref.test",
        "https://own.test/a",
    }
