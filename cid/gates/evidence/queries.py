"""What is searched for: first the headline with the tenant's own words, then what the cheap model thinks of."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from uuid import UUID

from cid.domain.errors import BadReply
from cid.domain.evidence import Report
from cid.domain.ids import TenantId
from cid.domain.llm import Ask, Json, Subject, Tier
from cid.domain.policy import Evidence
from cid.domain.searching import MOST_RESULTS, Wanted
from cid.domain.tenants import Profile
from cid.gates.evidence.classes import called
from cid.text import countries
from cid.text.clean import line
from cid.text.injection import LEFT_OUT, without
from cid.text.links import unlinked
from cid.text.words import words

MOST = 10
"""Searches that a model thinks of."""
FEWEST = 5
LONGEST = 200
"""Characters of one search."""
SUMMARY = 800
_OPERATOR = re.compile(r"(?:^|\s)-?\w+:\S*|[\"“”()|*]")
"""A search is words: an operator could lead it to one site that a report speaks for."""
SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "properties": {
        "queries": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"text": {"type": "string"}, "news": {"type": "boolean"}},
                "required": ["text", "news"],
                "additionalProperties": False,
            },
            "minItems": 1,
            "maxItems": 20,
        }
    },
    "required": ["queries"],
    "additionalProperties": False,
}


def first(reports: Sequence[Report], profile: Profile, policy: Evidence, *, tenant: TenantId, about: UUID) -> Wanted:
    """The headline, without what in it speaks to models, and the first of the tenant's words that it does not have."""
    (title,) = without(reports[0].title)
    title = _words_only(unlinked(title).replace(LEFT_OUT, " "))
    said = set(words(title))
    others = [keyword for keyword in profile.keywords if not said.issuperset(words(keyword))]
    text = " ".join([title, *map(_words_only, others[: max(policy.keywords, 0)])])
    return wanted(text, profile, policy, tenant=tenant, about=about)


def wanted(
    text: str, profile: Profile, policy: Evidence, *, tenant: TenantId, about: UUID, news: bool = False
) -> Wanted:
    """Where a tenant names one place that is a country, the search is made from there."""
    places = [code for place in profile.geography if (code := countries.country(place))]
    return Wanted(
        tenant=tenant,
        about=about,
        text=line(text, LONGEST),
        news=news,
        country=places[0] if len(places) == 1 == len(profile.geography) else "",
        language=countries.language(profile.language),
        results=min(max(policy.results, 1), MOST_RESULTS),
    )


def ask(reports: Sequence[Report], profile: Profile, policy: Evidence, *, tenant: TenantId, key: str) -> Ask:
    """`key` is the screening's id."""
    title, summary = without(reports[0].title, reports[0].summary[:SUMMARY])
    shown = {
        "headline": unlinked(title),
        "summary": unlinked(summary),
        "publisher": called(reports[0].publisher, reports[0].url),
    }
    return Ask(
        tenant=tenant,
        stage="queries",
        tier=Tier.CHEAP,
        prompt="queries",
        shared={"profile": asdict(profile), "queries": {"least": min(FEWEST, _most(policy)), "most": _most(policy)}},
        subjects=(Subject(key=key, input=shown),),
        schema=SCHEMA,
        max_tokens=1200,
        timeout_s=30,
        patience_s=50,
    )


def read(value: Mapping[str, Json], policy: Evidence) -> list[tuple[str, bool]]:
    """(search, whether among news). Raises BadReply. Operators are taken out; what says the same is asked once."""
    found: dict[tuple[str, ...], tuple[str, bool]] = {}
    try:
        for row in value["queries"]:
            text = line(_words_only(row["text"]), LONGEST)
            folded = tuple(sorted(set(words(text))))
            if folded:
                found.setdefault(folded, (text, row["news"] is True))
    except (KeyError, TypeError, AttributeError) as error:
        raise BadReply(f"queries: {error!r}") from error
    if not found:
        raise BadReply("queries: there is nothing to search for in it")
    return list(found.values())[: _most(policy)]


def _most(policy: Evidence) -> int:
    return min(max(policy.queries, 1), MOST)


def _words_only(text: str) -> str:
    return " ".join(_OPERATOR.sub(" ", text).split())
