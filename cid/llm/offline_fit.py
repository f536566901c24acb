"""How well a story fits readers, counted: the words that its claims share with what a profile says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cid.domain.llm import Json
from cid.text.prose import numbers, significant

AUDIENCE, PER_WORD = 0.4, 0.1
"""What any story is worth that came so far, and each word that it shares with what is said of readers."""
ACTION, PER_FIGURE = 0.4, 0.05
"""The same of a claim with a figure in it, which is something to act on or to check."""


def fit(shared: Mapping[str, Json], story: Mapping[str, Json]) -> Mapping[str, Json]:
    client: Mapping[str, Json] = shared["client"]
    claims: Sequence[Mapping[str, str]] = story["claims"]
    readers = significant(" ".join(_readers(client)))
    goal = significant(client.get("business_goal", ""))
    told = significant(" ".join([story["headline"], *(claim["text"] for claim in claims)]))
    figures = sum(bool(numbers(claim["text"])) for claim in claims)
    worry = significant(" ".join(client.get("pain_points", ())))
    useful = sorted(claims, key=lambda claim: -len(readers & significant(claim["text"])))
    return {
        "audience_relevance": _share(AUDIENCE + PER_WORD * len(readers & told)),
        "business_relevance": _share(len(goal & told) / len(goal) if goal else 0),
        "actionability": _share(ACTION + PER_FIGURE * figures + PER_WORD * len(worry & told)),
        "risk_level": "low",
        "recommended_angle": "data_story" if figures * 2 > len(claims) else "none",
        "claims_to_use": [claim["id"] for claim in useful],
    }


def _readers(client: Mapping[str, Json]) -> list[str]:
    single = [client.get(name, "") for name in ("primary_audience", "secondary_audience", "business_goal")]
    return [*single, *client.get("pain_points", ())]


def _share(value: float) -> float:
    return round(min(max(value, 0.0), 1.0), 2)
