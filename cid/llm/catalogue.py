"""What may be chosen, for pages and commands: the models that are known, their prices, keys and ends of life."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from cid.domain.choices import Asked, Known
from cid.domain.errors import Misconfigured, Refused
from cid.domain.llm import Caps, Tier
from cid.llm.models import OFFLINE, Choice, Models, Prices, Terms
from cid.llm.router import Router

LONGEST_CHAIN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    models: Models
    prices: Prices
    lacks: Callable[[Choice], str]
    """Why a model cannot be asked at all; empty: it can."""
    providers: Mapping[str, str]
    """Provider → why it cannot be asked; empty: it has what it needs. Never a key itself."""

    @classmethod
    def of(cls, router: Router) -> Catalogue:
        names = sorted({*router.providers, *router.lacking})
        return cls(
            models=router.models,
            prices=router.prices,
            lacks=router.lacks,
            providers={name: router.lacking.get(name, "") for name in names},
        )

    @property
    def caps(self) -> Caps:
        return self.models.caps

    def known(self, today: date) -> list[Known]:
        """Every model with a price or a place in the file, by name."""
        samples = [choice for chain in self.models.sample.values() for choice in chain]
        names = {row.model for row in self.prices.rows} | {str(choice) for choice in (*self.models.named(), *samples)}
        return [self._known(Choice.named(name), today) for name in sorted(names)]

    def _known(self, choice: Choice, today: date) -> Known:
        retires = self.models.of(choice).retires
        return Known(
            name=str(choice),
            price=self.prices.at(choice, today, 0) if self.prices.knows(choice, today) else None,
            retires=retires,
            days_left=(retires - today).days if retires else None,
            lacks=self.lacks(choice),
        )

    def checked(self, names: Sequence[str], today: date) -> list[str]:
        """As they may be stored. Raises Refused in one sentence: a wrong name, one without a price, one that ended."""
        found = list(dict.fromkeys(name.strip() for name in names if name.strip()))
        if len(found) > LONGEST_CHAIN:
            raise Refused(f"A chain has at most {LONGEST_CHAIN} models.")
        known = {model.name: model for model in self.known(today)}
        for name in found:
            provider = name.partition("/")[0]
            if provider not in self.providers or name not in known:
                raise Refused(f"{name[:100]!r} is no model that the desk knows: choose one of the list.")
            if known[name].price is None:
                raise Refused(f"{name} has no price in config/prices.toml: add one, or choose another.")
            left = known[name].days_left
            if left is not None and left <= 0:
                raise Refused(f"{name} was switched off by its vendor on {known[name].retires}: choose another.")
        if any(name.startswith(f"{OFFLINE}/") for name in found) and len(found) > 1:
            raise Refused("What is computed offline never stands for a model's answer: choose it alone, or not at all.")
        return found

    def asked(self, tier: Tier, terms: Terms) -> Asked:
        """Who really answers, and who is passed over."""
        try:
            chain = self.models.chain(tier, terms, self.lacks)
        except Misconfigured:
            chain = None
        names = tuple(str(choice) for choice in chain.choices) if chain else ()
        passed = chain.passed if chain else tuple(self._missing(tier, terms))
        return Asked(tier=tier, set_by=self._set_by(tier, terms, names), names=names, passed=passed)

    def _missing(self, tier: Tier, terms: Terms) -> list[str]:
        names = [*terms.own.get(tier, ()), *terms.everybody.get(tier, ()), *map(str, self.models.tiers[tier])]
        return [f"{name}: {self.lacks(Choice.named(name))}" for name in dict.fromkeys(names)]

    def _set_by(self, tier: Tier, terms: Terms, names: Sequence[str]) -> str:
        if terms.sample:
            return "sample"
        first = names[0] if names else ""
        if first in terms.own.get(tier, ()):
            return "own"
        return "everybody" if first in terms.everybody.get(tier, ()) else "file"
