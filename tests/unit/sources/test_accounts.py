"""What accounts, channels and pages may be told: one spelling for each, and a sentence for what cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from cid.domain.errors import Refused
from cid.domain.news import SourceKind
from cid.sources import kinds
from cid.text.posts import LIMIT, headline

X, CHANNEL, BOT, PAGE = SourceKind.X, SourceKind.TELEGRAM, SourceKind.TELEGRAM_BOT, SourceKind.PAGE


@pytest.mark.parametrize(
    ("kind", "told", "url"),
    [
        (X, {"account": "@NASA"}, "https://x.com/nasa"),
        (X, {"account": "https://twitter.com/NASA/status/1"}, "https://x.com/nasa"),
        (X, {"query": "ferry lang:en"}, "https://x.com/search?q=ferry%20lang%3Aen"),
        (CHANNEL, {"channel": "https://t.me/s/Harbour"}, "https://t.me/harbour"),
        (CHANNEL, {"channel": "t.me/harbour/12"}, "https://t.me/harbour"),
        (BOT, {"bot": "@HarbourBot"}, "https://t.me/harbourbot"),
    ],
)
def test_an_account_is_one_however_it_is_named(kind: SourceKind, told: dict[str, Any], url: str) -> None:
    asked = kinds.asked(kind, "", told)
    assert asked.url == url
    assert kinds.asked(kind, "", asked.config) == asked


@pytest.mark.parametrize(
    ("kind", "told", "said"),
    [
        (X, {}, "either an account or a search"),
        (X, {"account": "a", "query": "b"}, "either an account or a search"),
        (X, {"account": "name with spaces"}, "15 letters"),
        (X, {"account": "https://evil.test/nasa"}, "no address at x.com"),
        (X, {"account": "a", "exclude": "everything"}, "left out"),
        (X, {"account": "a", "most": "4"}, "from 5 to 500"),
        (X, {"query": "a", "most": "9"}, "at least 10"),
        (X, {"query": "w" * 513}, "512"),
        (X, {"query": "w" * 501, "exclude": "retweets"}, "512"),
        (CHANNEL, {"channel": "+AbCdEf"}, "4 to 32"),
        (PAGE, {"item": "article["}, "no CSS selector"),
        (PAGE, {}, "missing"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_reason(kind: SourceKind, told: dict[str, Any], said: str) -> None:
    url = "https://harbour.test/news" if kind is PAGE else ""
    with pytest.raises(Refused) as refused:
        kinds.asked(kind, url, told)
    assert said in refused.value.public


def test_what_costs_money_or_needs_a_key_belongs_to_one_tenant() -> None:
    assert kinds.asked(X, "", {"account": "nasa"}).private
    assert kinds.asked(BOT, "", {"bot": "harbourbot"}).private
    assert not kinds.asked(CHANNEL, "", {"channel": "harbour"}).private


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("The ferry is back. Tickets cost 3 euros.", "The ferry is back."),
        ("BREAKING\nThe ferry sank in the harbour\nMore soon", "BREAKING The ferry sank in the harbour"),
        ("https://post.test/1\nThe ferry is back today", "The ferry is back today"),
        ("🚨🚨🚨\n\nПаром снова ходит через гавань", "🚨🚨🚨 Паром снова ходит через гавань"),
        ("Yes!", "Yes!"),
        ("🎉", ""),
        ("", ""),
    ],
)
def test_the_headline_of_a_post_is_its_beginning(text: str, title: str) -> None:
    assert headline(text) == title


def test_a_headline_is_short_and_hostile_text_takes_no_time() -> None:
    assert len(headline("word " * 100_000)) <= LIMIT
    assert headline("." * 100_000) == ""


def test_no_more_of_a_text_is_looked_at_than_its_headline_wants(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []

    def watched(text: str) -> list[str]:
        looked.append(text)
        return [text]

    monkeypatch.setattr("cid.text.posts.sentences", watched)
    assert headline("The sixth quay opened.\n" + "a\n" * 1900) == "The sixth quay opened."
    assert len(looked) == 1
