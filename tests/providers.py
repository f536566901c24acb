"""Every provider beside its double: what one test promises is promised of all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TypeAlias

from cid.llm.anthropic import Anthropic
from cid.llm.google import Google
from cid.llm.openai import OpenAi
from tests import funnel
from tests.claude import claude
from tests.gemini import gemini
from tests.gpt import deepseek, gpt, local
from tests.vendor import Double

Remote: TypeAlias = Anthropic | Google | OpenAi


@dataclass(frozen=True, kw_only=True)
class Vendor:
    name: str
    model: str
    double: Callable[[], AbstractAsyncContextManager[Double]]
    make: Callable[[str, str, bool], Remote]
    """From key, address of the double, and whether the SDK's types judge every reply."""
    key: str
    """The environment variable of its key."""

    def provider(self, url: str, *, key: str = "key", strict: bool = True) -> Remote:
        return self.make(key, url, strict)


def _anthropic(key: str, url: str, strict: bool) -> Anthropic:
    return Anthropic(key, traits=funnel.models().of_provider("anthropic"), base_url=url, strict=strict)


def _google(key: str, url: str, strict: bool) -> Google:
    return Google(key, traits=funnel.models().of_provider("google"), base_url=url, strict=strict)


def _compatible(name: str, path: str = "", *, keyless: bool = False) -> Callable[[str, str, bool], OpenAi]:
    def make(key: str, url: str, strict: bool) -> OpenAi:
        traits = funnel.models().of_provider(name)
        return OpenAi(name, "" if keyless else key, traits=traits, base_url=url + path, strict=strict, keyless=keyless)

    return make


VENDORS: Mapping[str, Vendor] = {
    vendor.name: vendor
    for vendor in (
        Vendor(name="anthropic", model="claude-haiku-5-5", double=claude, make=_anthropic, key="ANTHROPIC_API_KEY"),
        Vendor(name="google", model="gemini-3.8-flash", double=gemini, make=_google, key="GOOGLE_API_KEY"),
        Vendor(name="openai", model="gpt-6-luna", double=gpt, make=_compatible("openai", "/v1"), key="OPENAI_API_KEY"),
        Vendor(
            name="deepseek",
            model="deepseek-v4-flash",
            double=deepseek,
            make=_compatible("deepseek"),
            key="DEEPSEEK_API_KEY",
        ),
        Vendor(name="ollama", model="llama3.3", double=local, make=_compatible("ollama", "/v1", keyless=True), key=""),
    )
}
