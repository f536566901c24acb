"""Who is asked, and what it costs, from two files and what pages say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from cid.domain.errors import Misconfigured
from cid.domain.llm import Price, Tier, Usage, cost
from cid.llm.models import Choice, Models, Prices, Row, Terms, load_models, load_prices
from tests import funnel

CHEAP = Tier.CHEAP


def named(*names: str) -> tuple[Choice, ...]:
    return tuple(Choice.named(name) for name in names)


def models(*names: str) -> Models:
    return replace(funnel.models(), tiers={tier: named(*names) for tier in Tier})


def can(_choice: Choice) -> str:
    return ""


def without(*providers: str) -> Callable[[Choice], str]:
    return lambda choice: "no key" if choice.provider in providers else ""


def test_a_tenants_choice_comes_before_everybodys_and_that_before_the_file() -> None:
    file = models("a/file")
    everybody = Terms(everybody={CHEAP: ["a/all"]})
    own = Terms(everybody={CHEAP: ["a/all"]}, own={CHEAP: ["a/own", "b/own"]})
    assert file.chain(CHEAP, Terms(), can).choices == named("a/file")
    assert file.chain(CHEAP, everybody, can).choices == named("a/all")
    assert file.chain(CHEAP, own, can).choices == named("a/own", "b/own")
    assert file.chain(Tier.QUALITY, own, can).choices == named("a/file"), "each tier by itself"


def test_a_choice_whose_key_is_missing_falls_back_and_says_so() -> None:
    terms = Terms(own={CHEAP: ["b/own"]}, everybody={CHEAP: ["a/all"]})
    chain = models("a/file").chain(CHEAP, terms, without("b"))
    assert chain.choices == named("a/all")
    assert chain.passed == ("b/own: no key",)


def test_a_tenants_texts_go_to_no_vendor_it_did_not_choose_while_one_of_its_own_can_answer() -> None:
    terms = Terms(own={CHEAP: ["b/own", "c/own"]})
    chain = models("a/file").chain(CHEAP, terms, without("b"))
    assert chain.choices == named("c/own")
    assert chain.passed == ("b/own: no key",)


def test_where_none_can_answer_each_reason_is_named() -> None:
    with pytest.raises(Misconfigured, match=r"a/one: no key; b/two: no key"):
        models("a/one", "b/two").chain(CHEAP, Terms(), without("a", "b"))


def test_a_sample_never_asks_a_model_whatever_is_chosen() -> None:
    chain = models("a/file").chain(CHEAP, Terms(sample=True, own={CHEAP: ["a/own"]}), can)
    assert [choice.provider for choice in chain.choices] == ["offline"]


def price(per_million: int) -> Price:
    one = Decimal(per_million)
    return Price(input=one, output=one, cache_read=one, cache_write=one, cache_write_1h=one)


def test_the_newest_price_that_holds_counts_and_large_prompts_have_their_own() -> None:
    rows = (
        Row(model="a/m", valid_from=date(2026, 1, 1), above=0, price=price(1)),
        Row(model="a/m", valid_from=date(2026, 6, 1), above=0, price=price(2)),
        Row(model="a/m", valid_from=date(2027, 1, 1), above=0, price=price(9)),
        Row(model="a/m", valid_from=date(2026, 1, 1), above=1000, price=price(5)),
    )
    prices, choice = Prices(rows), Choice("a", "m")
    assert prices.at(choice, date(2026, 5, 31), 10) == price(1)
    assert prices.at(choice, date(2026, 11, 21), 1000) == price(2)
    assert prices.at(choice, date(2026, 11, 21), 1001) == price(5)
    assert not prices.knows(Choice("a", "other"), date(2026, 11, 21))
    with pytest.raises(Misconfigured, match="price"):
        prices.at(choice, date(2025, 1, 1), 10)


def test_every_kind_of_token_has_its_price_and_a_batch_pays_its_share_of_each() -> None:
    kinds = {"input": 1, "output": 2, "cache_read": 3, "cache_write": 5, "cache_write_1h": 7}
    priced = Price(**{kind: Decimal(amount) for kind, amount in kinds.items()}, batch=Decimal("0.5"))
    usage = Usage(input=10**6, output=10**6, cache_read=10**6, cache_write=10**6, cache_write_1h=10**6, thinking=500)
    assert cost(priced, usage) == 18
    assert cost(priced.in_batch(), usage) == 9


def written(folder: Path, text: str) -> Path:
    path = folder / "file.toml"
    path.write_text(text)
    return path


def entry(day: str, dollars: int, above: int = 0) -> str:
    kinds = "\n".join(f"{kind} = {dollars}" for kind in ("input", "output", "cache_read", "cache_write"))
    return f'[[price]]\nmodel = "a/m"\nvalid_from = {day}\nabove = {above}\n{kinds}\n'


def test_a_new_price_that_leaves_out_large_prompts_is_refused(tmp_path: Path) -> None:
    """They would go on at the old price, which may be the lower one: a reservation would be no bound."""
    old = entry("2025-01-01", 1) + entry("2025-01-01", 2, above=200_000)
    with pytest.raises(Misconfigured, match="from 2026-01-01 without a row for above = 200000"):
        load_prices(written(tmp_path, old + entry("2026-01-01", 5)))
    new = entry("2026-01-01", 5) + entry("2026-01-01", 10, above=200_000)
    prices = load_prices(written(tmp_path, old + new))
    assert prices.at(Choice("a", "m"), date(2026, 1, 1), 300_000) == price(10)


def test_a_pace_of_nothing_is_refused(tmp_path: Path) -> None:
    text = (funnel.CONFIG / "models.toml").read_text().replace("requests_per_minute = 1000", "requests_per_minute = 0")
    with pytest.raises(Misconfigured, match="requests_per_minute is 0"):
        load_models(written(tmp_path, text))
