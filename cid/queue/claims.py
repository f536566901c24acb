"""Handing out jobs: one kind per statement, entries (tenant and key) in turn."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from cid.domain.errors import Upstream
from cid.domain.ids import PLATFORM, TenantId
from cid.domain.jobs import Job, JobKind, Rate
from cid.pg.pool import decode
from cid.pg.sql import query
from cid.queue.turns import Ask, Entry, Place, Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cid.ports import Row
    from cid.queue.link import Link

TURNS = query("claims.turns")
SINGLES = query("claims.singles")
LIMITED = query("claims.limited")
WAITING = query("claims.waiting")
UNANSWERED = query("claims.unanswered")
LISTED = 1_000
"""Entries of one listing; where there are more, the next listing goes on there."""
HANDS = 12
"""Bits of a lease that number the hand-outs of a claim."""
ASKED = 500
"""Entries of one claim at most. The first claim asks few more than it has slots for; while nothing comes, the next asks
four times as many."""
LOCKED = 100
"""The same where a limit holds: every entry takes a lock there, and the server has some thousands for everybody."""
ROUNDS = 10
"""Claims in a row that may find nothing before other kinds get their turn."""
LONGEST_S = 0.25
"""What a listing would find (a new tenant, an older or more urgent job, a retry) waits no longer for it."""
SHARE = 20
"""Listings take a twentieth of the time at most: with many entries, or an old snapshot that keeps dead ones alive."""
BEGINNING = (PLATFORM, "")
DOUBT_S, LOOK_S = 60.0, 1.0
"""How long and how often jobs of a claim without an answer are looked for: it may still be under way there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On which terms a kind is handed out; `workers/table.py` says them."""

    kind: JobKind
    deadline: timedelta
    group: int = 1
    linger: timedelta = timedelta(0)
    most: int | None = None
    most_per_key: int | None = None
    rate: Rate | None = None
    rate_per_key: Rate | None = None

    @property
    def limited(self) -> bool:
        """Whether the end of a hand-out may let the next one start."""
        return self.most is not None or self.most_per_key is not None

    @property
    def plain(self) -> bool:
        return self.group == 1 and not (self.limited or self.rate or self.rate_per_key)


class Claimed(NamedTuple):
    handouts: list[list[Job]]
    wait_s: float | None = None
    """Nothing, but in so many seconds a limit or a linger lets something through."""


@dataclass(slots=True)
class _Known:
    """What a process knows of the waiting jobs of a kind. Times are seconds of a monotonic clock."""

    turns: Turns = field(default_factory=Turns)
    list_from: tuple[TenantId, str] = BEGINNING
    list_at: float = 0.0
    quiet: bool = False
    """The last look found nothing."""


class Claimer:
    """One per process. Remembers for every kind who has waiting jobs and whose turn is next."""

    def __init__(self, link: Link, worker: UUID, clock: Callable[[], float] = time.monotonic) -> None:
        self._link = link
        self._worker = worker
        self._clock = clock
        self._known: dict[JobKind, _Known] = defaultdict(_Known)
        self._doubts: dict[int, float] = {}
        """Leases of claims that got no answer, and until when their jobs are looked for."""
        self._look_at = 0.0

    async def claim(self, terms: Terms, free: int) -> Claimed:
        """Up to `free` hand-outs; none means that nothing waits that may run. Raises Upstream."""
        await self._give_back()
        free = min(free, (1 << HANDS) - 1)
        known = self._known[terms.kind]
        # After a quiet while the next job most likely belongs to whoever had the last one.
        guessed = known.quiet and not known.turns and known.turns.try_last()
        fresh = not guessed and (not known.turns or self._clock() >= known.list_at)
        if fresh:
            await self._list(terms.kind, known)
        claimed = await self._pass(terms, known, free)
        if not claimed.handouts and not fresh and await self._list(terms.kind, known):
            claimed = await self._pass(terms, known, free)
        known.quiet = not claimed.handouts
        return claimed

    async def waiting(self, kinds: Sequence[JobKind]) -> bool:
        """Whether jobs of these kinds could be claimed now or after their linger."""
        return bool((await self._link.fetch(WAITING, list(kinds)))[0][0])

    async def _list(self, kind: JobKind, known: _Known) -> bool:
        """Learn who has waiting jobs, going on where the last listing stopped; whether anybody was found."""
        began = self._clock()
        rows = await self._link.fetch(TURNS, kind, *known.list_from, LISTED)
        if not rows and known.list_from != BEGINNING:
            rows = await self._link.fetch(TURNS, kind, *BEGINNING, LISTED)
        now = self._clock()
        known.list_at = now + min(LONGEST_S, SHARE * (now - began))
        known.turns.listed(
            (Entry(TenantId(row["tenant_id"]), row["key"]), Place(row["priority"], row["id"]))
            for row in rows
            if row["open"]
        )
        known.list_from = _behind(rows[-1]) if len(rows) == LISTED else BEGINNING
        return bool(rows)

    async def _pass(self, terms: Terms, known: _Known, free: int) -> Claimed:
        """Ask everybody we know of, in turn, until somebody gives something."""
        most = ASKED if terms.plain else LOCKED
        waits: list[float] = []
        for number in range(ROUNDS):
            asks = known.turns.ask(free, min(most, (2 * free + 8) * 4**number))
            if not asks:
                break
            claimed = await (self._singles if terms.plain else self._limited)(terms, known.turns, asks, free)
            if claimed.handouts:
                return claimed
            if claimed.wait_s is not None:
                waits.append(claimed.wait_s)
        if known.turns or known.list_from != BEGINNING:
            waits.append(0.0)  # not everybody was asked
        return Claimed([], min(waits, default=None))

    async def _singles(self, terms: Terms, turns: Turns, asks: list[Ask], free: int) -> Claimed:
        lease = _new_lease()
        rows = await self._take(lease, SINGLES, terms.kind, *_columns(asks), free, self._worker, lease, terms.deadline)
        rows = sorted(rows, key=_order)
        _advance(turns, asks, rows, size=1, filled=len(rows) >= free)
        return Claimed([[_job(row, terms.kind, lease)] for row in rows])

    async def _take(self, lease: int, sql: str, *args: object) -> Sequence[Row]:
        """A claim. Without an answer nobody knows whether it was carried out."""
        try:
            return await self._link.fetch(sql, *args)
        except (Upstream, asyncio.CancelledError):
            self._doubts[lease >> HANDS] = self._clock() + DOUBT_S
            raise

    async def _give_back(self) -> None:
        """Jobs of claims without an answer are ours, and we live: nobody else would give them back before their
        deadline.
        """
        if not self._doubts or self._clock() < self._look_at:
            return
        await self._link.fetch(UNANSWERED, self._worker, list(self._doubts))
        now = self._clock()
        self._look_at = now + LOOK_S
        self._doubts = {lease: until for lease, until in self._doubts.items() if now < until}

    async def _limited(self, terms: Terms, turns: Turns, asks: list[Ask], free: int) -> Claimed:
        lease = _new_lease()
        kind_rate, key_rate = terms.rate, terms.rate_per_key
        rows = await self._take(
            lease,
            LIMITED,
            terms.kind,
            *_columns(asks),
            free,
            terms.group,
            terms.linger,
            self._worker,
            lease,
            terms.deadline,
            terms.most,
            terms.most_per_key,
            kind_rate and kind_rate.every,
            kind_rate and kind_rate.burst,
            key_rate and key_rate.every,
            key_rate and key_rate.burst,
        )
        # Without a row somebody waits all the same, and what holds them back may end in another process.
        wait_s: float | None = rows[0]["wait"] if rows else LONGEST_S
        if wait_s is not None:
            rows = []
        handouts = _handouts(rows, terms)
        _advance(turns, asks, sorted(rows, key=_order), size=terms.group, filled=len(handouts) >= free)
        return Claimed(handouts, wait_s)


def _behind(row: Row) -> tuple[TenantId, str]:
    # chr(1): nothing sorts between a key and the same key followed by it
    return TenantId(row["tenant_id"]), row["key"] + "\x01"


def _columns(asks: Sequence[Ask]) -> tuple[list[TenantId], list[str], list[int], list[int], list[int]]:
    return (
        [ask.entry.tenant for ask in asks],
        [ask.entry.key for ask in asks],
        [ask.after.priority for ask in asks],
        [ask.after.id for ask in asks],
        [ask.share for ask in asks],
    )


def _advance(turns: Turns, asks: Sequence[Ask], rows: Sequence[Row], *, size: int, filled: bool) -> None:
    """Whoever gave jobs had a turn. Whoever was asked and gave less than asked for has no more for now; but when all
    slots were `filled`, nobody behind the last giver was asked. `rows` are in the order of jobs.
    """
    entries = [asks[0].entry] * len(rows) if len(asks) == 1 else [(row["tenant_id"], row["key"]) for row in rows]
    got, last = Counter(entries), dict(zip(entries, rows, strict=True))
    reached = max((n for n, ask in enumerate(asks) if ask.entry in got), default=-1) if filled else len(asks)
    for n, ask in enumerate(asks):
        given = got.get(ask.entry, 0)
        if given and (filled or given >= ask.share * size):
            turns.took(ask.entry, Place(*_order(last[ask.entry])))
        elif given:
            turns.emptied(ask.entry, Place(*_order(last[ask.entry])))
        elif n < reached:
            turns.drop(ask.entry)


def _handouts(rows: Iterable[Row], terms: Terms) -> list[list[Job]]:
    """Every hand-out has a lease of its own; its jobs in their order."""
    handouts: dict[int, list[Job]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row["lease"], *_order(row))):
        handouts[row["lease"]].append(_job(row, terms.kind, row["lease"]))
    return list(handouts.values())


def _new_lease() -> int:
    """Random, and made anew for every claim: after a crash of the server an attempt counter could repeat. The lowest
    bits are the hand-out's number in the claim.
    """
    return secrets.randbits(63 - HANDS - 1) << HANDS


def _order(row: Row) -> tuple[int, int]:
    return row["priority"], row["id"]


def _job(row: Row, kind: JobKind, lease: int) -> Job:
    return Job(
        id=row["id"],
        tenant=row["tenant_id"],
        kind=kind,
        key=row["key"],
        payload=decode(row["payload"]),
        attempt=row["attempt"],
        lease=lease,
        last_error=row["error"],
    )
