"""Angles: found by the words of a headline, and nothing that anybody writes as a headline breaks it."""

from __future__ import annotations

import tomllib
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cid.domain.angles import Angle, Competition, Taken
from cid.domain.errors import Misconfigured
from cid.domain.tenants import Profile
from cid.gates import angles
from cid.settings import CONFIG, angle_patterns

PATTERNS = angle_patterns()
PLAIN = Profile()


@pytest.mark.parametrize(
    ("title", "angle"),
    [
        ("What the rate cut means for Brisbane buyers", Angle.LOCAL_IMPACT),
        ("How the harbour levy affects small freight firms", Angle.LOCAL_IMPACT),
        ("5 things brokers should do before July", Angle.ACTION_LIST),
        ("Seven ways to cut your energy bill", Angle.ACTION_LIST),
        ("Why everyone is wrong about rates", Angle.CONTRARIAN),
        ("The truth about tariffs", Angle.CONTRARIAN),
        ("Everything you need to know about the new rules", Angle.FAQ_EXPLAINER),
        ("What is APRA and why does it count", Angle.FAQ_EXPLAINER),
        ("Why the cut matters", Angle.EXPERT_COMMENTARY),
        ("What the merger means for the industry", Angle.EXPERT_COMMENTARY),
        ("The harbour strike by the numbers", Angle.DATA_STORY),
        ("43% of brokers lose clients, survey shows", Angle.DATA_STORY),
        ("Beware of the new fines", Angle.RISK_WARNING),
        ("An opportunity for regional hotels", Angle.OPPORTUNITY),
        ("Was das Urteil für Vermieter bedeutet", Angle.LOCAL_IMPACT),
        ("Fünf Tipps für Händler", Angle.ACTION_LIST),
        ("Tout ce qu'il faut savoir sur la loi", Angle.FAQ_EXPLAINER),
        ("7 consejos para ahorrar", Angle.ACTION_LIST),
        ("Especialistas avaliam: por que importa a decisão", Angle.EXPERT_COMMENTARY),
        ("आरबीआई के फैसले का ईएमआई पर क्या असर", Angle.LOCAL_IMPACT),
        ("RBA cuts rates by 25 points", None),
        ("Warningham wins the cup", None),
        ("", None),
    ],
)
def test_a_headline_says_from_which_side_it_tells(title: str, angle: Angle | None) -> None:
    assert angles.infer(title, PATTERNS) is angle


def test_every_language_has_patterns_for_all_eight_angles() -> None:
    assert {pattern.angle for pattern in PATTERNS.all} == set(Angle)
    for language in ("en", "de", "fr", "es", "pt", "hi"):
        tables = {language: _tables()[language]}
        assert {pattern.angle for pattern in angles.read(tables).all} == set(Angle), language


def _tables() -> dict[str, dict[str, list[str]]]:

    return tomllib.loads((CONFIG / "angles.toml").read_text())


@given(st.sampled_from(PATTERNS.all), st.data())
@settings(max_examples=300)
def test_whatever_fills_its_gaps_a_pattern_finds_what_is_built_after_it(
    pattern: angles.Pattern, data: st.DataObject
) -> None:
    filler = st.lists(st.sampled_from(["harbour", "levy", "ports", "गाँव", "Zoll", "été"]), min_size=1, max_size=3)
    said = [" ".join("7" if word == "#" else word for word in part) for part in pattern.parts]
    gaps = [" ".join(data.draw(filler)) for _ in said[1:]]
    title = " ".join(part for pair in zip(said, [*gaps, ""], strict=True) for part in pair if part)
    before = "" if pattern.first else " ".join(data.draw(filler))
    after = "" if pattern.last else " ".join(data.draw(filler))
    assert angles.infer(f"{before} {title} {after}", PATTERNS) is not None


@given(st.text(max_size=400))
def test_no_headline_breaks_it_and_case_and_accents_change_nothing(title: str) -> None:
    found = angles.infer(title, PATTERNS)
    assert found is None or found in set(Angle)
    assert angles.infer(unicodedata.normalize("NFD", title), PATTERNS) is found


@given(
    st.lists(
        st.sampled_from(["what", "means", "for", "5", "why", "wrong", "is", "?", "%", "the", "risk", "of"]), max_size=12
    )
)
def test_upper_case_is_no_other_angle(tokens: list[str]) -> None:
    title = " ".join(tokens)
    assert angles.infer(title.upper(), PATTERNS) is angles.infer(title, PATTERNS)


def test_anchors_hold_at_the_beginning_and_at_the_end() -> None:
    read = angles.read(
        {"en": {"faq_explainer": ["^ what is …"], "risk_warning": ["at risk $"], "opportunity": ["^ go $"]}}
    )
    assert angles.infer("What is a levy", read) is Angle.FAQ_EXPLAINER
    assert angles.infer("Nobody knows what is a levy", read) is None
    assert angles.infer("What is", read) is None, "a gap is one word or more"
    assert angles.infer("Ports at risk", read) is Angle.RISK_WARNING
    assert angles.infer("Ports at risk?", read) is Angle.RISK_WARNING
    assert angles.infer("At risk: ports", read) is None
    assert angles.infer("Go", read) is Angle.OPPORTUNITY
    assert angles.infer("Go on", read) is None
    assert angles.infer("We go", read) is None


@pytest.mark.parametrize(
    "table",
    [
        {"en": {"gossip": ["who is"]}},
        {"en": {"contrarian": "why"}},
        {"en": {"contrarian": [1]}},
        {"en": {"contrarian": ["…"]}},
        {"en": {"contrarian": ["# "]}},
        {"en": {"contrarian": ["why … … wrong"]}},
        {"en": {"contrarian": ["why ^ wrong"]}},
    ],
)
def test_a_pattern_that_says_nothing_is_refused_at_the_start(table: dict[str, dict[str, list[str]]]) -> None:
    with pytest.raises(Misconfigured, match=r"angles\.toml"):
        angles.read(table)


def article(title: str) -> Taken:
    return Taken(publisher="rival.test", title=title, url="https://rival.test/1", angle=None)


def test_what_competitors_took_and_the_profile_will_not_have_is_avoided_and_the_rest_is_open() -> None:
    taken = [article("What the levy means for ports"), article("Levy by the numbers"), article("Levy passes")]
    found = angles.compared(taken, Profile(avoided_angles=("Risk warning", "sarcasm")), PATTERNS, followed=2)
    assert [one.angle for one in found.taken] == [Angle.LOCAL_IMPACT, Angle.DATA_STORY, None]
    assert found.avoid == (Angle.LOCAL_IMPACT, Angle.DATA_STORY, Angle.RISK_WARNING)
    assert set(found.gaps) == set(Angle) - set(found.avoid)
    assert not found.first_mover


def test_who_follows_no_competitor_is_first_at_nothing() -> None:
    assert not Competition().first_mover
    assert angles.compared([], PLAIN, PATTERNS, followed=1).first_mover
    assert angles.compared([], PLAIN, PATTERNS, followed=0).gaps == tuple(Angle)
