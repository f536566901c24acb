"""Evidence beyond a story's own reports: one search for everybody's first guess, then those that the cheap model thinks
of, the pages they lead to, and what these say."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from cid.domain.errors import BadReply, CidError, Deferred, Misconfigured, Upstream
from cid.domain.evidence import Avoid, Claim
from cid.domain.llm import Answer, Ask
from cid.domain.searching import Found, Hit, SearchState, Wanted
from cid.flows.gather import pages
from cid.flows.gather.trail import Busy, Trail
from cid.gates.evidence import found as gate
from cid.gates.evidence import queries
from cid.services import Services

AT_ONCE = 3
"""Searches of one story."""
SHORT = timedelta(minutes=5)
"""A pause no longer than this is waited for, whatever the policy on outages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beyond:
    """What was found besides the reports."""

    claims: tuple[Claim, ...] = ()
    avoid: tuple[Avoid, ...] = ()
    references: tuple[tuple[str, str], ...] = ()


async def beyond(sv: Services, trail: Trail) -> Beyond:
    """Raises what the tenant's policy does not go on without, and Busy."""
    case = trail.case
    if case.wanted.tier < 1 or sv.outside.search is None:
        trail.note("Nothing is searched for: the story's own reports are the evidence.")
        return Beyond()
    if case.sample:
        trail.note("Sample stories are made up, so nothing is searched for.")
        return Beyond()
    tenant, id_ = case.screening.tenant_id, case.screening.id
    first = await asyncio.to_thread(queries.first, case.reports, case.profile, case.wanted, tenant=tenant, about=id_)
    hits = await _search(sv, first, trail)
    if hits is None:
        return Beyond()
    said = gate.Said()
    if case.wanted.tier >= 2 and sv.outside.pages is not None:
        further = await _further(sv, trail)
        led = gate.chosen([hits, *further], case.reports, case.wanted.pages)
        said = await _said(sv, led, trail) if led else said
        hits = [*hits, *led]
    elif not hits:
        trail.note("The search found nothing.")
    return _together(sv, hits, said, trail)


async def _search(sv: Services, wanted: Wanted, trail: Trail) -> list[Hit] | None:
    """None: there is no searching at all. A failure that the policy excuses leaves no hits."""
    assert sv.outside.search is not None
    found = await sv.outside.search.search(wanted)
    if found.call:
        trail.paid.append(found.call)
    match found.state:
        case SearchState.NO_KEY:
            trail.note(found.detail)
            return None
        case SearchState.FOUND | SearchState.EMPTY:
            trail.searched = True
            trail.counts["searches"] += 1
            trail.counts["hits"] += len(found.hits)
        case _:
            trail.excuse(_failure(sv, found))
    return list(found.hits)


def _failure(sv: Services, found: Found) -> CidError:
    if found.state is SearchState.REFUSED:
        return Misconfigured(found.detail)
    if found.state is SearchState.HELD and found.until:
        if found.waits_for_money:
            return Deferred(found.detail, until=found.until)
        if found.until <= sv.clock.now() + SHORT:
            return Busy(found.detail, found.until)
    return Upstream(found.detail)


async def _further(sv: Services, trail: Trail) -> list[list[Hit]]:
    case = trail.case
    if case.wanted.queries < 1:
        return []
    tenant, key = case.screening.tenant_id, str(case.screening.id)
    ask = await asyncio.to_thread(queries.ask, case.reports, case.profile, case.wanted, tenant=tenant, key=key)
    answer = await _asked(sv, ask, key, trail)
    try:
        thought = queries.read(answer.value, case.wanted) if answer else []
    except BadReply as error:
        trail.excuse(error)
        return []
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(text: str, *, news: bool) -> list[Hit]:
        about = case.screening.id
        wanted = queries.wanted(text, case.profile, case.wanted, tenant=tenant, about=about, news=news)
        async with turns:
            return await _search(sv, wanted, trail) or []

    found = await asyncio.gather(*(one(text, news=news) for text, news in thought), return_exceptions=True)
    for failed in found:
        if isinstance(failed, BaseException):
            raise failed  # after all of them are done: what was paid for is in the ledger
    return [hits for hits in found if isinstance(hits, list)]


async def _said(sv: Services, led: Sequence[Hit], trail: Trail) -> gate.Said:
    """What the pages say. Those that speak to models are asked about by themselves."""
    read = await pages.read(sv, led, trail)
    shown = await asyncio.to_thread(lambda: [gate.shown(page) for page in read])
    trail.counts["suspicious"] += sum(page.suspicious for page in shown)
    groups = [[page for page in shown if not page.suspicious], *([page] for page in shown if page.suspicious)]
    said = [await _of(sv, group, trail) for group in groups if group]
    if shown and not any(one.claims for one in said) and not trail.broken:
        trail.note("No page found says anything about it.")
    trail.counts["thrown"] += sum(one.thrown for one in said)
    return gate.Said(
        claims=tuple(claim for one in said for claim in one.claims),
        avoid=tuple(avoid for one in said for avoid in one.avoid),
    )


async def _of(sv: Services, group: Sequence[gate.Page], trail: Trail) -> gate.Said:
    case, key = trail.case, str(trail.case.screening.id)
    ask = await asyncio.to_thread(gate.ask, case.screening.tenant_id, key, case.reports[0].title, group)
    answer = await _asked(sv, ask, key, trail)
    if answer is None:
        return gate.Said()
    trail.call, trail.reused = answer.call_id, answer.reused
    try:
        return await asyncio.to_thread(gate.read, answer.value, group, sv.source_rules)
    except BadReply as error:
        trail.excuse(error)
        return gate.Said()


async def _asked(sv: Services, ask: Ask, key: str, trail: Trail) -> Answer | None:
    """None: it went on without."""
    try:
        answer = (await sv.llm.ask(replace(ask, urgent=trail.case.screening.urgent))).get(key)
    except (Upstream, Deferred, BadReply, Misconfigured) as error:
        trail.excuse(error)
        return None
    if answer is None:
        trail.excuse(BadReply(f"{ask.stage}: the model left it out"))
    return answer


def _together(sv: Services, hits: Sequence[Hit], said: gate.Said, trail: Trail) -> Beyond:
    """Pages first; of results whose pages gave nothing, what the search shows of them."""
    spoke = {claim.url for claim in said.claims}
    known = {report.url for report in trail.case.reports}
    shown: dict[str, Hit] = {}
    for hit in hits:
        if hit.url not in spoke | known:
            shown.setdefault(hit.url, hit)
    snippets = [claim for hit in shown.values() if (claim := gate.snippet(hit, sv.source_rules))]
    claims = (*said.claims, *snippets)[: max(trail.case.wanted.claims, 0)]
    references = {claim.url: claim.title for claim in claims}
    return Beyond(claims=claims, avoid=said.avoid, references=tuple((title, url) for url, title in references.items()))
