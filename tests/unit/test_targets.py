"""What is to be analysed: whatever is typed becomes a target, or one sentence that says why not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cid.briefing.targets import outlet_key, target
from cid.domain.errors import Refused
from cid.domain.run import Period, Platform, Target, Via, Wish
from cid.text import countries

OPEN = (Via.OWN_FEED, Via.GOOGLE_NEWS, Via.GDELT, Via.TELEGRAM)
"""On a machine without keys."""


def made(**typed: Any) -> Target:
    return target(Wish(**{"outlet": "Harbour Post", "country": "Moldova", **typed}), available=OPEN)


def refusal(**typed: Any) -> str:
    with pytest.raises(Refused) as refused:
        made(**typed)
    return refused.value.public


def test_what_is_typed_is_taken_in_one_spelling() -> None:
    found = made(outlet="  Harbour \u200b Post ", country="md", url="Post.test/?utm_source=x", items=" 7 ", period="w")
    assert found == Target(
        outlet="Harbour Post",
        country="MD",
        url="https://post.test/",
        platform=Platform.NEWS,
        period=Period.WEEK,
        items=7,
        sources=("own_feed", "google_news", "gdelt"),
        substitute=False,
    )


@pytest.mark.parametrize("outlet", ["РТ", 'Газета "Правда"', "O'Globo", "新华社", "7", "x" * 200])
def test_an_outlet_may_have_any_name_that_has_a_letter(outlet: str) -> None:
    assert made(outlet=outlet).outlet == outlet


@pytest.mark.parametrize("outlet", ["", "   ", "\u200b", "—!", "R\x00T", "R\nT", "R\x1bT", "\ud800x", "x" * 201])
def test_an_outlet_without_a_name_is_refused(outlet: str) -> None:
    assert refusal(outlet=outlet)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("Iran", "IR"), ("USA", "US"), ("Poland", "PL"), ("Russian Federation", "RU"), ("South Korea", "KR"),
        ("Россия", "RU"), ("Росія", "RU"), ("Deutschland", "DE"), ("Allemagne", "DE"), ("Alemania", "DE"),
        ("Corée du Sud", "KR"), ("Großbritannien", "GB"), ("Україна", "UA"), ("中国", "CN"), ("فلسطين", "PS"),
        ("Kosovo", "XK"), ("u.s.a.", "US"), ("deu", "DE"), ("Türkei", "TR"), ("", ""),
    ],
)  # fmt: skip
def test_a_country_is_known_by_its_code_and_by_its_name_in_common_languages(typed: str, code: str) -> None:
    assert made(country=typed, sources=("gdelt",)).country == code


@pytest.mark.parametrize("typed", ["Atlantis", "XX", "eu", "Rus sia", "'; drop table runs"])
def test_an_unknown_country_is_named_in_the_refusal_and_becomes_no_other_one(typed: str) -> None:
    assert repr(typed) in refusal(country=typed)


def test_every_country_of_the_standard_is_understood_in_english_and_no_foreign_name_takes_one_over() -> None:
    import pycountry

    for each in pycountry.countries:
        for name in (each.alpha_2, each.alpha_3, each.name):
            assert countries.country_anywhere(name) == countries.country(name) == each.alpha_2


@pytest.mark.parametrize("typed", ["; drop", "", "7d", "week", "D", "hd", "\x00"])
def test_a_period_is_one_of_five_letters(typed: str) -> None:
    assert "h, d, w, m, y" in refusal(period=typed)


@pytest.mark.parametrize("typed", ["0", "21", "-1", "5.5", "", "five", "٥", "1e1", "9" * 30])
def test_the_number_of_items_is_a_whole_one_from_1_to_20(typed: str) -> None:
    assert "from 1 to 20" in refusal(items=typed)
    assert (made(items="1").items, made(items="20").items, made().items) == (1, 20, 5)


@pytest.mark.parametrize(
    "typed",
    [
        "javascript:alert(1)", "ftp://post.test/", "http://", "https://user:pw@post.test/", "https://post.test/?key=x",
        "http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f.1/", "http://[::1]/", "http://localhost/",
        "http://169.254.169.254/", "http://10.0.0.1/", "http://post.local/", "intranet", "two words", "https://p\x00t.test/",
        "https://" + "x" * 3000 + ".test/",
    ],
)  # fmt: skip
def test_an_address_that_is_no_public_site_is_refused(typed: str) -> None:
    assert refusal(url=typed)


def test_what_the_operator_lets_through_may_be_asked_although_it_is_not_public() -> None:
    wish = Wish(outlet="Post", url="http://127.0.0.1:8080/")
    assert target(wish, available=OPEN, local={"127.0.0.1:8080"}).url == "http://127.0.0.1:8080/"
    with pytest.raises(Refused):
        target(wish, available=OPEN, local={"127.0.0.1:8081"})


@pytest.mark.parametrize(
    ("platform", "outlet", "url", "address"),
    [
        ("x", "@Harbour_Post", "", "https://x.com/harbour_post"),
        ("x", "Harbour Post", "https://twitter.com/HarbourPost/status/1", "https://x.com/harbourpost"),
        ("telegram", "harbour", "", "https://t.me/harbour"),
        ("telegram", "Гавань", "https://t.me/s/Harbour", "https://t.me/harbour"),
    ],
)
def test_an_account_is_known_by_its_name_or_address(platform: str, outlet: str, url: str, address: str) -> None:
    found = made(platform=platform, outlet=outlet, url=url)
    assert (found.url, found.sources, found.outlet) == (address, (platform,), outlet)


@pytest.mark.parametrize(
    ("platform", "outlet", "url"),
    [
        ("x", "Harbour Post", ""), ("x", "harbour", "https://post.test/harbour"), ("telegram", "abc", ""),
        ("telegram", "РТ", ""), ("facebook", "harbour", ""), ("", "harbour", ""), ("x", "http://[", ""),
    ],
)  # fmt: skip
def test_what_can_be_no_account_is_refused(platform: str, outlet: str, url: str) -> None:
    assert refusal(platform=platform, outlet=outlet, url=url)


def test_nothing_is_asked_that_was_not_named_and_news_never_stand_in_for_posts() -> None:
    assert made(sources=("gdelt", "gdelt", " serpapi ")).sources == ("gdelt", "serpapi")
    assert "known: x" in refusal(platform="x", outlet="harbour", sources=("google_news",))
    assert refusal(sources=("x",)) and refusal(sources=("sample",)) and refusal(sources=("bing",))


def test_a_search_that_needs_an_edition_is_made_in_none_by_default() -> None:
    assert made(country="").sources == ("gdelt",)
    assert "country" in refusal(country="", sources=("google_news",))
    assert "address" in refusal(sources=("own_feed",))
    with pytest.raises(Refused, match="address"):
        target(Wish(outlet="Post"), available=(Via.OWN_FEED, Via.GOOGLE_NEWS))


def test_runs_of_one_outlet_are_found_together_however_it_was_typed() -> None:
    assert outlet_key(made(outlet="HARBOUR  post")) == outlet_key(made()) == "harbour post MD"
    assert outlet_key(made(country="RO")) != outlet_key(made())
    accounts = [
        made(platform="x", outlet="@Harbour"),
        made(platform="x", outlet="Our port", url="https://x.com/harbour"),
    ]
    assert len({outlet_key(one) for one in accounts}) == 1
    assert outlet_key(replace(accounts[0], country="")) == "harbour"
