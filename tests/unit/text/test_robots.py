"""robots.txt is read as RFC 9309 says."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cid.text.robots import ALL, RULES, Rule, allowed, fits, packed, rules, spelled, unpacked

US = "ContentIntelligenceDesk"
OURS = f"User-agent: {US}\n"


def may(text: str, url: str, token: str = US) -> bool:
    return allowed(rules(text, token), url)


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("", "/a", True),
        ("User-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow:", "/a", True),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", True),
        ("User-agent: *\nAllow: /a/b\nDisallow: /a", "/a/c", False),
        ("User-agent: *\nDisallow: /page\nAllow: /page", "/page", True),
        ("User-agent: *\nDisallow: /*.php$", "/x/y.php", False),
        ("User-agent: *\nDisallow: /*.php$", "/x/y.php?a=1", True),
        ("User-agent: *\nDisallow: /*?print=", "/x?print=1", False),
        ("User-agent: *\nDisallow: /", "/robots.txt", True),
        ("User-agent: *\nDisallow: /é", "/%C3%A9t%C3%A9", False),
        ("User-agent: *\nDisallow: /%7Ejoe", "/~joe/x", False),
        ("User-agent: *\nDisallow: /a%2Fb", "/a/b", True),
        ("User-agent: other\nDisallow: /", "/a", True),
        ("User-agent: contentintelligencedesk/2.0\nDisallow: /a\n\nUser-agent: *\nDisallow: /b", "/b", True),
        (OURS + "Disallow: /a\n\nUser-agent: x\n\nUser-agent: *\nDisallow: /b", "/a", False),
        ("User-agent: x\nUser-agent: ContentIntelligenceDesk\nDisallow: /a", "/a", False),
        (OURS + "Crawl-delay: 5\nUser-agent: y\nDisallow: /a", "/a", False),
        (OURS + "Allow: /\n\n" + OURS + "Disallow: /a", "/a", False),
        (OURS + "\nUser-agent: *\nDisallow: /", "/a", False),
        (OURS + "Disallow:\n\nUser-agent: *\nDisallow: /", "/a", True),
        ("\ufeffuser-AGENT : * # all\r\ndisallow : /a # this\rSitemap: https://x.test/s.xml", "/a", False),
        ("Disallow: /", "/a", True),
        ("<html>Disallow: /</html>", "/a", True),
    ],
)  # fmt: skip
def test_the_longest_rule_of_our_own_groups_decides(text: str, path: str, expected: bool) -> None:
    assert may(text, f"https://post.test{path}") is expected


def naive(pattern: str, path: str) -> bool:
    """As a regular expression: right, and slow where a stranger wants it to be."""
    shape = ".*".join(re.escape(piece) for piece in pattern.removesuffix("$").split("*"))
    return re.match(shape + ("$" if pattern.endswith("$") else ""), path) is not None


@given(
    st.from_regex(r"/[ab*/]{0,8}\$?", fullmatch=True),
    st.from_regex(r"/[ab/]{0,10}", fullmatch=True),
)
def test_patterns_fit_as_their_regular_expressions_do(pattern: str, path: str) -> None:
    assert fits(pattern, path) is naive(pattern, path)


@given(st.lists(st.tuples(st.booleans(), st.from_regex(r"/[ab*]{0,5}", fullmatch=True)), max_size=6), st.text("ab"))
def test_no_rule_that_is_shorter_than_the_deciding_one_matters(said: list[tuple[bool, str]], path: str) -> None:
    found = [Rule(*one) for one in said]
    url = f"https://post.test/{path}"
    fitting = [rule for rule in found if fits(rule.pattern, "/" + path)]
    longest = max((len(rule.pattern) for rule in fitting), default=0)
    decisive = [rule for rule in fitting if len(rule.pattern) == longest]
    assert allowed(found, url) is allowed(decisive, url) is (not decisive or any(rule.allow for rule in decisive))


@given(st.text())
def test_any_text_is_read_and_spelling_twice_changes_nothing(text: str) -> None:
    found = rules(text, US)
    assert unpacked(packed(found)) == tuple(found)
    assert spelled(spelled(text)) == spelled(text)


def test_a_pattern_made_to_stall_is_linear() -> None:
    assert not fits("/" + "*a" * 240 + "b", "/" + "a" * 2000)


def test_a_group_that_names_us_again_and_again_has_each_rule_once() -> None:
    text = "User-agent: *\n" * 20_000 + f"User-agent: {US}\n" * 20_000 + "Disallow: /private\n" * 1000
    assert len(rules(text, US)) == 1000


def test_what_is_kept_of_long_rules_fits_a_bound() -> None:
    text = "User-agent: *\n" + f"Disallow: /{'é' * 400}\n" * 1000
    kept = rules(text, US)
    assert 0 < sum(len(rule.pattern) for rule in kept) <= ALL


def test_only_so_many_rules_are_kept() -> None:
    text = "User-agent: *\n" + "\n".join(f"Disallow: /{number}" for number in range(3 * RULES))
    assert len(rules(text, US)) == RULES
