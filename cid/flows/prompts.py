"""Versions of prompts: what there is, what is live, what differs. Making one live is a person's choice, on record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from cid.domain.errors import Conflict, Misconfigured, NotFound
from cid.render import diff
from cid.store import audit
from cid.store import prompts as store

if TYPE_CHECKING:
    from datetime import datetime

    from cid.domain.ids import UserId
    from cid.llm.prompts import Prompt, Prompts
    from cid.services import Services
    from cid.store.prompts import Change, Figure, Pin

LONG = timedelta(days=30)
WEEK = timedelta(days=7)
FIRST = timedelta(hours=1)
"""A first call so soon after the figures begin was hardly the first."""
NO_PINS: Mapping[str, Pin] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One file, and what came of it."""

    name: str
    version: str
    hash: str
    """In hexadecimal."""
    candidate: bool
    live: bool
    text: str
    figure: Figure | None
    """Of these very bytes; None: nobody was asked with them lately."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """All versions of one name, the newest first."""

    name: str
    versions: Sequence[Version]
    live: str
    """The version; empty: none can be used, and `problem` says why."""
    pinned: bool
    since: datetime | None
    """Of a pin; else the live version's first call within the figures; None: before them, or there was none."""
    before: bool
    """The live version was in use already when the figures begin."""
    newest: str
    """What would be live without a pin; empty: none."""
    problem: str = ""


async def shelves(sv: Services, within: timedelta = LONG) -> list[Shelf]:
    """Each with its figures of so long: at a million calls in 30 days a second, of a week a quarter of it."""
    async with sv.platform.read() as tx:
        pins, figures = await store.pins(tx), await store.figures(tx, within)
    start = sv.clock.now() - within
    return [_shelf(sv.prompts, name, pins, figures, start) for name in sv.prompts.names]


async def changes(sv: Services, *, limit: int = 20) -> list[Change]:
    async with sv.platform.read() as tx:
        return await store.changes(tx, limit=limit)


def version(sv: Services, name: str, wanted: str) -> Prompt:
    """Raises NotFound."""
    found = next((prompt for prompt in sv.prompts.versions(name) if prompt.version == wanted), None)
    if found is None:
        raise NotFound(f"There is no version {wanted} of a prompt {name}.")
    return found


def compared(old: Prompt, new: Prompt) -> tuple[diff.Field, ...]:
    """Part by part."""
    parts = (("System", "system"), ("Tenant", "tenant"), ("Instruction", "instruction"))
    return tuple(diff.Field(name, diff.text(getattr(old, part), getattr(new, part))) for name, part in parts)


async def make_live(sv: Services, user: UserId | None, name: str, wanted: str, *, was: str) -> None:
    """From the next question on, in all processes. `was` is what was shown as live.

    Raises NotFound, and Conflict when somebody else was first.
    """
    version(sv, name, wanted)
    async with sv.platform.tx() as tx:
        pins = await store.lock(tx)
        before = _seen(sv.prompts, name, pins, was)
        pins[name] = store.Pin(version=wanted, since=sv.clock.now())
        await store.put(tx, pins, user)
        await audit.add(tx, sv.clock.now(), user, "prompt.pinned", target=name, detail={"from": before, "to": wanted})


async def unpin(sv: Services, user: UserId | None, name: str, *, was: str) -> None:
    """Back to what the files say. As `make_live`."""
    if not sv.prompts.versions(name):
        raise NotFound(f"There is no prompt {name}.")
    async with sv.platform.tx() as tx:
        pins = await store.lock(tx)
        before = _seen(sv.prompts, name, pins, was)
        if pins.pop(name, None) is None:
            raise Conflict(f"No version of {name} is pinned.")
        await store.put(tx, pins, user)
        detail = {"from": before, "to": _in_force(sv.prompts, name, pins)}
        await audit.add(tx, sv.clock.now(), user, "prompt.unpinned", target=name, detail=detail)


def _seen(prompts: Prompts, name: str, pins: Mapping[str, Pin], was: str) -> str:
    """What is live now. Raises Conflict unless that is what was shown."""
    now = pins[name].version if name in pins else _in_force(prompts, name, pins)
    if now != was:
        raise Conflict(f"Meanwhile {now or 'no version'} of {name} is live. Look at it first.")
    return now


def _in_force(prompts: Prompts, name: str, pins: Mapping[str, Pin]) -> str:
    try:
        return prompts.in_force(name, {name: pin.version for name, pin in pins.items()}).version
    except Misconfigured:
        return ""


def _shelf(prompts: Prompts, name: str, pins: Mapping[str, Pin], figures: Sequence[Figure], start: datetime) -> Shelf:
    by_hash = {figure.hash: figure for figure in figures if figure.prompt == name}
    problem, live = "", ""
    try:
        live = prompts.in_force(name, {name: pin.version for name, pin in pins.items()}).version
    except Misconfigured as error:
        problem = str(error)
    versions = [
        Version(
            name=name,
            version=prompt.version,
            hash=prompt.sha256.hex(),
            candidate=prompt.candidate,
            live=prompt.version == live,
            text=prompt.text,
            figure=by_hash.get(prompt.sha256.hex()),
        )
        for prompt in reversed(prompts.versions(name))
    ]
    used = next((one.figure.first_at for one in versions if one.live and one.figure), None)
    long = used is not None and used - start < FIRST
    return Shelf(
        name=name,
        versions=versions,
        live=live or (pins[name].version if name in pins else ""),
        pinned=name in pins,
        since=pins[name].since if name in pins else None if long else used,
        before=long and name not in pins,
        newest=_in_force(prompts, name, NO_PINS),
        problem=problem,
    )
