"""Who answers for a claim."""

from __future__ import annotations

import time

import pytest

from bench.stance import CORPUS, Sentence, confusion, sentences
from cid.briefing.stance import stance
from cid.domain.narratives import Span, Stance

WRITTEN = list(sentences(CORPUS / "sentences.toml"))


def of(marked: str) -> Stance:
    """Of the claim between [[ and ]]."""
    before, rest = marked.split("[[")
    claim, after = rest.split("]]")
    span = Span(start=len(before), end=len(before) + len(claim), text=claim, cue="")
    return stance(before + claim + after, [span])


def test_there_are_sixty_sentences_twenty_of_each_and_twenty_traps() -> None:
    assert [sum(one.stance is told for one in WRITTEN) for told in Stance] == [20, 20, 20]
    assert sum(one.trap for one in WRITTEN) == 20
    assert len({one.language for one in WRITTEN}) == 6


@pytest.mark.parametrize("one", WRITTEN, ids=lambda one: one.text[:40])
def test_each_sentence_of_the_corpus_is_told_right(one: Sentence) -> None:
    assert one.found is one.stance


@pytest.mark.parametrize("one", list(sentences(CORPUS / "third.toml")), ids=lambda one: one.text[:40])
def test_each_sentence_of_the_third_set_is_told_right(one: Sentence) -> None:
    assert one.found is one.stance


@pytest.mark.parametrize("one", list(sentences(CORPUS / "fourth.toml")), ids=lambda one: one.text[:40])
def test_each_sentence_of_the_fourth_set_is_told_right(one: Sentence) -> None:
    assert one.found is one.stance


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("The minister says [[NATO is encircling Russia]], but the minister left early.", Stance.REPORTS),
        ("They will never admit [[NATO is encircling Russia]].", Stance.REPEATS),
        ("Far from [[collapse]], the union has new members.", Stance.DEBUNKS),
        ("Far from Moscow, [[NATO is encircling Russia]].", Stance.REPEATS),
        ("The minister says [[NATO is encircling Russia]], but he has no map.", Stance.REPORTS),
        ("[[NATO is encircling Russia]], but the map of Europe is full of other lines.", Stance.REPEATS),
        ("The picture shows that [[NATO is encircling Russia]].", Stance.REPEATS),
        ("He called it false and a lie that [[NATO is encircling Russia]].", Stance.DEBUNKS),
        ("Whatever he says, it is false that [[NATO is encircling Russia]].", Stance.DEBUNKS),
        ("“It is all a lie about a war that nobody saw coming,” and [[NATO is encircling Russia]].", Stance.DEBUNKS),
    ],
)
def test_the_rules_of_the_fourth_set_do_not_reach_beyond_it(text: str, told: Stance) -> None:
    assert of(text) is told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Moscow says otherwise: [[NATO is encircling Russia]].", Stance.REPORTS),
        ("No, [[NATO is encircling Russia]], and everybody knows it.", Stance.REPEATS),
        ("[[NATO is encircling Russia]], and there are no grounds for optimism.", Stance.REPEATS),
        ("It is a lie that the map hides one thing: [[NATO is encircling Russia]].", Stance.REPEATS),
    ],
)
def test_the_rules_of_the_third_set_do_not_reach_beyond_it(text: str, told: Stance) -> None:
    assert of(text) is told


def test_the_table_counts_every_sentence() -> None:
    assert sum(sum(row.values()) for row in confusion(WRITTEN).values()) == 60


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("A video of a shark was debunked. [[NATO is encircling Russia]].", Stance.REPEATS),
        ("[[NATO is encircling Russia]]. The mayor opened a bridge, and a rumour about it is false.", Stance.REPEATS),
        ("Lavrov says [[NATO is encircling Russia]]. This claim is false.", Stance.DEBUNKS),
        ("Lavrov says [[NATO is encircling Russia]]. This claim is not false.", Stance.REPORTS),
        ("“Nothing has changed. [[NATO is encircling Russia]]. It always did,” the envoy said.", Stance.REPORTS),
        ("Lavrov: [[NATO is encircling Russia]]", Stance.REPORTS),
        ("[[НАТО окружает Россию]] – Лавров", Stance.REPORTS),
        ("Ukraine: [[neo-Nazis rule Kyiv]]", Stance.REPEATS),
        ("Putin said fact-checkers wrongly call this false: [[NATO is encircling Russia]].", Stance.REPORTS),
        ("[[Russiagate is a hoax]].", Stance.REPEATS),
        ("[[Russiagate is a hoax]], he wrote.", Stance.REPORTS),
        ("It is false to say that [[NATO is encircling Russia]].", Stance.DEBUNKS),
        ("Nobody can deny that [[NATO is encircling Russia]].", Stance.REPEATS),
        ("Nobody has proved that [[NATO is encircling Russia]].", Stance.DEBUNKS),
        ("[[NATO is encircling Russia]], but this is not true.", Stance.DEBUNKS),
        ("They falsely claim it is a myth: [[NATO is encircling Russia]].", Stance.REPEATS),
    ],
)
def test_what_stands_around_the_claim_decides(text: str, told: Stance) -> None:
    assert of(text) is told


def test_a_word_counts_in_its_own_language_alone() -> None:
    """`These` is a claim in German, `or` a turn in French."""
    assert of("These are the years in which [[NATO is encircling Russia]] and the West.") is Stance.REPEATS
    assert of("Die These, dass [[die NATO Russland einkreist]], ist in der Partei beliebt.") is Stance.REPORTS


def test_words_of_the_claim_itself_are_no_sign() -> None:
    assert of("[[Western media lie and their fake news is disinformation]].") is Stance.REPEATS


def test_most_of_several_claims_decide_and_a_debunking_is_not_outvoted_by_reports() -> None:
    told, wrong = "Moscow says sanctions backfire. ", "It is false that sanctions backfire."

    def every(text: str) -> list[Span]:
        claim = "sanctions backfire"
        starts = [at for at in range(len(text)) if text.startswith(claim, at)]
        return [Span(start=at, end=at + len(claim), text=claim, cue="") for at in starts]

    assert stance(told * 2, every(told * 2)) is Stance.REPORTS
    assert stance(told * 2 + wrong, every(told * 2 + wrong)) is Stance.DEBUNKS


@pytest.mark.parametrize("text", ["", "x", "\n\n", "…"])
def test_a_text_without_a_claim_is_no_error(text: str) -> None:
    assert stance(text, []) is Stance.REPEATS
    assert stance(text, [Span(start=0, end=len(text), text=text, cue="")]) is Stance.REPEATS


@pytest.mark.parametrize(
    "signs", ["wrongly fake ", "wrongly call false ", "not true ", "says but deny ", "falsely says "]
)
def test_a_text_made_of_signs_alone_is_soon_judged(signs: str) -> None:
    """Signs are weighed against each other: without a limit this costs the cube of the sentence's length."""
    claim = "NATO is encircling Russia"
    text = f"{signs * 2000}{claim} {signs * 2000}{claim}"
    spans = [Span(start=at, end=at + len(claim), text=claim, cue="") for at in (text.index(claim), text.rindex(claim))]
    begun = time.process_time()
    stance(text, spans)
    assert time.process_time() - begun < 2


def test_a_claim_in_a_sentence_without_end_is_judged_by_what_stands_near_it() -> None:
    claim = "NATO is encircling Russia"
    filler = "and the harbour was busy all day " * 400
    text = f"It is false that {claim} {filler} {claim} {filler}"
    first, last = text.index(claim), text.rindex(claim)
    at = [Span(start=place, end=place + len(claim), text=claim, cue="") for place in (first, last)]
    assert stance(text, at[:1]) is Stance.DEBUNKS
    assert stance(text, at[1:]) is Stance.REPEATS
