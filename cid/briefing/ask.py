"""The question of a run: one outlet, its items, one briefing. Pure, and made of stored rows alone: a run asks the same
question again after a crash, and the answer that was paid for is found.

Items and the account's own words were written by strangers. Sentences of theirs that speak to a model are not shown,
and neither are addresses within texts: what an answer may link to are the items' own addresses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import starmap
from urllib.parse import urlsplit

from cid.briefing.vocabulary import SCHEMA
from cid.domain.ids import TenantId
from cid.domain.llm import Ask, Json, Subject, Tier
from cid.domain.narratives import Narrative
from cid.domain.run import Grain, Period, Profile, Run, RunItem
from cid.text.clean import shorten
from cid.text.injection import without
from cid.text.links import unlinked

TITLE, TEXT, ALL = 300, 6_000, 60_000
"""Characters that are shown of a title, of a text, and of all texts together."""
ADDRESS = 200
"""Characters; of a longer address the host alone is shown, as nobody copies more without a slip."""
WORDS = 300
"""Characters of what an account says of itself, and of any single fact."""
SPANS: Mapping[Period, timedelta] = {
    Period.HOUR: timedelta(hours=1),
    Period.DAY: timedelta(days=1),
    Period.WEEK: timedelta(weeks=1),
    Period.MONTH: timedelta(days=30),
    Period.YEAR: timedelta(days=365),
}


def ask(
    run: Run,
    items: Sequence[RunItem],
    profile: Profile | None,
    narratives: Sequence[Narrative],
    *,
    tenant: TenantId,
    language: str = "en",
) -> Ask:
    """`language`: of the answer (BCP 47), the tenant's. Takes tens of milliseconds an item, as every text is searched
    for orders to models: not for the event loop."""
    return Ask(
        tenant=tenant,
        stage="briefing",
        tier=Tier.QUALITY,
        prompt="briefing",
        shared={"language": language or "en", "narratives": catalogue(narratives)},
        subjects=(Subject(key=str(run.id), input=_input(run, items, profile)),),
        schema=SCHEMA,
        max_tokens=16_000,
        timeout_s=200,
        patience_s=420,
        run=run.id,
        addresses=tuple(dict.fromkeys(item.url for item in items if item.url)),
    )


def catalogue(narratives: Sequence[Narrative]) -> list[Json]:
    """As the model sees it: to name what it finds, not to find what is named."""
    return [{"id": one.id, "name": one.name, "about": one.description} for one in narratives if one.active]


def item_id(number: int) -> str:
    return f"i{number}"


def span(run: Run) -> tuple[str, str]:
    """First and last day of the period, as ISO dates of UTC."""
    return (run.created_at - SPANS[run.period]).date().isoformat(), run.created_at.date().isoformat()


def _input(run: Run, items: Sequence[RunItem], profile: Profile | None) -> Mapping[str, Json]:
    first, last = span(run)
    room = _rooms([len(item.text) for item in items])
    return {
        "outlet": run.outlet,
        "country": run.country,
        "site": run.url,
        "platform": str(run.platform),
        "period": {"from": first, "to": last},
        "profile": _profile(profile) if profile else {},
        "items": list(starmap(_item, zip(items, room, strict=True))),
    }


def _rooms(lengths: Sequence[int]) -> list[int]:
    """Characters for each text: short ones whole, the long ones alike, all together within ALL."""
    rooms, left = [0] * len(lengths), ALL
    by_length = sorted(range(len(lengths)), key=lambda at: (lengths[at], at))
    for done, at in enumerate(by_length):
        rooms[at] = min(lengths[at], TEXT, left // (len(lengths) - done))
        left -= rooms[at]
    return rooms


def silenced(items: Sequence[RunItem]) -> tuple[int, ...]:
    """The numbers of those of which sentences were kept from the model, as they spoke to it."""
    room = _rooms([len(item.text) for item in items])
    cuts = ((item, (shorten(item.title, TITLE), _cut(item.text, left))) for item, left in zip(items, room, strict=True))
    return tuple(item.number for item, cut in cuts if without(*cut) != cut)


def _cut(text: str, room: int) -> str:
    return shorten(text, room) if room else ""


def _item(item: RunItem, room: int) -> Mapping[str, Json]:
    cut = _cut(item.text, room)
    title, text = without(shorten(item.title, TITLE), cut)
    shown: dict[str, Json] = {
        "id": item_id(item.number),
        "title": unlinked(title),
        "text": unlinked(text),
        "whole": cut == item.text and item.grain in {Grain.ARTICLE, Grain.POST},
        "grain": str(item.grain),
        "publisher": _words(item.publisher),
        "author": _words(item.author),
        "language": item.language,
        "published": item.published_at.date().isoformat() if item.published_at else "",
        "address": item.url if len(item.url) <= ADDRESS else urlsplit(item.url).hostname or "",
    }
    if item.facts:
        shown["facts"] = _facts(item.facts)
    return shown


def _profile(profile: Profile) -> Mapping[str, Json]:
    said: Mapping[str, Json] = {
        "handle": _words(profile.handle),
        "name": _words(profile.name),
        "bio": _words(profile.bio),
        "followers": profile.followers,
        "following": profile.following,
        "posts": profile.posts,
        "created": profile.created_at.date().isoformat() if profile.created_at else None,
        "verified": profile.verified,
        "facts": _facts(profile.facts),
    }
    return {name: value for name, value in said.items() if value not in (None, "", {})}


def _words(text: str) -> str:
    (shown,) = without(shorten(text, WORDS))
    return unlinked(shown)


def _facts(value: Json) -> Json:
    if isinstance(value, str):
        return _words(value)
    if isinstance(value, Mapping):
        return {str(key): _facts(inner) for key, inner in value.items()}
    return [_facts(inner) for inner in value] if isinstance(value, list | tuple) else value
