"""What is asked of a model and what comes back. An Ask is data; providers turn it into their own wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeAlias

from cid.domain.ids import CallId, RunId, TenantId

Json: TypeAlias = Any
"""A value made of dict, list, str, int, float, bool and None."""


TRIAL = "trial "
"""Before the stage of a call whose answers count for nothing but a comparison."""


class Tier(StrEnum):
    CHEAP = "cheap"
    QUALITY = "quality"


class Stop(StrEnum):
    END = "end"
    LENGTH = "length"
    REFUSAL = "refusal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One thing a model is asked about. `key` is ours and stable; on the wire it gets an opaque id of the call."""

    key: str
    input: Mapping[str, Json]
    """Untrusted text lives here and nowhere else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A question about one or more subjects, each of which gets one answer of the shape `schema`.

    The reply on the wire is `{"answers": [{"id": "a1", …one answer…}, …]}`.
    """

    tenant: TenantId
    stage: str
    """For the ledger and for `offline`: relevance, queries, evidence, fit, track, draft, review, revise, briefing,
    judge."""
    tier: Tier
    prompt: str
    """Name of the prompt; its version in force is used and recorded."""
    shared: Mapping[str, Json]
    """What all subjects have in common and the tenant itself wrote, as its profile."""
    subjects: tuple[Subject, ...]
    schema: Mapping[str, Json]
    """JSON Schema (2020-12) of one answer without its id: an object with additionalProperties false."""
    max_tokens: int
    timeout_s: float = 60.0
    """Of one call."""
    patience_s: float = 150.0
    """Of the whole question: calls, waits between them, repair and other models."""
    version: str = ""
    """Of the prompt, where a certain one is tried; empty: the one in force."""
    addresses: tuple[str, ...] = ()
    """The only addresses that an answer may hold, anywhere: one with another is invalid."""
    urgent: bool = False
    """Never to wait for a batch, although its stage may."""
    run: RunId | None = None
    """Whose it is: once that run is over nothing more is sent for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens by how they are priced. Input counts exclude cached ones, whatever the provider's own habit."""

    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    """Written to a cache that lives some minutes; what lives an hour is `cache_write_1h`."""
    cache_write_1h: int = 0
    output: int = 0
    """Visible output and thinking together, as both are billed alike."""
    thinking: int = 0
    """Part of `output`, where the provider tells."""

    @property
    def prompt(self) -> int:
        """All that was read, cached or not: what price tiers go by."""
        return self.input + self.cache_read + self.cache_write + self.cache_write_1h


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """One request as a provider sees it: rendered, without ids of ours."""

    model: str
    system: tuple[str, ...]
    """Stable parts, the most shared first: the order in which they are cached."""
    document: str
    """The untrusted inputs as one JSON document."""
    instruction: str
    schema: Mapping[str, Json]
    max_tokens: int
    timeout_s: float
    stage: str
    shared: Mapping[str, Json]
    inputs: Mapping[str, Mapping[str, Json]]
    """Opaque id → input; what `offline` computes from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """What a provider answered, unread."""

    text: str
    stop: Stop
    usage: Usage
    model: str
    request_id: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One subject's answer, validated against the schema of the Ask."""

    value: Mapping[str, Json]
    call_id: CallId
    provider: str
    """`provider/model` that answered; begins with `offline` when no model did."""
    reused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars per million tokens."""

    input: Decimal
    output: Decimal
    cache_read: Decimal
    cache_write: Decimal
    cache_write_1h: Decimal
    batch: Decimal | None = None
    """What a batch costs, as a share of these; None: there is no batch API for it."""

    @property
    def dearest_input(self) -> Decimal:
        return max(self.input, self.cache_write, self.cache_write_1h)

    def in_batch(self) -> Price:
        """Every kind of token for what a batch pays."""
        share = Decimal(1) if self.batch is None else self.batch
        return replace(
            self,
            input=self.input * share,
            output=self.output * share,
            cache_read=self.cache_read * share,
            cache_write=self.cache_write * share,
            cache_write_1h=self.cache_write_1h * share,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """US dollars, days and months of UTC; None: no cap. Pages may say otherwise, for one tenant or for all."""

    per_day: Decimal | None = None
    per_month: Decimal | None = None
    all_per_day: Decimal | None = None
    per_stage: Mapping[str, Decimal] = field(default_factory=dict)
    """Per tenant and day."""
    near: Decimal = Decimal("0.8")
    """The share of a cap from which on it is told."""


MILLION = Decimal(1_000_000)


def cost(price: Price, usage: Usage) -> Decimal:
    """US dollars, exact."""
    return (
        price.input * usage.input
        + price.cache_read * usage.cache_read
        + price.cache_write * usage.cache_write
        + price.cache_write_1h * usage.cache_write_1h
        + price.output * usage.output
    ) / MILLION
