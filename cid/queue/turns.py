"""Whose turn it is within one kind: tenants in turn, and in each tenant its keys. Pure."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cid.domain.ids import TenantId

MOST = 5_000
"""So many entries are remembered; beyond, those served last are forgotten until they are listed again."""


class Place(NamedTuple):
    """In an entry's order: behind this job come the next ones."""

    priority: int
    id: int


class Entry(NamedTuple):
    tenant: TenantId
    key: str


class Ask(NamedTuple):
    entry: Entry
    after: Place
    share: int
    """Hand-outs at most."""


@dataclass(slots=True)
class Turns:
    """The entries that have waiting jobs as far as we know, and behind which job each goes on."""

    most: int = MOST
    _tenants: OrderedDict[TenantId, OrderedDict[str, Place]] = field(default_factory=OrderedDict)
    _size: int = 0

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Entry]:
        return (Entry(tenant, key) for tenant, keys in self._tenants.items() for key in keys)

    def listed(self, found: Iterable[tuple[Entry, Place]]) -> None:
        """These have waiting jobs, the first one at this place: begin there, wherever we were."""
        for (tenant, key), first in found:
            keys = self._tenants.setdefault(tenant, OrderedDict())
            self._size += key not in keys
            keys[key] = Place(first.priority, first.id - 1)
        while self._size > self.most:
            self._forget_last()

    def ask(self, free: int, most: int) -> list[Ask]:
        """Divide `free` hand-outs evenly, whoever waited longest for a turn first; then, for what these leave, one each
        of the next in turn: up to `most` entries in all. Nobody's turn is over before it gave something."""
        tenants = list(islice(self._tenants.items(), most))
        shares = _shares(free, len(tenants))
        first: list[Ask] = []
        more: list[Ask] = []
        for (tenant, keys), share in zip(tenants, shares, strict=True):
            for (key, after), mine in zip(islice(keys.items(), most), _shares(share, len(keys)), strict=False):
                (first if mine else more).append(Ask(Entry(tenant, key), after, mine or 1))
        return (first + more)[:most]

    def took(self, entry: Entry, last: Place) -> None:
        """It gave jobs up to `last`: go on behind that when its turn comes again."""
        keys = self._tenants.get(entry.tenant)
        if keys is not None and entry.key in keys:
            keys[entry.key] = last
            keys.move_to_end(entry.key)
            self._tenants.move_to_end(entry.tenant)

    def drop(self, entry: Entry) -> None:
        """It gave nothing, or less than was asked for: nothing for now, until it is listed again."""
        keys = self._tenants.get(entry.tenant)
        if keys is not None and entry.key in keys:
            del keys[entry.key]
            self._size -= 1
            if not keys:
                del self._tenants[entry.tenant]

    def _forget_last(self) -> None:
        tenant = next(reversed(self._tenants))
        self.drop(Entry(tenant, next(reversed(self._tenants[tenant]))))


def _shares(free: int, parts: int) -> list[int]:
    return [free // parts + (n < free % parts) for n in range(parts)]
