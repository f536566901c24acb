"""Each vendor's count of tokens as ours. Whether cached and thought tokens are counted within the others differs from
vendor to vendor, and is where costs go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cid.domain.errors import Unanswered
from cid.domain.llm import Json, Usage


def of_anthropic(usage: Json) -> Usage:
    """Input excludes all that has to do with the cache; output includes thinking. Raises Unanswered."""
    value = _table(usage)
    by_age, details = _part(value, "cache_creation"), _part(value, "output_tokens_details")
    long = _count(by_age, "ephemeral_1h_input_tokens")
    return Usage(
        input=_count(value, "input_tokens", wanted=True),
        cache_read=_count(value, "cache_read_input_tokens"),
        cache_write=max(0, _count(value, "cache_creation_input_tokens") - long),
        cache_write_1h=long,
        output=_count(value, "output_tokens", wanted=True),
        thinking=_count(details, "thinking_tokens"),
    )


def of_google(usage: Json) -> Usage:
    """The prompt includes what was cached; candidates exclude thoughts, which are billed as output; what tools brought
    in is counted apart. Raises Unanswered."""
    value = _table(usage)
    cached, thoughts = _count(value, "cachedContentTokenCount"), _count(value, "thoughtsTokenCount")
    prompt = _count(value, "promptTokenCount", wanted=True)
    return Usage(
        input=max(0, prompt - cached) + _count(value, "toolUsePromptTokenCount"),
        cache_read=cached,
        output=_count(value, "candidatesTokenCount") + thoughts,
        thinking=thoughts,
    )


def of_openai(usage: Json) -> Usage:
    """The prompt includes what was read from a cache and what was written to one; the completion includes reasoning.
    DeepSeek says hits and misses beside these, older versions of it nothing else. Raises Unanswered."""
    value = _table(usage)
    details, made = _part(value, "prompt_tokens_details"), _part(value, "completion_tokens_details")
    read = _count(details, "cached_tokens") or _count(value, "prompt_cache_hit_tokens")
    written = _count(details, "cache_write_tokens")
    return Usage(
        input=max(0, _count(value, "prompt_tokens", wanted=True) - read - written),
        cache_read=read,
        cache_write=written,
        output=_count(value, "completion_tokens", wanted=True),
        thinking=_count(made, "reasoning_tokens"),
    )


def _table(usage: Json) -> Mapping[str, Any]:
    if not isinstance(usage, Mapping) or not usage:
        raise Unanswered("the reply does not say what it used")
    return usage


def _part(usage: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = usage.get(name)
    return part if isinstance(part, Mapping) else {}


def _count(usage: Mapping[str, Any], name: str, *, wanted: bool = False) -> int:
    """`wanted`: without it the call would look free."""
    value = usage.get(name)
    if value is None and not wanted:
        return 0
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise Unanswered(f"the reply counts {name} in no number of tokens")
    return value
