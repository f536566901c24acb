"""What findings rest on: quotes that stand in items, addresses that were read, text and not titles alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice

from cid.briefing.score.told import Ground, Prose, borne, held
from cid.domain.briefing import Finding, Found
from cid.domain.run import Grain
from cid.domain.scorecard import ContentCheck, Rating
from cid.text.urls import identity, site

MOST_NAMED = 12
LONGEST_NAMED = 240
SOME_QUOTES, MANY_QUOTES = 0.2, 0.5
"""Share of quotes that are nowhere, from which on a briefing is poor, and failing."""
MOST_ADDRESSES = 300
"""Looked at; the rest of a flood is left unread, and it is a flood."""
_ADDRESS = re.compile(r"https?://[^\s<>\"'“”«»|\\^`{}]+", re.IGNORECASE)
_GONE = {Found.NOT_FOUND: "stands nowhere in item {item}", Found.NO_ITEM: "names no item of the run"}


def named(found: Iterable[str]) -> tuple[str, ...]:
    """For `ContentCheck.where`."""
    return tuple(islice((" ".join(one.split())[:LONGEST_NAMED] for one in found), MOST_NAMED))


def quotes(told: Prose, ground: Ground) -> ContentCheck:
    """Quotes are exact words of an item. One that is nowhere is invented, whoever invented it."""
    looked = [(one, held(one, ground)) for _finding, one in told.citations]
    if not looked:
        why = "Nothing is quoted: no finding can be held against what was read."
        return ContentCheck(name="quotes", passed=False, why=why, cap=Rating.POOR)
    gone = [(one, how) for one, how in looked if how in _GONE]
    part = len(gone) / len(looked)
    why = f"{len(looked) - len(gone)} of {len(looked)} quotes stand in the items they name."
    cap = Rating.FAILING if part >= MANY_QUOTES else Rating.POOR if part >= SOME_QUOTES else Rating.ACCEPTABLE
    where = named(f"“{one.quote[:150]}” {_GONE[how].format(item=one.item)}" for one, how in gone)
    return ContentCheck(name="quotes", passed=not gone, why=why, where=where, cap=cap)


def findings(told: Prose, ground: Ground) -> ContentCheck:
    """Each finding has at least one quote that stands in an item."""
    every = told.briefing.key_findings
    if not every:
        return ContentCheck(name="findings", passed=None, why="There are no findings.")
    bare = [one for one in every if not borne(one, ground)]
    why = f"{len(every) - len(bare)} of {len(every)} findings quote an item word for word."
    cap = Rating.ACCEPTABLE if 2 * len(bare) >= len(every) else Rating.GOOD
    return ContentCheck(name="findings", passed=not bare, why=why, where=named(one.finding for one in bare), cap=cap)


def titles(told: Prose, ground: Ground) -> ContentCheck:
    """A title is written to be clicked: a finding wants the text below it."""
    cited = [(one, on) for one in told.briefing.key_findings if (on := _on_titles(one, ground)) is not None]
    if not cited:
        bare = bool(ground.items) and all(one.grain is Grain.TITLE for one in ground.items)
        why = "All items are titles without text." if bare else "No finding cites an item by its number."
        return ContentCheck(name="titles", passed=False if bare else None, why=why, cap=Rating.ACCEPTABLE)
    thin = [one for one, on in cited if on]
    why = f"{len(thin)} of {len(cited)} findings rest on titles alone."
    cap = Rating.ACCEPTABLE if len(thin) == len(cited) else Rating.GOOD
    few = 2 * len(thin) <= len(cited)
    return ContentCheck(name="titles", passed=few, why=why, where=named(one.finding for one in thin), cap=cap)


def _on_titles(finding: Finding, ground: Ground) -> bool | None:
    """None: it cites no item that there is."""
    cited = [
        (item, one.end)
        for piece in finding.evidence
        for one in piece.citations
        if (item := ground.by_number.get(one.item or 0))
    ]
    if not cited:
        return None
    return all(
        item.grain is Grain.TITLE or (item.grain is not Grain.POST and end is not None and 0 < end <= len(item.title))
        for item, end in cited
    )


def addresses(told: Prose, ground: Ground) -> ContentCheck:
    """An address in a briefing is one that was read, or one that its EXTERNAL evidence names as such."""
    read = {identity(one.url) for one in ground.items} | {identity(one) for one in _said(_of_items(ground))}
    hosts = {site(one.url) for one in ground.items}
    b = told.briefing
    inside = [one.reference for f in b.key_findings for one in f.evidence if one.kind != "external"]
    inside += [one.reference for one in b.evidence_references if one.kind != "external"]
    outside = [one.reference for f in b.key_findings for one in f.evidence if one.kind == "external"]
    known = read | {identity(one) for one in _said(outside)}
    told_of = list(dict.fromkeys(_said([*inside, *(text for _where, text in told.claims)])))
    if not told_of:
        return ContentCheck(name="addresses", passed=None, why="No address is named.")
    strange = [one for one in told_of if identity(one) not in known and not _home(one, hosts)]
    why = f"{len(told_of) - len(strange)} of {len(told_of)} addresses are of items, or of evidence from elsewhere."
    return ContentCheck(name="addresses", passed=not strange, why=why, where=named(strange), cap=Rating.ACCEPTABLE)


def _of_items(ground: Ground) -> Iterable[str]:
    return (one.text for one in ground.items)


def _said(texts: Iterable[str]) -> Iterable[str]:
    found = (match[0].rstrip(".,;:!?)]…”’") for text in texts for match in _ADDRESS.finditer(text))
    return islice(found, MOST_ADDRESSES)


def _home(address: str, hosts: set[str]) -> bool:
    """The bare front page of a site that an item is of."""
    rest = address.partition("://")[2].partition("/")[2]
    return not rest and site(address) in hosts
