"""Which model answers which tier, what it accepts, and what it costs: config/models.toml and config/prices.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from cid.domain.errors import Misconfigured
from cid.domain.llm import Price, Tier

OFFLINE = "offline"
_NOTHING = Decimal(0)
FREE = Price(
    input=_NOTHING, output=_NOTHING, cache_read=_NOTHING, cache_write=_NOTHING, cache_write_1h=_NOTHING, batch=_NOTHING
)


@dataclass(frozen=True, slots=True)
class Choice:
    provider: str
    model: str

    def __str__(self) -> str:
        return f"{self.provider}/{self.model}"

    @classmethod
    def named(cls, name: str) -> Choice:
        """Raises Misconfigured."""
        provider, _, model = name.partition("/")
        if not provider or not model:
            raise Misconfigured(f"The model {name!r} is not written as provider/model: correct config/models.toml.")
        return cls(provider, model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """Parameters that only some models accept; the empty string is not sent."""

    thinking: str = ""
    effort: str = ""
    reply: str = "schema"
    """How the shape of a reply is asked for: `schema` (decoding is constrained to it), `object` (any JSON object, the
    schema said in words) or `text` (words only)."""
    retires: date | None = None
    """When the vendor switches it off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    tiers: Mapping[Tier, Choice]
    sample: Mapping[Tier, Choice]
    traits: Mapping[str, Traits]
    """By `provider/model`."""
    daily_cap: Decimal
    """US dollars per tenant and day of UTC."""

    def choose(self, tier: Tier, *, sample: bool) -> Choice:
        return (self.sample if sample else self.tiers)[tier]

    def with_tiers(self, *, cheap: str = "", quality: str = "") -> Models:
        """The same with other models for everybody but the sample; empty keeps what the file says."""
        named = {tier: Choice.named(name) for tier, name in ((Tier.CHEAP, cheap), (Tier.QUALITY, quality)) if name}
        return replace(self, tiers={**self.tiers, **named})

    def of_provider(self, provider: str) -> Mapping[str, Traits]:
        """Traits by the provider's own name of the model."""
        return {
            choice.model: traits
            for choice, traits in ((Choice.named(name), traits) for name, traits in self.traits.items())
            if choice.provider == provider
        }


def load_models(path: Path) -> Models:
    """Raises Misconfigured."""
    value = _toml(path)
    try:
        return Models(
            tiers={tier: Choice.named(value["tiers"][tier]) for tier in Tier},
            sample={tier: Choice.named(value["sample"][tier]) for tier in Tier},
            traits={name: Traits(**traits) for name, traits in value.get("models", {}).items()},
            daily_cap=Decimal(value["budget"]["per_tenant_per_day"]),
        )
    except (KeyError, TypeError, ArithmeticError) as error:
        raise Misconfigured(
            f"{path.name} is incomplete ({error!r}): compare it with the one that came along."
        ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    model: str
    valid_from: date
    above: int
    price: Price


class Prices:
    """Dated prices. A model without one is never called: its calls would look free."""

    def __init__(self, rows: tuple[Row, ...]) -> None:
        self.rows = rows

    def at(self, choice: Choice, day: date, prompt_tokens: int) -> Price:
        """For a prompt of so many tokens, cached ones included. Raises Misconfigured."""
        if choice.provider == OFFLINE:
            return FREE
        name = str(choice)
        valid = [row for row in self.rows if row.model == name and row.valid_from <= day]
        fitting = [row for row in valid if prompt_tokens > row.above or row.above == 0]
        if not fitting:
            raise Misconfigured(f"There is no price for {name} in config/prices.toml: add one, with valid_from.")
        return max(fitting, key=lambda row: (row.above, row.valid_from)).price


def load_prices(path: Path) -> Prices:
    """Raises Misconfigured."""
    try:
        return Prices(tuple(_row(entry) for entry in _toml(path)["price"]))
    except (KeyError, TypeError, ArithmeticError) as error:
        raise Misconfigured(
            f"{path.name} is incomplete ({error!r}): compare it with the one that came along."
        ) from error


def _row(entry: Mapping[str, Any]) -> Row:
    kinds = {kind: Decimal(entry[kind]) for kind in ("input", "output", "cache_read", "cache_write")}
    price = Price(
        **kinds,
        cache_write_1h=Decimal(entry.get("cache_write_1h", kinds["cache_write"])),
        batch=Decimal(entry["batch"]) if "batch" in entry else None,
    )
    return Row(model=entry["model"], valid_from=entry["valid_from"], above=entry.get("above", 0), price=price)


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(), parse_float=Decimal)
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read ({error.strerror}): put it back.") from error
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured(f"{path} is no TOML ({error}): correct it.") from error
