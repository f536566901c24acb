"""The ways to an outlet's news and posts: one source is asked, and its answer is an outcome with a name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cid.briefing.targets import handle
from cid.domain.errors import Deferred, Refused
from cid.domain.ids import SourceId
from cid.domain.llm import Json
from cid.domain.news import Cause, Polled, PollOutcome, Source, SourceKind, SourceState
from cid.domain.outside import HttpFailure
from cid.domain.run import Period, Run, Via
from cid.ports import Archive
from cid.queue import limits
from cid.services import Services
from cid.sources import accounts, answers, discover, searches
from cid.sources.options import read
from cid.sources.sample import SCHEME
from cid.text import countries, domains, urls
from cid.text.clean import clean

PATIENCE = timedelta(minutes=10)
"""A run waits so long for its turn; a longer wait is an answer."""
BACK = {
    Period.HOUR: timedelta(hours=1),
    Period.DAY: timedelta(days=1),
    Period.WEEK: timedelta(days=7),
    Period.MONTH: timedelta(days=30),
    Period.YEAR: timedelta(days=365),
}
_WHEN = {Period.HOUR: "1h", Period.DAY: "1d", Period.WEEK: "7d", Period.MONTH: "30d", Period.YEAR: "1y"}
_KINDS = {
    Via.SERPAPI: SourceKind.SERPAPI,
    Via.GOOGLE_NEWS: SourceKind.GOOGLE_NEWS,
    Via.GDELT: SourceKind.GDELT,
    Via.X: SourceKind.X,
    Via.TELEGRAM: SourceKind.TELEGRAM,
    Via.SAMPLE: SourceKind.SAMPLE,
}
_HOUSES = {Via.GOOGLE_NEWS: "news.google.com", Via.GDELT: "api.gdeltproject.org", Via.TELEGRAM: "t.me"}
"""Whose patience is taken. What is paid for is held up with its money."""
_NOT_THEIRS = frozenset({Cause.BUDGET, Cause.NO_KEY, Cause.INTERNAL})
_QUOTES = re.compile('["«»„“”‟″]')
_FEWEST_POSTS = accounts.FEWEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    via: Via
    address: str
    """Without keys, as a person would look at it."""
    polled: Polled


async def ask(sv: Services, run: Run, via: Via) -> Asked:
    """Raises Deferred where another process reads the same, or a queue is long; never for what the other side does."""
    address = _address(run, via)
    house = _house(sv, run, via)
    if wait_s := await _held(sv, house):
        detail = f"{house} asked to be left alone: for {max(1, round(wait_s / 60))} more minutes."
        return Asked(via=via, address=address, polled=answers.limited(detail, wait_s))
    try:
        asked = await _feed(sv, run) if via is Via.OWN_FEED else await _read(sv, run, via, address)
    except Deferred as deferred:
        wait = deferred.until - sv.clock.now()
        if wait <= PATIENCE:
            raise
        polled = answers.limited(f"{deferred}: for {round(wait.total_seconds() / 60)} more minutes.", None)
        return Asked(via=via, address=address, polled=polled)
    await _hold(sv, house, asked.polled)
    return asked


async def _read(sv: Services, run: Run, via: Via, address: str) -> Asked:
    """By the source's own reader, which is given a source that is kept nowhere and goes by the run's id: what was paid
    for once is found again under it."""
    reader = sv.outside.sources.get(_KINDS[via])
    if reader is None:
        return Asked(via=via, address=address, polled=answers.config(f"There is no reader of {via.value} here."))
    if via is Via.GDELT and isinstance(reader, Archive):
        polled = await reader.of_outlet(run.outlet, urls.site(run.url), BACK[run.period])
    else:
        polled = await reader.poll(_source(run, _KINDS[via], address, _config(run, via)))
    if polled.outcome is PollOutcome.RATE_LIMITED and polled.cause is Cause.INTERNAL and polled.retry_after_s:
        until = sv.clock.now() + timedelta(seconds=polled.retry_after_s)
        if until - sv.clock.now() <= PATIENCE:
            raise Deferred(polled.detail, until=until)
    return Asked(via=via, address=address, polled=polled)


async def _feed(sv: Services, run: Run) -> Asked:
    """The first feed that the outlet's site names, without those of comments."""
    via, address = Via.OWN_FEED, urls.shown(run.url)
    if not run.url:
        return Asked(via=via, address="", polled=answers.config("The outlet's address is not known."))
    try:
        found = await discover.discover(sv.outside.http, sv.outside.children, run.url)
    except HttpFailure as failure:
        return Asked(via=via, address=address, polled=answers.failed(failure))
    except Refused as refused:
        return Asked(via=via, address=address, polled=answers.broken(refused.public))
    feeds = [one for one in found if "comment" not in one.url.lower()] or found
    if not feeds:
        detail = "No feed was found at the outlet's address or behind it."
        polled = Polled(outcome=PollOutcome.GONE, cause=Cause.NOT_FOUND, detail=detail)
        return Asked(via=via, address=address, polled=polled)
    url = next((one.url for one in feeds if one.entries), feeds[0].url)
    polled = await sv.outside.sources[SourceKind.RSS].poll(_source(run, SourceKind.RSS, url, {}))
    return Asked(via=via, address=urls.shown(url), polled=polled)


def _source(run: Run, kind: SourceKind, url: str, config: dict[str, Json]) -> Source:
    return Source(
        id=SourceId(run.id),
        tenant_id=run.tenant_id,
        kind=kind,
        url=url,
        title="",
        publisher="",
        sample=False,
        state=SourceState.ACTIVE,
        outcome=None,
        outcome_detail="",
        etag="",
        last_modified="",
        body_sha=None,
        failures=0,
        interval_s=0,
        polled_at=None,
        next_poll_at=run.created_at,
        created_at=run.created_at,
        config=config,
    )


def named(run: Run) -> str:
    """The search for an outlet, as Google takes it: its name in quotes, at its site where that is known."""
    name = clean(_QUOTES.sub(" ", run.outlet))
    site = urls.site(run.url)
    return f'"{name}" site:{site}' if site else f'"{name}"'


def _config(run: Run, via: Via) -> dict[str, Json]:
    if via in {Via.SERPAPI, Via.GOOGLE_NEWS}:
        language = countries.spoken(run.country) or "en"
        return {"query": named(run), "when": _WHEN[run.period], "country": run.country, "language": language}
    if via is Via.SAMPLE:
        return {}
    if via is Via.X:
        return {"account": handle(run.url), "most": max(run.items, _FEWEST_POSTS)}
    return {"channel": handle(run.url)}


def _address(run: Run, via: Via) -> str:
    settings: Any
    match via:
        case Via.GOOGLE_NEWS:
            settings = read(searches.GoogleNews, _config(run, via))
            return searches.google_news(settings)
        case Via.SERPAPI:
            settings = read(searches.SerpApi, _config(run, via))
            return searches.serpapi(settings)
        case Via.GDELT:
            return searches.gdelt_outlet(run.outlet, urls.site(run.url))
        case Via.SAMPLE:
            return SCHEME + urls.site(run.url)
    return urls.shown(run.url)


def _house(sv: Services, run: Run, via: Via) -> str:
    """The registered domain that is asked; empty for the operator's own, and for what is held up with its money."""
    if via is not Via.OWN_FEED:
        return _HOUSES.get(via, "")
    return "" if urls.host_and_port(run.url) in sv.policy.polling.local else domains.of(run.url)


async def _held(sv: Services, house: str) -> float:
    """Seconds for which it is to be left alone, by what any process heard there."""
    if not house:
        return 0.0
    async with sv.platform.tx() as tx:
        return (await limits.held(tx, {f"hold {house}"})).get(f"hold {house}", 0.0)


async def _hold(sv: Services, house: str, polled: Polled) -> None:
    if house and polled.retry_after_s and polled.cause not in _NOT_THEIRS and not polled.elsewhere:
        async with sv.platform.tx() as tx:
            await limits.hold(tx, {f"hold {house}": sv.clock.now() + timedelta(seconds=polled.retry_after_s)})
