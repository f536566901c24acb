"""Whose turn it is within one kind: tenants in turn, and in each tenant its keys. Pure."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cid.domain.ids import TenantId

RECENT = 8
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
    last: list[tuple[Entry, Place]] = field(default_factory=list)
    """Who was served last and behind which job, though nothing was left there."""
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

    def emptied(self, entry: Entry, last: Place) -> None:
        """It gave less than was asked for: its next job comes behind `last`, and most likely it is the next of all."""
        self.drop(entry)
        self.last = [(entry, last), *(one for one in self.last if one[0] != entry)][:RECENT]

    def try_last(self) -> bool:
        """Ask those served last, where nobody is known to have anything: quicker than a listing. False: nobody."""
        for (tenant, key), place in self.last:
            self._tenants.setdefault(tenant, OrderedDict())[key] = place
            self._size += 1
        tried, self.last = bool(self.last), []
        return tried

    def drop(self, entry: Entry) -> None:
        """It gave nothing: nothing for now, until it is listed again."""
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
