"""What makes two addresses one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cid.text.urls import (
    LIMIT,
    absolute,
    canonical,
    credentials,
    identity,
    located,
    secret,
    shown,
    site,
    url_hash,
)

ADDRESSES = st.builds(
    "{}://{}{}/{}{}{}".format,
    st.sampled_from(["http", "HTTPS", "ftp", "javascript"]),
    st.sampled_from(["a.test", "WWW.A.test", "bücher.test", "[::1]", "1.2.3.4", "me:pw@a.test", ""]),
    st.sampled_from(["", ":80", ":443", ":8080", ":x"]),
    st.text(st.characters(max_codepoint=0x2FF), max_size=20),
    st.text(st.sampled_from("?&=utm_source%41%zz#/ é"), max_size=20),
    st.sampled_from(["", "#part", "?fbclid=1", "&ref=a.test"]),
)


@given(ADDRESSES)
def test_the_canonical_form_of_a_canonical_form_is_itself(url: str) -> None:
    once = canonical(url)
    assert canonical(once) == once
    assert identity(identity(url)) == identity(url) == identity(once)


@given(ADDRESSES | st.text(max_size=60))
def test_the_result_is_an_http_address_that_fits_or_nothing(url: str) -> None:
    for spelled in (canonical(url), located(url)):
        assert spelled == "" or (spelled.startswith(("http://", "https://")) and len(spelled) <= LIMIT)
        assert not set(spelled) & set(" \t\n\0")
        spelled.encode()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("HTTP://News.Test:80/a", "http://news.test/a"),
        ("https://news.test:443", "https://news.test/"),
        ("https://news.test/a#comments", "https://news.test/a"),
        ("https://news.test/a?utm_source=x&id=7&UTM_Medium=y&fbclid=z", "https://news.test/a?id=7"),
        ("https://news.test/a?mtm_campaign=x", "https://news.test/a"),
        ("https://www.news.test/a?ref=news.test", "https://www.news.test/a"),
        ("https://news.test/%7euser/%c3%a9", "https://news.test/~user/é"),
        ("https://bücher.test/a", "https://xn--bcher-kva.test/a"),
        ("https://news.test./a", "https://news.test/a"),
        (" https://news.test/a\n", "https://news.test/a"),
    ],
)
def test_different_spellings_of_one_address_meet(one: str, other: str) -> None:
    assert canonical(one) == canonical(other) != ""
    assert url_hash(one) == url_hash(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://www.a.test/p?utm_source=x&id=5", "http://a.test/p?id=5#f"),
        ("https://news.test/a?b=1&c=2", "https://news.test/a?c=2&b=1"),
        ("https://news.test/a/", "https://news.test/a"),
        ("http://news.test:80/", "https://www.news.test"),
        ("http://news.test:8080/a", "https://news.test:8080/a"),
        ("https://me:pw@news.test/a", "https://news.test/a"),
        ("https://WWW.BÜCHER.test/ß", "http://xn--bcher-kva.test/%c3%9f"),
        ("https://ｎｅｗｓ.test/a", "https://news.test/a"),
    ],
)
def test_addresses_of_one_article_are_one_while_each_stays_what_is_fetched(one: str, other: str) -> None:
    assert identity(one) == identity(other) != ""
    assert url_hash(one) == url_hash(other)
    assert canonical(one) != canonical(other) or one.startswith("https://ｎ")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://pib.test/page.aspx?PRID=1", "https://pib.test/page.aspx?PRID=2"),
        ("https://news.test/a?source=x", "https://news.test/a"),
        ("https://news.test/a?reference=1", "https://news.test/a"),
        ("https://news.test/a?ref=other.test", "https://news.test/a"),
        ("https://news.test/A", "https://news.test/a"),
        ("https://news.test/a?q=1%262", "https://news.test/a?q=1&2"),
        ("https://news.test/a?ref_id=1", "https://news.test/a?ref_id=2"),
        ("https://news.test/a?id=1&id=2", "https://news.test/a?id=1"),
        ("https://news.test/#!/a/1", "https://news.test/#!/a/2"),
        ("https://news.test/#/a/1", "https://news.test/#/a/2"),
        ("https://m.news.test/a", "https://news.test/a"),
        ("https://straße.test/a", "https://strasse.test/a"),
    ],
)
def test_what_may_be_another_article_stays_another(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)
    assert url_hash(one) != url_hash(other)


@pytest.mark.parametrize(
    ("link", "base", "found"),
    [
        ("/a", "https://news.test/feed", "https://news.test/a"),
        ("//cdn.test/a", "https://news.test/feed", "https://cdn.test/a"),
        ("a b.html", "https://news.test/x/", "https://news.test/x/a%20b.html"),
        ("javascript:alert(1)", "https://news.test/", ""),
        ("mailto:a@b.test", "https://news.test/", ""),
        ("http://[broken", "https://news.test/", ""),
        ("http://a.test:99999/", "", ""),
        ("/a", "", ""),
        ("", "https://news.test/", ""),
    ],
)
def test_links_are_made_absolute_or_are_none(link: str, base: str, found: str) -> None:
    assert absolute(link, base) == found


def test_a_feeds_own_address_keeps_its_whole_query() -> None:
    assert located("HTTPS://News.test/feed?utm_source=x&key=1#top") == "https://news.test/feed?utm_source=x&key=1"


@pytest.mark.parametrize(
    ("url", "is_secret"),
    [
        ("https://a.test/feed?token=x", True),
        ("https://a.test/feed?api_key=x", True),
        ("https://a.test/feed?access-token=x", True),
        ("https://me:pw@a.test/feed", True),
        ("https://a.test/feed?keyword=x", False),
        ("https://a.test/feed?author=x", False),
        ("https://a.test/token/feed", False),
    ],
)
def test_an_address_that_opens_doors_is_known_and_never_shown(url: str, is_secret: bool) -> None:
    assert secret(url) is is_secret
    assert ("•••" in shown(url)) is is_secret
    assert is_secret or shown(url) == url


def test_credentials_are_taken_out_and_unescaped() -> None:
    assert credentials("https://m%40e:p%3Aw@a.test/f?x=1") == ("https://a.test/f?x=1", "m@e", "p:w")
    assert credentials("https://a.test/f") == ("https://a.test/f", "", "")


def test_who_speaks_is_the_host_without_www() -> None:
    assert site("https://WWW.News.test/x") == "news.test"
    assert site("nonsense") == ""
