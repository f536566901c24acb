"""Which models answer which tier, what they accept, may do and cost: config/models.toml and config/prices.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from cid.domain.errors import Misconfigured
from cid.domain.llm import Caps, Price, Tier

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
    cache: str = ""
    """`1h`: what all tenants share is kept in the vendor's cache for an hour. That costs twice the input to write, so
    it pays from three calls an hour on, where a cache of minutes pays from two in five minutes."""
    retires: date | None = None
    """When the vendor switches it off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What one provider may be asked in a minute, by all processes together; None: no limit of ours."""

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None


NO_PACE = Pace()
NO_TRAITS = Traits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is chosen on pages: chains of `provider/model` by tier, empty where nothing is."""

    sample: bool = False
    own: Mapping[Tier, Sequence[str]] = field(default_factory=dict)
    everybody: Mapping[Tier, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Whom to ask, in order. `passed` are those of whom it is known beforehand that they cannot answer."""

    choices: tuple[Choice, ...]
    passed: tuple[str, ...] = ()
    """`provider/model: why` each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    tiers: Mapping[Tier, tuple[Choice, ...]]
    sample: Mapping[Tier, tuple[Choice, ...]]
    traits: Mapping[str, Traits]
    """By `provider/model`."""
    caps: Caps
    paces: Mapping[str, Pace] = field(default_factory=dict)
    """By provider."""
    batched: frozenset[str] = frozenset()
    """Stages whose questions may wait up to a day for the lower price."""

    def chain(self, tier: Tier, terms: Terms, lacks: Callable[[Choice], str]) -> Chain:
        """A tenant's own choice comes before what is set for everybody, and that before the file. Only where none of
        the own can answer do the others count: a choice may have been made to keep texts away from other vendors.

        `lacks` says why a model cannot be asked at all; empty: it can. Raises Misconfigured when none can.
        """
        if terms.sample:
            levels = [self.sample[tier]]
        else:
            chosen = (
                tuple(Choice.named(name) for name in level.get(tier, ())) for level in (terms.own, terms.everybody)
            )
            levels = [level for level in (*chosen, self.tiers[tier]) if level]
        passed: list[str] = []
        for level in levels:
            usable: list[Choice] = []
            for choice in level:
                why = lacks(choice)
                if not why:
                    usable.append(choice)
                elif not usable:  # one that would have come later is no news
                    passed.append(f"{choice}: {why}")
            if usable:
                return Chain(choices=tuple(usable), passed=tuple(passed))
        raise Misconfigured(f"No model can be asked ({'; '.join(passed)}): set a key, or choose another model.")

    def with_tiers(self, *, cheap: str = "", quality: str = "") -> Models:
        """The same with other models for everybody but the sample; empty keeps what the file says."""
        named = {
            tier: tuple(Choice.named(one) for one in names.split("+"))
            for tier, names in ((Tier.CHEAP, cheap), (Tier.QUALITY, quality))
            if names
        }
        return replace(self, tiers={**self.tiers, **named})

    def of(self, choice: Choice) -> Traits:
        return self.traits.get(str(choice), NO_TRAITS)

    def of_provider(self, provider: str) -> Mapping[str, Traits]:
        """Traits by the provider's own name of the model."""
        return {
            choice.model: traits
            for choice, traits in ((Choice.named(name), traits) for name, traits in self.traits.items())
            if choice.provider == provider
        }

    def named(self) -> list[Choice]:
        """Every model that some tier or trait names, each once."""
        chains = [choice for chain in self.tiers.values() for choice in chain]
        return list(dict.fromkeys([*chains, *(Choice.named(name) for name in self.traits)]))


def load_models(path: Path) -> Models:
    """Raises Misconfigured."""
    value = _toml(path)
    try:
        return Models(
            tiers={tier: _chain(value["tiers"][tier]) for tier in Tier},
            sample={tier: _chain(value["sample"][tier]) for tier in Tier},
            traits={name: Traits(**traits) for name, traits in value.get("models", {}).items()},
            caps=_caps(value["budget"]),
            paces={name: _pace(name, pace) for name, pace in value.get("pace", {}).items()},
            batched=frozenset(value.get("batch", {}).get("stages", ())),
        )
    except (KeyError, TypeError, ArithmeticError) as error:
        raise Misconfigured(
            f"{path.name} is incomplete ({error!r}): compare it with the one that came along."
        ) from error


def _chain(value: str | Sequence[str]) -> tuple[Choice, ...]:
    """One model, or several in the order of asking."""
    chain = tuple(Choice.named(name) for name in ([value] if isinstance(value, str) else value))
    if not chain:
        raise KeyError("a tier without a model")
    return chain


def _pace(provider: str, value: Mapping[str, Any]) -> Pace:
    for name, limit in value.items():
        if not limit > 0:
            raise Misconfigured(f"config/models.toml [pace.{provider}]: {name} is {limit}: give a number above 0.")
    return Pace(**{name: float(limit) for name, limit in value.items()})


def _caps(value: Mapping[str, Any]) -> Caps:
    def dollars(name: str) -> Decimal | None:
        return Decimal(value[name]) if name in value else None

    return Caps(
        per_day=Decimal(value["per_tenant_per_day"]),
        per_month=dollars("per_tenant_per_month"),
        all_per_day=dollars("all_tenants_per_day"),
        per_stage={stage: Decimal(cap) for stage, cap in value.get("per_tenant_per_day_by_stage", {}).items()},
        near=Decimal(value.get("near", "0.8")),
    )


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

    def row(self, choice: Choice, day: date, prompt_tokens: int) -> Row:
        """For a prompt of so many tokens, cached ones included. Raises Misconfigured."""
        name = str(choice)
        if choice.provider == OFFLINE:
            return Row(model=name, valid_from=date.min, above=0, price=FREE)
        valid = [row for row in self.rows if row.model == name and row.valid_from <= day]
        fitting = [row for row in valid if prompt_tokens > row.above or row.above == 0]
        if not fitting:
            raise Misconfigured(f"There is no price for {name} in config/prices.toml: add one, with valid_from.")
        return max(fitting, key=lambda row: (row.above, row.valid_from))

    def at(self, choice: Choice, day: date, prompt_tokens: int) -> Price:
        """As `row`."""
        return self.row(choice, day, prompt_tokens).price

    def knows(self, choice: Choice, day: date) -> bool:
        return choice.provider == OFFLINE or any(
            row.model == str(choice) and row.valid_from <= day for row in self.rows
        )


def load_prices(path: Path) -> Prices:
    """Raises Misconfigured."""
    try:
        rows = tuple(_row(entry) for entry in _toml(path)["price"])
        _whole(rows)
        return Prices(rows)
    except (KeyError, TypeError, ArithmeticError) as error:
        raise Misconfigured(
            f"{path.name} is incomplete ({error!r}): compare it with the one that came along."
        ) from error


def _whole(rows: Sequence[Row]) -> None:
    """A new price names every size of prompt that the one before named: what it left out would go on at the old price.
    Raises Misconfigured."""
    dates: dict[str, dict[date, set[int]]] = {}
    for row in rows:
        dates.setdefault(row.model, {}).setdefault(row.valid_from, set()).add(row.above)
    for model, sizes in dates.items():
        before: set[int] = set()
        for day in sorted(sizes):
            for above in sorted(before - sizes[day]):
                raise Misconfigured(
                    f"config/prices.toml: {model} has a new price from {day} without a row for above = {above}: add it."
                )
            before |= sizes[day]


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
