"""How much a text overlaps with a profile, in words: what a score is worth that nobody can talk up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cid.text.phrasebook import keys, phrasebook
from cid.text.prose import significant
from cid.text.words import first_found, phrases, words

TITLE, SUMMARY, FURTHER = 35, 20, 10
"""Points for a keyword in the title, else in the summary, and for each further one, of two at most."""
CONTEXT, CONTEXT_MOST = 6, 42
"""Points for each word shared with the rest of the profile, and for all of them together."""
PLACE = 10


def overlap(profile: Mapping[str, Any], title: str, summary: str) -> tuple[int, list[str]]:
    """Points from 0 to 100, and the profile's keywords that are found, as they are written there."""
    text = [*words(title), *words(summary)]
    book = phrasebook(profile["keywords"])
    matched = [phrase.written for phrase in book.all_in([*keys(title), "", *keys(summary)])]
    score = 0
    if matched:
        score += TITLE if book.any_in(keys(title)) else SUMMARY
        score += FURTHER * min(len(matched) - 1, 2)
    own = {part for keyword in profile["keywords"] for part in words(keyword)}
    context = significant(" ".join(_about(profile))) - own
    score += min(CONTEXT * len(context.intersection(text)), CONTEXT_MOST)
    if first_found(phrases(profile["geography"]), text):
        score += PLACE
    return min(score, 100), matched


def _about(profile: Mapping[str, Any]) -> list[str]:
    single = (profile["industry"], profile["primary_audience"], profile["secondary_audience"], profile["business_goal"])
    return [*single, *profile["pain_points"], *profile["preferred_angles"]]
