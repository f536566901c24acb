"""A briefing without a model: sentences of the items as they stand there, things that can be counted, and no judgement.
It says of itself what it is, and that its confidence is low. Its own words are English, whatever the items are in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from cid.domain.briefing import FACTORS
from cid.domain.llm import Json
from cid.text.injection import LEFT_OUT
from cid.text.links import foreign, unlinked
from cid.text.prose import numbers, sentences, significant
from cid.text.words import words

EXTRACTS = 3
"""Findings that are extracts."""
CLAIMS = 2
"""Sentences of an item."""
SHORTEST, LONGEST = 5, 40
"""Words of an extract."""
LETTERS = 160
"""Of one in a script without spaces."""
THEME = 6
"""Letters of a word that is counted; shorter ones are seldom what an item is about."""
LOW = "low"
GRAINS = {"article": "articles", "summary": "summaries", "title": "titles alone", "post": "posts"}

Items = Sequence[Mapping[str, Json]]


def briefing(_shared: Mapping[str, Json], run: Mapping[str, Json]) -> Mapping[str, Json]:
    items: Items = run["items"]
    return {
        "executive_summary": _summary(run),
        "key_findings": [*_extracts(items), *(_common(run) or _figures(items)), *_dates(items)],
        "subject_profile": {
            "kind": "",
            "description": str(run["profile"].get("bio", "")),
            "language": ", ".join(_counted(item["language"] for item in items)),
        },
        "narrative_analysis": {
            "primary_narratives": [],
            "behavioral_indicators": [{"indicator": "content", "description": f"Items by kind: {_grains(items)}."}],
            "network_context": {
                "known_associations": _passed_on(items),
                "amplification_patterns": "",
                "cross_platform_presence": [],
            },
            "source_attribution": {
                "role": "unknown",
                "content_origin": _origin(items),
                "amplification_chain": "",
            },
        },
        "confidence_assessment": {
            "overall": LOW,
            "factors": {
                factor: {"level": LOW, "notes": "Nothing was judged: these are extracts."} for factor in FACTORS
            },
        },
        "limitations": _limitations(run),
        "items": [_reading(item) for item in items],
    }


def _summary(run: Mapping[str, Json]) -> str:
    items: Items = run["items"]
    period, whole = run["period"], sum(bool(item["whole"]) for item in items)
    return unlinked(
        f"Extracts, made without a language model, of {len(items)} items of {run['outlet']} from {period['from']} to "
        f"{period['to']}, {whole} of which were there in full. They repeat what the items say and assess nothing: "
        "neither accuracy nor intent was looked at. Confidence is therefore low in every part."
    )


def _extracts(items: Items) -> Iterator[Mapping[str, Json]]:
    quoted = [(item, found[0]) for item in items if (found := _quotable(item))]
    for item, quote in quoted[:EXTRACTS]:
        said = f"{_by(item)} published an item of which this is an extract, neither checked nor assessed: “{quote}”"
        shown = f"Item {item['id']} says this in its own words."
        yield _finding(said, "post", shown, [(item["id"], quote)])


def _common(run: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    """The word of a title that most items hold, at least half of them, and that is none of the outlet's name."""
    items: Items = run["items"]
    if len(items) < 2:
        return []
    own = significant(run["outlet"])
    titles = {word for item in items for word in significant(item["title"]) - own if len(word) >= THEME}
    counts = Counter(word for item in items for word in titles & significant(f"{item['title']} {item['text']}"))
    most = min(counts, key=lambda word: (-counts[word], -len(word), word), default="")
    holding = [(item["id"], quote) for item in items for quote in _holding(item, most)[:1]]
    if 2 * counts[most] < len(items) or counts[most] < 2 or not holding:
        return []
    said = (
        f"The word “{most}” stands in {counts[most]} of {len(items)} items, more than any other word of their titles; "
        "what that means was not assessed."
    )
    return [_finding(said, "pattern", f"{counts[most]} of {len(items)} items hold “{most}”.", holding)]


def _figures(items: Items) -> list[Mapping[str, Json]]:
    """How many items give one, with the sentence in which it stands."""
    holding = [(item["id"], quote) for item in items for quote in [one for one in _quotable(item) if numbers(one)][:1]]
    if not holding:
        return []
    said = (
        f"{len(holding)} of {len(items)} items give a figure in a sentence that can be quoted; none of these figures "
        "was compared with anything else."
    )
    return [_finding(said, "pattern", f"{len(holding)} of {len(items)} items hold a figure.", holding)]


def _dates(items: Items) -> Iterator[Mapping[str, Json]]:
    dated = sorted(item["published"] for item in items if item["published"])
    if not dated:
        return
    said = (
        f"{len(dated)} of {len(items)} items carry a date of publication; the first is {dated[0]}, the last "
        f"{dated[-1]}, as their sources give them."
    )
    cited = [(item["id"], quote) for item in items if item["published"] for quote in _quotable(item)[:1]]
    yield _finding(said, "metadata", f"Field `published`: {dated[0]} to {dated[-1]}.", cited[:EXTRACTS])


def _finding(said: str, kind: str, reference: str, cited: Sequence[tuple[str, str]]) -> Mapping[str, Json]:
    return {
        "finding": unlinked(said),
        "confidence": LOW,
        "evidence": [
            {
                "kind": kind,
                "reference": unlinked(reference),
                "citations": [{"item": item, "quote": quote} for item, quote in cited],
            }
        ],
    }


def _reading(item: Mapping[str, Json]) -> Mapping[str, Json]:
    return {
        "item": item["id"],
        "framing": unlinked(f"Not assessed. Its title: “{item['title']}”") if item["title"] else "Not assessed.",
        "key_claims": _quotable(item)[:CLAIMS],
        "actors": [],
        "unverified": [],
    }


def _limitations(run: Mapping[str, Json]) -> Mapping[str, Json]:
    items: Items = run["items"]
    partly = sum(not item["whole"] for item in items)
    gaps = [f"{len(items)} items were read; what else {run['outlet']} published is not in them."]
    gaps.append("No other outlet was read for comparison.")
    if partly:
        gaps.append(f"Of {partly} of {len(items)} items there was a part or a title only.")
    return {
        "cannot_determine": [
            "Whether what the items say is true: nothing was compared with other sources.",
            "Whether several items follow a common line: no model has read them together.",
        ],
        "data_gaps": [unlinked(gap) for gap in gaps],
        "alternative_interpretations": [
            "An ordinary outlet that tells its readers the news gives extracts like these."
        ],
        "assessment_changing_factors": ["A run with a model, or a person who reads the items."],
    }


def _quotable(item: Mapping[str, Json]) -> list[str]:
    """Its sentences that can be quoted to the letter, the text's before the title."""
    found = [cut for one in [*sentences(item["text"]), item["title"]] if (cut := _cut(one))]
    return list(dict.fromkeys(found))


def _cut(sentence: str) -> str:
    """The beginning of a long one; empty where it is too short, or the desk took something out of it."""
    parts = sentence.split()
    cut = " ".join(parts[:LONGEST]) if len(parts) > SHORTEST else sentence[:LETTERS].strip()
    broken = any(mark in sentence for mark in (LEFT_OUT, "…", "...")) or foreign(cut, ())
    return "" if broken or len(words(cut)) < SHORTEST else cut


def _holding(item: Mapping[str, Json], word: str) -> list[str]:
    return [one for one in _quotable(item) if word in words(one)]


def _by(item: Mapping[str, Json]) -> str:
    return item["publisher"] or "The outlet"


def _counted(values: Iterator[str]) -> list[str]:
    """The most frequent first, of equals the first by letter."""
    counts = Counter(value for value in values if value)
    return sorted(counts, key=lambda value: (-counts[value], value))


def _grains(items: Items) -> str:
    counts = Counter(item["grain"] for item in items)
    return ", ".join(f"{counts[grain]} {GRAINS.get(grain, grain)}" for grain in sorted(counts)) or "none"


def _origin(items: Items) -> str:
    counts = Counter(item["publisher"] for item in items if item["publisher"])
    named = ", ".join(f"{name} ({counts[name]})" for name in _counted(item["publisher"] for item in items))
    return unlinked(f"Publishers named with the items: {named}.") if named else ""


def _passed_on(items: Items) -> list[str]:
    """Whose posts they pass on, with how many."""
    who = Counter(one["who"] for item in items for one in item.get("facts", {}).get("amplifies", ()) if one.get("who"))
    return [unlinked(f"{name}: passed on {who[name]} times") for name in sorted(who, key=lambda one: (-who[one], one))]
