"""Countries and languages are known by all their names, and nothing is taken for another."""

from __future__ import annotations

import pycountry
import pytest

from cid.sources.gkg import FIPS
from cid.text.countries import country, country_name, language, language_name


def test_every_country_is_found_by_its_codes_and_names() -> None:
    for each in pycountry.countries:
        names = [each.alpha_2, each.alpha_3, each.alpha_2.lower(), each.name, getattr(each, "common_name", each.name)]
        assert {country(name) for name in names} == {each.alpha_2}, each


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Iran", "IR"), ("USA", "US"), ("Russian Federation", "RU"), ("Russia", "RU"), ("South Korea", "KR"),
        ("North Korea", "KP"), ("Moldova", "MD"), ("UK", "GB"), ("United Kingdom", "GB"), ("Poland", "PL"),
        ("Turkey", "TR"), ("Türkiye", "TR"), ("Czech Republic", "CZ"), ("Côte d’Ivoire", "CI"), ("Ivory Coast", "CI"),
        ("Syria", "SY"), ("Vietnam", "VN"), ("Viet Nam", "VN"), ("Kosovo", "XK"), ("Palestine", "PS"),
        ("DR Congo", "CD"), ("  united   states ", "US"), ("Islamic Republic of Iran", "IR"),
    ],
)  # fmt: skip
def test_common_names_are_found(name: str, code: str) -> None:
    assert country(name) == code


@pytest.mark.parametrize("name", ["", "Atlantis", "XX", "Korea", "Europe", "united", "'; drop"])
def test_what_is_no_one_country_is_none(name: str) -> None:
    assert country(name) == ""


def test_languages_are_found_by_code_and_name() -> None:
    assert [language(text) for text in ("en", "ron", "Romanian", "RU", "Chinese", "grc", "Greek", "Malay")] == [
        "en", "ro", "ro", "ru", "zh", "grc", "el", "ms",
    ]  # fmt: skip
    assert language("") == language("Klingonish") == ""
    assert (language_name("ro"), language_name("el"), country_name("MD")) == ("Romanian", "Modern Greek", "Moldova")


def test_gdelts_codes_name_each_country_once() -> None:
    codes = [code for codes in FIPS.values() for code in codes]
    assert len(codes) == len(set(codes))
    same = {each.alpha_2 for each in pycountry.countries} - set(FIPS)
    assert same.isdisjoint(codes)
    assert (FIPS["DE"], FIPS["RU"], FIPS["GB"], "MD" in FIPS) == (["GM"], ["RS"], ["UK"], False)
