"""What somebody asks for is read into one spelling, or refused in a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pytest

from cid.domain.errors import Refused
from cid.domain.news import SourceKind
from cid.sources import kinds, options
from cid.sources.kinds import OFFERED, asked
from cid.sources.options import read, setting, specs, stored

NEWS, GDELT, SERPAPI = SourceKind.GOOGLE_NEWS, SourceKind.GDELT, SourceKind.SERPAPI


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paint:
    name: str = setting("Name", longest=10, read=str.upper)
    coats: int = setting("Coats", default=2, low=1, high=5)
    dry: bool = setting("Dry", default=True)
    colour: Colour = setting("Colour", default=Colour.RED)  # noqa: RUF009
    without: tuple[str, ...] = setting("Without", default=())
    key: str = setting("Key", default="", secret=True)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"name": " oak "}, {"name": "OAK"}),
        ({"name": "oak", "coats": "3", "dry": "no"}, {"name": "OAK", "coats": 3, "dry": False}),
        ({"name": "oak", "coats": 3, "dry": False}, {"name": "OAK", "coats": 3, "dry": False}),
        ({"name": "oak", "coats": "2", "dry": "yes", "colour": "red", "without": ""}, {"name": "OAK"}),
        ({"name": "oak", "without": "lead, tin\nlead"}, {"name": "OAK", "without": ["lead", "tin"]}),
        (
            {"name": "oak", "without": ["lead"], "colour": "blue"},
            {"name": "OAK", "without": ["lead"], "colour": "blue"},
        ),
    ],
)
def test_settings_come_as_text_or_json_and_are_kept_in_one_spelling(
    given: dict[str, Any], kept: dict[str, Any]
) -> None:
    settings = read(Paint, given)
    assert stored(settings) == kept
    assert read(Paint, stored(settings)) == settings


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "Name is missing"),
        ({"name": "   "}, "Name is missing"),
        ({"name": "x" * 11}, "longer than 10"),
        ({"name": "a\x00"}, "control"),
        ({"name": "\ud800"}, "control"),
        ({"name": 7}, "is a text"),
        ({"name": "a", "coats": "6"}, "from 1 to 5"),
        ({"name": "a", "coats": "-1"}, "from 1 to 5"),
        ({"name": "a", "coats": "1e3"}, "from 1 to 5"),
        ({"name": "a", "dry": "perhaps"}, "yes or no"),
        ({"name": "a", "colour": "green"}, "red, blue"),
        ({"name": "a", "without": [str(n) for n in range(51)]}, "at most 50"),
        ({"name": "a", "gloss": "x"}, "no setting 'gloss'"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(given: dict[str, Any], why: str) -> None:
    with pytest.raises(Refused, match=why):
        read(Paint, given)


def test_forms_and_help_are_told_what_a_kind_wants() -> None:
    told = {spec.name: spec for spec in specs(Paint)}
    assert {name: spec.shape for name, spec in told.items()} == {
        "name": "text", "coats": "number", "dry": "choice", "colour": "choice", "without": "list", "key": "text",
    }  # fmt: skip
    assert (told["name"].required, told["coats"].default, told["dry"].default) == (True, "2", "yes")
    assert told["dry"].pairs == (("yes", "yes"), ("no", "no"))


def test_a_source_that_was_told_a_secret_is_the_tenants_own(monkeypatch: pytest.MonkeyPatch) -> None:
    offered = {SourceKind.PAGE: kinds.Kind(label="Paint", settings=Paint)}
    monkeypatch.setattr(kinds, "OFFERED", offered)
    assert not asked(SourceKind.PAGE, "https://a.test/", {"name": "oak"}).private
    assert asked(SourceKind.PAGE, "https://a.test/", {"name": "oak", "key": "k"}).private


def test_a_feed_is_public_unless_its_address_is_a_secret() -> None:
    plain = asked(SourceKind.RSS, "feed://A.test/feed#top", {})
    assert (plain.url, plain.config, plain.private) == ("https://a.test/feed", {}, False)
    assert asked(SourceKind.RSS, "https://a.test/feed?token=x", {}).private
    with pytest.raises(Refused, match="no setting"):
        asked(SourceKind.RSS, "https://a.test/", {"query": "x"})


@pytest.mark.parametrize(
    "text", ["", "nonsense", "two words of text", "https://two words/feed", "a<b>.test", "- item", "ftp://a.test", "//"]
)
def test_what_is_no_address_is_refused_before_anybody_asks_for_it(text: str) -> None:
    with pytest.raises(Refused, match="not an http or https address"):
        asked(SourceKind.RSS, text, {})


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("news.test/feed", "https://news.test/feed"),
        ("feed:http://a.test/x", "http://a.test/x"),
        ("http://feeds:8080/x", "http://feeds:8080/x"),
        ("feeds:8080/x", "https://feeds:8080/x"),
        ("http://feeds/x", "http://feeds/x"),
        ("https://новости.рф/", "https://xn--b1amnebsh.xn--p1ai/"),
        ("http://[::1]:80/", "http://[::1]/"),
    ],
)
def test_an_address_may_leave_out_its_scheme_and_name_any_host(text: str, url: str) -> None:
    assert asked(SourceKind.RSS, text, {}).url == url


def test_a_search_is_private_takes_no_address_and_keeps_its_query_to_the_letter() -> None:
    made = asked(NEWS, "", {"query": ' "Grain  corridor" site:a.test ', "country": "romania", "language": "Romanian"})
    assert made.config == {"query": '"Grain  corridor" site:a.test', "country": "RO", "language": "ro"}
    assert made.private
    assert made.url == (
        "https://news.google.com/rss/search?q=%22Grain++corridor%22+site%3Aa.test+when%3A1d&hl=ro&gl=RO&ceid=RO%3Aro"
    )
    with pytest.raises(Refused, match="takes no address"):
        asked(NEWS, "https://a.test/", {"query": "x"})


@pytest.mark.parametrize(
    ("language", "country", "said"),
    [
        ("en", "US", "hl=en-US&gl=US&ceid=US%3Aen"),
        ("en", "UK", "hl=en-GB&gl=GB&ceid=GB%3Aen"),
        ("pt", "BR", "hl=pt-BR&gl=BR&ceid=BR%3Apt-419"),
        ("es", "MX", "hl=es-419&gl=MX&ceid=MX%3Aes-419"),
        ("zh", "TW", "hl=zh-TW&gl=TW&ceid=TW%3Azh-Hant"),
        ("ru", "MD", "hl=ru&gl=MD&ceid=MD%3Aru"),
    ],
)
def test_an_edition_is_named_as_google_names_it(language: str, country: str, said: str) -> None:
    assert asked(NEWS, "", {"query": "x", "language": language, "country": country}).url.endswith(said)


@pytest.mark.parametrize(("country", "gl"), [("Iran", "ir"), ("USA", "us"), ("Poland", "pl"), ("UK", "gb")])
def test_the_country_of_a_paid_search_is_the_one_that_was_asked_for(country: str, gl: str) -> None:
    url = asked(SERPAPI, "", {"query": "x", "country": country}).url
    assert f"gl={gl}&hl=en" in url
    assert "q=x+when%3A1d" in url
    assert "tbs" not in url


@pytest.mark.parametrize(
    ("kind", "given", "why"),
    [
        (SERPAPI, {"query": "x", "country": "Atlantis"}, "no country called 'Atlantis'"),
        (SERPAPI, {"query": "x", "when": "; drop"}, "such as 1d"),
        (SERPAPI, {"query": "   "}, "missing"),
        (NEWS, {"query": "x", "language": "Klingonish"}, "no language"),
        (NEWS, {"query": "x" * 501}, "longer"),
        (GDELT, {}, "what to look for"),
        (GDELT, {"language": "ro"}, "what to look for"),
        (GDELT, {"query": "(a OR b"}, "Parentheses"),
        (GDELT, {"theme": "a b"}, "theme"),
        (GDELT, {"query": "x", "fallback": "always"}, "none, doc"),
        (GDELT, {"query": "wheat", "country": "MD", "fallback": "doc"}, "leave out the fallback"),
        (GDELT, {"query": "of wheat", "fallback": "doc"}, "fewer than three"),
        (SourceKind.SAMPLE, {}, "cannot be added"),
    ],
)
def test_what_cannot_be_fetched_is_refused_when_it_is_asked_for(
    kind: SourceKind, given: dict[str, Any], why: str
) -> None:
    with pytest.raises(Refused, match=why):
        asked(kind, "", given)


def test_every_kind_that_is_offered_can_be_described() -> None:
    for about in OFFERED.values():
        assert about.label
        assert all(spec.label for spec in options.specs(about.settings))
