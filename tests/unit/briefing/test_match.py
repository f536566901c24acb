"""Known narratives in texts: what matches, what must not, where, how strongly, and at what cost."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cid.briefing import catalogue, match
from cid.briefing.catalogue import Catalogue
from cid.domain.narratives import Match, Stance, Strength, Where
from cid.domain.run import Grain, RunItem, Via
from cid.settings import narratives
from cid.text.inflection import key
from cid.text.spotting import Spotter, bare, pieces
from cid.text.words import placed
from tests.unit.briefing.test_catalogue import files, table

SHIPPED = narratives()
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def item(number: int, title: str, text: str = "", language: str = "") -> RunItem:
    return RunItem(
        number=number,
        via=Via.OWN_FEED,
        url=f"https://wire.test/{number}",
        title=title,
        text=text,
        grain=Grain.ARTICLE,
        text_state="",
        sha256=b"",
        publisher="",
        author="",
        language=language,
        published_at=None,
        fetched_at=NOW,
    )


def found(text: str, of: Catalogue = SHIPPED) -> dict[str, Match]:
    return {one.narrative: one for one in match.of_text(of, text, where=Where.REPORT)}


def own(*cues: str, unless: tuple[str, ...] = ()) -> Catalogue:
    """A catalogue of one narrative, each cue a group of its own."""
    groups = {f"g{number}": [cue] for number, cue in enumerate(cues)}
    return catalogue.read(files(table(cues={"en": groups}, unless={"en": list(unless)})))


@pytest.mark.parametrize(
    "text",
    [
        "denazification",
        "neo-Nazi",
        "uncensored",
        "social and special officials of a commercial office … regime change",
        "Elections were held in Iraq and Libya this week.",
        "Protests, riots and polarization worry the aid workers.",
        "The refugees were fed and the protests ended.",
        "Parliament debates the sovereignty of the island.",
        "The CIA published old files.",
        "The EU and NATO signed a declaration in Brussels.",
        "A virus spreads among chickens in Ukraine.",
        "",
        "\n\n … !!! 👍",
    ],
)
def test_neutral_words_alone_are_no_narrative(text: str) -> None:
    assert found(text) == {}


@pytest.mark.parametrize(
    ("text", "narrative", "language"),
    [
        ("НАТО расширяется на восток, окружая Россию", "anti_nato_001", "ru"),
        ("Die NATO-Osterweiterung ist nichts als die Einkreisung Russlands.", "anti_nato_001", "de"),
        ("L'OTAN encercle la Russie et le sait dans les faits.", "anti_nato_001", "fr"),
        ("La OTAN cerca a Rusia con sus bases en el este de Europa.", "anti_nato_001", "es"),
        ("НАТО оточує Росію.", "anti_nato_001", "uk"),
        ("NATO promised Gorbachev not to expand to the east", "anti_nato_001", "en"),
        ("The sanctions hurt Europe more than they hurt Russia", "anti_eu_002", "en"),
        ("На Украине у власти неонацисты", "ukraine_001", "ru"),
        ("Ukrainians and Russians are one people", "ukraine_002", "en"),
        ("The Maidan was a coup that the West organised", "ukraine_003", "en"),
        ("The Pentagon runs secret biolabs in Ukraine", "ukraine_004", "en"),
        ("Russiagate is a hoax and there was no collusion with Russia", "elect_001", "en"),
        ("Bill Gates wants to reduce the population with vaccines", "health_001", "en"),
        ("They were banned by YouTube: join our Telegram", "tg_amp_002", "en"),
    ],
)
def test_a_claim_is_known_in_its_language(text: str, narrative: str, language: str) -> None:
    one = found(text)[narrative]
    assert one.language in {language, ""}
    assert one.version == SHIPPED.version


def test_case_accents_width_and_inflection_do_not_matter() -> None:
    made = own("harbour fee & museum")
    for text in ("HARBOUR FEES for the Museums", "ｈａｒｂｏｕｒ fee, museum", "hárbour fee muséum"):
        assert found(text, made), text
    assert not found("harbours fee-paying mus eum", made)


def test_words_are_never_found_in_others() -> None:
    assert not found("a wildcat ate catfood", own("cat & ate", "cat"))
    assert found("Cats ate food", own("cat & ate"))
    assert found("Catfood was eaten", own("cat* & eaten"))


def test_one_thing_said_twice_is_one_cue() -> None:
    """Cues of one group count once, and so do two groups that stand on the same words."""
    one_group = catalogue.read(files(table(cues={"en": {"nazi": ["nazi", "neo nazi", "denazif*"]}})))
    assert found("Nazi, neo-Nazi, denazification, Nazi", one_group) == {}
    assert found("a neo-Nazi came", own("nazi", "neo nazi")) == {}
    assert found("a Nazi in a swamp", own("nazi", "swamp"))["a_001"].cues == 2


def test_two_phrases_make_a_match_only_near_each_other() -> None:
    made = own("harbour fee", "quay wall")
    between = "Other words stand here. " * 5
    assert found(f"The harbour fee. {between} The quay wall.", made)
    assert not found(f"The harbour fee. {between * 5} The quay wall.", made)


def test_a_combination_stands_in_one_sentence_and_within_its_window() -> None:
    made = own("harbour & fee ~6")
    assert found("The harbour asks a fee.", made)
    assert not found("The harbour is open. A fee is due.", made)
    assert not found("The harbour of the old town by the sea asks ships a fee.", made)


def test_an_order_is_kept() -> None:
    made = own("cats > eat > mice")
    assert found("Cats will eat mice", made)
    assert not found("Mice eat cats", made)


def test_parts_do_not_share_a_word() -> None:
    assert not found("The nazi came", own("nazi & (nazi|fascist)"))
    assert not found("nazi nazi", own("nazi & (nazi|fascist)"))


def test_what_shows_that_something_else_is_meant_ends_the_sentence_not_the_text() -> None:
    made = own("harbour & fee", unless=("film",))
    assert not found("A film on the harbour and its fee.", made)
    assert found("A film. The harbour asks a fee.", made)


@pytest.mark.parametrize(("cues", "strength"), [(2, Strength.LOW), (3, Strength.MODERATE), (5, Strength.HIGH)])
def test_strength_follows_the_independent_cues_of_the_whole_text(cues: int, strength: Strength) -> None:
    made = own("alpha", "beta", "gamma", "delta", "epsilon")
    one = found(" ".join(["alpha", "beta", "gamma", "delta", "epsilon"][:cues]), made)["a_001"]
    assert (one.cues, one.strength) == (cues, strength)


def test_spans_count_letters_of_title_and_text() -> None:
    title, text = "«É» 👍 Sanctions", "Quiet. The sanctions hurt Europe more than Russia. Quiet."
    (one,) = match.matches(SHIPPED, [item(3, title, text)], "")
    whole = f"{title}\n{text}"
    assert (one.item, one.where) == (3, Where.ITEM)
    for span in one.spans:
        assert whole[span.start : span.end] == span.text
    assert any("sanctions hurt Europe" in span.text for span in one.spans)


def test_a_title_is_a_sentence_of_its_own() -> None:
    assert not match.matches(own("harbour & fee"), [item(1, "The harbour", "A fee.")], "")


def test_items_and_report_are_matched_apart() -> None:
    claim = "The sanctions hurt Europe more than they hurt Russia"
    made = match.matches(SHIPPED, [item(1, "Quiet"), item(2, claim, language="en-GB")], f"It says: {claim}")
    assert [(one.where, one.item, one.language) for one in made] == [
        (Where.ITEM, 2, "en"),
        (Where.REPORT, None, "en"),
    ]


def test_a_debunked_claim_is_found_and_marked_so() -> None:
    text = "Fact-checkers found no evidence for the hoax claims about Russiagate being fabricated."
    assert found(text)["elect_001"].stance is Stance.DEBUNKS


def test_no_catalogue_finds_nothing() -> None:
    assert match.matches(Catalogue(), [item(1, "Russiagate is a hoax")], "Russiagate is a hoax") == ()


PHRASES = [
    "nato",
    "nato expan*",
    "encircl*",
    "border fee",
    "not one inch",
    "l'otan",
    "fee*",
    "russia",
    "one inch eastward",
]
SPOTTER = Spotter(PHRASES)
SAID = st.lists(
    st.sampled_from(
        [
            "NATO",
            "nato",
            "expansion",
            "expands",
            "encircling",
            "encircled",
            "border",
            "borders",
            "fee",
            "fees",
            "not",
            "one",
            "inch",
            "eastward",
            "L'OTAN",
            "Russia's",
            "russia.",
            "eastward.",
            "harbour,",
            "film!",
            "and",
            "the",
            "of",
        ]
    ),
    max_size=60,
).map(" ".join)


@given(text=SAID)
@settings(max_examples=200, deadline=None)
def test_one_walk_finds_what_a_walk_per_pattern_finds(text: str) -> None:
    told = [bare(one.word) for one in placed(text)]

    def there(piece: str, word: str) -> bool:
        return word.startswith(piece[:-1]) if piece.endswith("*") else key(word) == piece

    wanted = [(number, pieces(phrase)) for number, phrase in enumerate(PHRASES)]
    slowly = [
        (number, at, at + len(phrase))
        for number, phrase in wanted
        for at in range(len(told) - len(phrase) + 1)
        if all(there(piece, told[at + n]) for n, piece in enumerate(phrase))
    ]
    assert sorted(SPOTTER.find(placed(text))) == sorted(slowly)


MADE = catalogue.read(
    files(
        table(
            id="a_001",
            cues={
                "en": {
                    "g": ["nato & expan* & (border|fee)", "nato > russia", "encircl*"],
                    "h": ["fee", "russia & fee ~3"],
                }
            },
            unless={"en": ["film"]},
        ),
        table(id="a_002", cues={"en": {"g": ["nato", "border & eastward"], "h": ["not & one inch", "l'otan"]}}),
    )
)


@given(text=SAID, times=st.integers(1, 12))
@settings(max_examples=200, deadline=None)
def test_looking_where_the_rarest_part_stands_finds_what_looking_at_each_cue_in_each_sentence_finds(
    text: str, times: int
) -> None:
    text = f"{text}. " * times
    fast = found(text, MADE)
    with mock.patch.object(match, "_candidates", lambda index, _there, _enough: index.wanted):
        assert found(text, MADE) == fast


def test_what_a_word_is_does_not_depend_on_its_length_or_on_texts_before() -> None:
    long = "encircl" + "e" * 5_000
    assert SPOTTER.find(placed(long)) == SPOTTER.find(placed(long)) == [(2, 0, 1)]


@pytest.mark.parametrize(
    "piece",
    [
        "ukraine nazi coup us west not ",
        "NATO. Russia. ",
        "nato russia border encircle ",
        "“a nato expansion russia ",
        "e\u0301",
        "l'",
        ". ",
    ],
)
def test_twice_the_text_costs_about_twice(piece: str) -> None:
    """Processor time, so that a busy machine says nothing; three times is room for what is not the matcher's."""

    def cost(size: int) -> float:
        text = (piece * (size // len(piece) + 1))[:size]
        times = []
        for _ in range(3):
            begun = time.process_time()
            match.of_text(SHIPPED, text, where=Where.REPORT)
            times.append(time.process_time() - begun)
        return min(times)

    assert cost(80_000) < 6 * cost(20_000) + 0.05


def test_what_lies_behind_the_limit_is_not_looked_at() -> None:
    claim = "Russiagate is a hoax. "
    assert not found("x" * match.LONGEST + " " + claim)
    assert found(claim * 100_000)["elect_001"].spans[-1].end <= match.LONGEST
