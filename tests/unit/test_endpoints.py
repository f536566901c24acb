"""Servers that speak chat completions: what can be said of them, what is refused, and what is shipped."""

from __future__ import annotations

import shutil
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from cid import settings
from cid.bootstrap import checks, models
from cid.domain.errors import Misconfigured
from cid.domain.tuning import TrendsProvider
from cid.llm.endpoints import load_endpoints
from cid.llm.models import Choice
from cid.llm.openai import OpenAi
from cid.pg.doctor import Level
from tests import funnel

TODAY = date(2026, 11, 21)


def test_what_is_shipped_reaches_deepseek_and_this_machine() -> None:
    found = {endpoint.name: endpoint for endpoint in settings.read({}).endpoints}
    assert found["deepseek"].key == "DEEPSEEK_API_KEY"
    assert {name for name, endpoint in found.items() if not endpoint.key} == {"ollama", "vllm", "llamacpp"}
    assert all("//127.0.0.1:" in endpoint.base_url for endpoint in found.values() if not endpoint.key)


def test_an_endpoint_names_the_variable_of_its_key(tmp_path: Path) -> None:
    shutil.copytree(settings.CONFIG, tmp_path, dirs_exist_ok=True)
    with (tmp_path / "models.toml").open("a") as file:
        file.write('[providers.mill]\nbase_url = "https://mill.test/v1/"\nkey = "MILL_KEY"\n')
    read = settings.read({"MILL_KEY": "grain"}, tmp_path)
    assert read.endpoints[-1].base_url == "https://mill.test/v1"
    assert read.provider_keys["MILL_KEY"].value == "grain"
    assert settings.effective(read)["MILL_KEY"] == "set"
    assert settings.effective(read)["OPENAI_API_KEY"] == "missing"
    assert settings.key_of("mill", read.endpoints) == "MILL_KEY"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("[providers.anthropic]\nbase_url = 'https://a.test'", "name of small letters"),
        ("[providers.Mill]\nbase_url = 'https://a.test'", "name of small letters"),
        ("[providers.mill]", "base_url"),
        ("[providers.mill]\nbase_url = 'mill.test'", "base_url"),
        ("[providers.mill]\nbase_url = 5", "base_url"),
        ("[providers.mill]\nbase_url = 'https://a.test'\nkey = 'sk-secret'", "environment variable"),
        ("[providers.mill]\nbase_url = 'https://a.test'\nurl = ''", "no setting 'url'"),
        ("[providers]\nmill = 5", "is no table"),
        ("providers = 5", "is no table"),
        ("[providers.mill", "no TOML"),
    ],
)
def test_a_wrong_endpoint_is_told_where_it_stands(tmp_path: Path, table: str, said: str) -> None:
    path = tmp_path / "models.toml"
    path.write_text(table)
    with pytest.raises(Misconfigured, match=said) as caught:
        load_endpoints(path)
    assert "sk-secret" not in str(caught.value)


async def test_there_is_one_provider_for_each_name() -> None:
    read = settings.read({"DEEPSEEK_API_KEY": "k"})
    providers = models.vendors_of(read, funnel.models())
    names = [provider.name for provider in providers]
    assert names == ["anthropic", "google", "openai", "deepseek", "ollama", "vllm", "llamacpp"]
    async with AsyncExitStack() as stack:
        for provider in providers:
            stack.push_async_callback(provider.close)
    assert isinstance(providers[-1], OpenAi)


def test_a_model_without_a_key_is_named_and_one_that_needs_none_is_not() -> None:
    read = settings.read({"CID_MODELS": "cheap=google/gemini-3.8-flash,quality=deepseek/deepseek-v4-pro"})
    details = [check.what for check in checks.model_checks(read)]
    assert details == ["google/gemini-3.8-flash: no key", "deepseek/deepseek-v4-pro: no key"]


def test_a_key_that_a_gate_waits_for_is_named_and_one_that_nobody_asks_with_is_not() -> None:
    def missing(*, tier: int, trends: TrendsProvider, **keys: str) -> list[str]:
        read = settings.read(keys)
        read = replace(
            read,
            trends=replace(read.trends, provider=trends),
            gates=replace(read.gates, evidence=replace(read.gates.evidence, tier=tier)),
        )
        found = checks.key_checks(read)
        assert all(check.level is Level.WARN for check in found)
        return [check.remedy.split()[1].rstrip(",") for check in found]

    none, serpapi = TrendsProvider.NONE, TrendsProvider.SERPAPI
    assert missing(tier=1, trends=serpapi) == ["SERPAPI_KEY", "SERPER_API_KEY"]
    assert missing(tier=2, trends=none) == ["SERPER_API_KEY"]
    assert missing(tier=0, trends=TrendsProvider.TRENDING_RSS) == []
    assert missing(tier=2, trends=serpapi, SERPAPI_KEY="k", SERPER_API_KEY="k") == []


def test_one_key_of_a_chain_is_enough_and_says_who_answers() -> None:
    read = settings.read({"CID_MODELS": "cheap=google/gemini-3.8-flash+openai/gpt-6-luna", "OPENAI_API_KEY": "k"})
    cheap, quality = checks.model_checks(read)
    assert (cheap.level, cheap.what) == (Level.OK, "openai/gpt-6-luna")
    assert quality.what == "openai/gpt-6.1-terra", "of the file's own chain"


def test_every_model_with_a_date_or_traits_has_a_price() -> None:
    prices = funnel.prices()
    for name in funnel.models().traits:
        assert prices.at(Choice.named(name), TODAY, 1).input > 0


@pytest.mark.parametrize(
    ("model", "tokens", "input_", "write_1h", "batch"),
    [
        ("anthropic/claude-haiku-5-5", 100_000, "0.10", "0.20", "0.5"),
        ("anthropic/claude-haiku-5-5", 100_001, "0.50", "1.00", "0.5"),
        ("google/gemini-3.8-flash", 1, "0.75", "0.75", "0.5"),
        ("openai/gpt-6.1-terra", 272_001, "2.00", "2.50", "0.5"),
        ("deepseek/deepseek-v4-pro", 1, "1.32", "1.32", None),
    ],
)
def test_a_price_is_that_of_the_size_of_the_prompt(
    model: str, tokens: int, input_: str, write_1h: str, batch: str | None
) -> None:
    price = funnel.prices().at(Choice.named(model), TODAY, tokens)
    assert (price.input, price.cache_write_1h) == (Decimal(input_), Decimal(write_1h))
    assert price.batch == (Decimal(batch) if batch else None)


def test_models_near_their_end_are_known() -> None:
    retires = {name: traits.retires for name, traits in funnel.models().traits.items() if traits.retires}
    assert retires["openai/gpt-5-mini"] == date(2026, 12, 11)
    assert retires["anthropic/claude-sonnet-4-5"] == date(2026, 11, 30)
