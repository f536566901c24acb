"""The rubric of form, and the checks of content that cap what is shown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from cid.briefing.score import scorecard
from cid.briefing.score.phrases import BY_LANGUAGE
from cid.briefing.score.rubric import rated
from cid.domain.briefing import Assessment, Briefing, Citation, Evidence, Factor, Finding, Found, Metadata, Subject
from cid.domain.run import Grain
from cid.domain.scorecard import CEILING, Rating, Scorecard
from tests.briefings_corpus import corpus, good, item, items

if TYPE_CHECKING:
    from cid.domain.scorecard import ContentCheck

POOR_OR_WORSE = {Rating.POOR, Rating.FAILING}


def card(briefing: Briefing | None, asked: int | None = None, provider: str = "") -> Scorecard:
    return scorecard(briefing, items(), asked=asked, provider=provider)


def check(found: Scorecard, name: str) -> ContentCheck:
    return next(one for one in found.checks if one.name == name)


def with_summary(text: str) -> Briefing:
    return replace(good(), executive_summary=f"{good().executive_summary} {text}")


def with_evidence(kind: str, reference: str) -> Briefing:
    first, *others = good().key_findings
    more = (*first.evidence, Evidence(kind=kind, reference=reference))
    return replace(good(), key_findings=(replace(first, evidence=more), *others))


def with_quotes(*quotes: Citation) -> Briefing:
    """The first finding rests on these alone."""
    first, *others = good().key_findings
    wrong = replace(first, evidence=(replace(first.evidence[0], citations=quotes), *first.evidence[1:]))
    return replace(good(), key_findings=(wrong, *others))


def test_each_dimension_has_ten_points_and_a_good_briefing_reaches_all_seventy() -> None:
    found = card(good())
    assert [one.of for one in found.dimensions] == [10] * 7
    assert (found.total, found.rating, found.shown) == (CEILING, Rating.EXCELLENT, Rating.EXCELLENT)
    assert [one.name for one in found.checks if one.passed is False] == []


def test_every_point_says_why() -> None:
    for found in (card(good()), card(Briefing()), card(None)):
        points = [point for one in found.dimensions for point in one.points]
        assert all(point.why and 0 <= point.points <= point.of for point in points)
        assert all(one.why for one in found.checks)


def test_dummy_text_has_the_form_of_an_excellent_briefing_and_is_shown_as_failing() -> None:
    found = card(corpus()["lorem ipsum"])
    assert found.total >= 68, "the rubric alone sees nothing"
    assert (found.shown, found.capped_by) == (Rating.FAILING, ("placeholders",))


def test_fluent_emptiness_is_at_most_poor() -> None:
    found = card(corpus()["fluent emptiness"])
    assert (found.rating, found.shown) == (Rating.EXCELLENT, Rating.POOR)
    assert "substance" in found.capped_by


def test_emptiness_stays_poor_when_real_quotes_are_hung_onto_it() -> None:
    empty = corpus()["fluent emptiness"]
    quote = good().key_findings[0].evidence[0].citations
    dressed = tuple(
        replace(one, evidence=tuple(replace(piece, citations=quote) for piece in one.evidence))
        for one in empty.key_findings
    )
    found = card(replace(empty, key_findings=dressed))
    assert check(found, "quotes").passed
    assert (found.shown, found.capped_by) == (Rating.POOR, ("substance",))


def test_invented_quotes_are_at_most_poor_and_are_listed() -> None:
    found = card(corpus()["invented quotes"])
    assert found.rating is Rating.EXCELLENT
    assert found.shown in POOR_OR_WORSE
    assert "A diplomat was filmed" in check(found, "quotes").where[0]


def test_a_single_quote_that_is_nowhere_keeps_a_briefing_from_being_good() -> None:
    told = good().key_findings[0].evidence[0].citations
    found = card(with_quotes(*told, Citation(item=2, quote="Nobody wrote this down")))
    assert (found.shown, found.capped_by) == (Rating.ACCEPTABLE, ("quotes",))


def test_a_quote_of_an_item_that_is_none_of_the_runs_is_nowhere() -> None:
    found = check(card(with_quotes(Citation(item=77, quote="Envelopes with foreign money"))), "quotes")
    assert found.passed is False
    assert "names no item of the run" in found.where[0]


def test_what_the_reader_of_the_answer_found_of_a_quote_counts() -> None:
    said = good().key_findings[0].evidence[0].citations
    gone = (replace(one, found=Found.NOT_FOUND) for one in said)
    assert check(card(with_quotes(*gone)), "quotes").passed is False


def test_confidence_above_its_factors_is_at_most_acceptable() -> None:
    found = card(corpus()["inverted confidence"])
    assert (found.rating, found.shown) == (Rating.EXCELLENT, Rating.ACCEPTABLE)
    assert "factors" in found.capped_by
    assert "weakest factor is low" in check(found, "factors").why


def test_one_low_factor_is_enough_and_factors_of_other_names_count() -> None:
    told = Assessment(overall="moderate", factors={"timeliness": Factor(level="low")})
    assert check(card(replace(good(), confidence_assessment=told)), "factors").passed is False
    told = Assessment(overall="low", factors={"timeliness": Factor(level="low")})
    assert check(card(replace(good(), confidence_assessment=told)), "factors").passed


def test_high_confidence_wants_a_quote_that_stands_somewhere() -> None:
    bare = Finding(finding="Norrhaven cut night pay in Varelle by 12 percent.", confidence="high")
    found = check(card(replace(good(), key_findings=(*good().key_findings, bare))), "support")
    assert (found.passed, found.where) == (False, (bare.finding,))


@pytest.mark.parametrize(
    ("kind", "holds", "lacks"),
    [
        ("pattern", "The claim returns in 2 of 5 articles", "The claim returns again and again"),
        ("pattern", "五篇文章中有三篇", "反复出现的说法"),
        ("network", "Cited by Petar Lovric", "Cited by like-minded commentators"),
        ("network", "Forwarded to @varelle_now", "Forwarded to several channels"),
        ("external", "EU DisinfoLab, Doppelganger report, 2023", "independent researchers have shown this"),
    ],
)
def test_evidence_is_what_its_label_says(kind: str, holds: str, lacks: str) -> None:
    assert check(card(with_evidence(kind, holds)), f"label_{kind}").passed is True
    found = card(with_evidence(kind, lacks))
    assert check(found, f"label_{kind}").passed is False
    assert found.shown is Rating.GOOD


def test_where_a_script_has_no_capitals_nobody_is_accused_of_naming_nobody() -> None:
    assert check(card(with_evidence("network", "نقلته قنوات أخرى")), "label_network").passed is not False


@pytest.mark.parametrize("language", sorted(BY_LANGUAGE))
def test_phrases_of_certainty_are_found_in_every_language(language: str) -> None:
    for phrase in BY_LANGUAGE[language]:
        assert check(card(with_summary(f"{phrase} Varelle.")), "certainty").passed is False, phrase


def test_a_certainty_that_is_denied_or_quoted_is_none() -> None:
    assert check(card(with_summary("This cannot be definitely established.")), "certainty").passed
    assert check(card(with_summary("The paper writes: “Obviously the embassies pay.”")), "certainty").passed
    assert check(card(with_summary("Die Quelle ist nicht offensichtlich.")), "certainty").passed


def test_one_phrase_costs_the_best_rating_and_three_cost_the_next() -> None:
    one = card(with_summary("Obviously Varelle suffers."))
    assert (one.shown, one.capped_by) == (Rating.GOOD, ("certainty",))
    three = "Obviously Varelle suffers. It is clear that Karsholm failed. Sources say so in Oststrand."
    assert card(with_summary(three)).shown is Rating.ACCEPTABLE


def test_an_address_that_nobody_read_is_named() -> None:
    found = card(with_evidence("post", "https://elsewhere.test/made-up, third paragraph"))
    assert check(found, "addresses").where == ("https://elsewhere.test/made-up",)
    assert found.shown is Rating.ACCEPTABLE


def test_addresses_of_items_of_front_pages_and_of_external_evidence_are_known() -> None:
    for kind, reference in (
        ("post", "See https://meridian-post.test/2026/11/03?utm_source=x."),
        ("metadata", "Captured at https://meridian-post.test/ on 21 November"),
        ("external", "EU DisinfoLab, Doppelganger, https://disinfo.test/doppelganger"),
    ):
        assert check(card(with_evidence(kind, reference)), "addresses").passed, reference


def test_findings_that_rest_on_titles_alone_are_at_most_acceptable() -> None:
    bare = [replace(one, text="", grain=Grain.TITLE) for one in items()]
    assert check(scorecard(good(), bare), "titles").passed is False
    assert scorecard(good(), bare).shown in {Rating.ACCEPTABLE, *POOR_OR_WORSE}


def test_slots_that_nobody_filled_fail_and_an_ordinary_word_does_not() -> None:
    assert card(with_summary("Varelle, [insert date], TODO.")).shown is Rating.FAILING
    assert check(card(with_summary("Sobre todo en Varelle.")), "placeholders").passed


def test_a_briefing_that_says_one_thing_again_and_again_is_told_so() -> None:
    first = good().key_findings[0]
    found = card(replace(good(), key_findings=(first,) * 5, executive_summary=first.finding))
    assert check(found, "repetition").passed is False
    assert found.shown in {Rating.ACCEPTABLE, *POOR_OR_WORSE}


def test_extracts_without_a_model_are_at_most_acceptable_and_say_so() -> None:
    found = card(good(), provider="offline/extracts-1")
    assert (found.shown, found.capped_by) == (Rating.ACCEPTABLE, ("extracts",))


@pytest.mark.parametrize(
    ("asked", "shown"), [(5, Rating.EXCELLENT), (6, Rating.EXCELLENT), (11, Rating.GOOD), (None, Rating.EXCELLENT)]
)
def test_fewer_items_than_asked_for_are_said_and_fewer_than_half_cap(asked: int | None, shown: Rating) -> None:
    found = card(good(), asked)
    assert found.shown is shown
    assert check(found, "items").passed is (None if asked is None else asked <= 5)


RUSSIAN = "Порт Ростока закрыт третий день. Докеры отказались от ночных смен после снижения оплаты."
RUSSIAN_EMPTY = "Издание последовательно формирует определённую картину происходящего для своей аудитории."
CHINESE = "罗斯托克港口已经关闭三天。码头工人在夜班工资削减百分之十二之后拒绝上班。"
GERMAN = (
    "Der Hafen von Varelle blieb am Dienstag den dritten Tag geschlossen. Die Kranführer legten die Arbeit nieder,"
    " nachdem die Gesellschaft Norrhaven den Lohn für die Nacht um zwölf Prozent gekürzt hatte."
)
GERMAN_EMPTY = (
    "Die Berichterstattung zeigt eine wiederkehrende Betonung bestimmter Deutungen gegenüber der Leserschaft."
)


@pytest.mark.parametrize(
    ("finding", "article", "quote", "holds"),
    [
        ("Газета объясняет закрытие порта отказом докеров.", RUSSIAN, "Докеры отказались от ночных смен", True),
        (RUSSIAN_EMPTY, RUSSIAN, "Докеры нашли конверты", False),
        ("The paper blames the dockers.", RUSSIAN, "Докеры отказались от ночных смен", True),
        ("The paper blames the dockers.", RUSSIAN, "Докеры нашли конверты", False),
        ("报纸把港口关闭归咎于码头工人。", CHINESE, "码头工人", True),
        ("Als Grund der Schließung in Varelle gilt der gekürzte Lohn bei Norrhaven.", GERMAN, "Norrhaven", True),
        (GERMAN_EMPTY, GERMAN, "Norrhaven", False),
    ],
)
def test_substance_is_seen_in_any_language_also_in_another_than_the_items(
    finding: str, article: str, quote: str, *, holds: bool
) -> None:
    rests = (Evidence(kind="post", reference="1", citations=(Citation(item=1, quote=quote),)),)
    told = Finding(finding=finding, confidence="low", evidence=rests)
    briefing = Briefing(executive_summary=finding, key_findings=(told,))
    assert check(scorecard(briefing, [item("", article)]), "substance").passed is holds


def test_a_summary_in_chinese_is_measured_by_what_it_says_and_not_by_its_spaces() -> None:
    text = "报纸把港口关闭归咎于码头工人，并在两天之内把一场工资纠纷写成外国策划的行动，但没有提出证据。" * 2
    points = {p.check: p.points for d in scorecard(Briefing(executive_summary=text), []).dimensions for p in d.points}
    assert (points["summary"], points["length_of_summary"]) == (2, 2)


HOSTILE = (
    *("", "\x00", "\ud800", "„" * 5000, "«" * 5000, '"' * 5001, "a. " * 5000, "." * 9000, "[insert " * 2000),
    *("@" * 9000, "http://" * 3000, "https://[::1 " * 900, "{{" * 5000, "\u0301" * 5000, "١٢٣" * 3000, "A " * 9000),
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_scored_like_any_other(text: str) -> None:
    cited = (Citation(item=-1, quote=text), Citation(item=1, quote=text))
    kinds = ("network", "external", "pattern", text)
    rests = tuple(Evidence(kind=kind, reference=text, citations=cited) for kind in kinds)
    briefing = Briefing(
        executive_summary=text,
        key_findings=(Finding(finding=text, confidence=text, evidence=rests),) * 3,
        subject_profile=Subject(name=text),
        confidence_assessment=Assessment(overall=text, factors={text: Factor(level=text, notes=text)}),
        metadata=Metadata(briefing_id=text),
    )
    assert scorecard(briefing, [item(text, text)]).shown in POOR_OR_WORSE


def test_what_is_no_briefing_scores_nothing_and_says_so() -> None:
    said: list[Any] = [None, "a string", ["a", "list"], {}]
    for nothing in said:
        found = scorecard(nothing, ())
        assert (found.total, found.shown) == (0, Rating.FAILING)
        assert [one.name for one in found.checks] == ["structure"]


BANDS = ((70, "excellent"), (60, "excellent"), (59, "good"), (50, "good"), (49, "acceptable"), (40, "acceptable"))


@pytest.mark.parametrize(("total", "rating"), [*BANDS, (39, "poor"), (30, "poor"), (29, "failing"), (0, "failing")])
def test_ratings_begin_where_the_published_bands_do(total: int, rating: str) -> None:
    assert rated(total).value == rating
