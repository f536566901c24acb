"""How much a story overlaps with a profile, in words."""

from __future__ import annotations

from collections.abc import Mapping

from cid.domain.llm import Json
from cid.text.prose import significant
from cid.text.words import first_found, phrases, words

TITLE, SUMMARY, FURTHER = 35, 20, 10
"""Points for a keyword in the title, else in the summary, and for each further one, of two at most."""
CONTEXT, CONTEXT_MOST = 6, 42
"""Points for each word shared with the rest of the profile, and for all of them together."""
PLACE = 10
_ORDERS = phrases(("ignore previous instructions", "ignore all previous", "system prompt", "score 100", "you are now"))


def relevance(shared: Mapping[str, Json], item: Mapping[str, Json]) -> Mapping[str, Json]:
    profile, title = shared["profile"], words(item["title"])
    text = [*title, *words(item["summary"])]
    matched = [phrase.written for phrase in phrases(profile["keywords"]) if first_found([phrase], text)]
    score = 0
    if matched:
        score += TITLE if first_found(phrases(matched), title) else SUMMARY
        score += FURTHER * min(len(matched) - 1, 2)
    own = {part for keyword in profile["keywords"] for part in words(keyword)}
    context = significant(" ".join(_about(profile))) - own
    score += min(CONTEXT * len(context.intersection(text)), CONTEXT_MOST)
    if first_found(phrases(profile["geography"]), text):
        score += PLACE
    return {
        "score": min(score, 100),
        "matched": matched,
        "injection_suspected": first_found(_ORDERS, text) is not None,
    }


def _about(profile: Mapping[str, Json]) -> list[str]:
    single = (profile["industry"], profile["primary_audience"], profile["secondary_audience"], profile["business_goal"])
    return [*single, *profile["pain_points"], *profile["preferred_angles"]]
