"""How much a story overlaps with a profile, in words."""

from __future__ import annotations

from collections.abc import Mapping

from cid.domain.llm import Json
from cid.text.injection import signs
from cid.text.overlap import overlap


def relevance(shared: Mapping[str, Json], item: Mapping[str, Json]) -> Mapping[str, Json]:
    numbers = {keyword: int(number) for number, keyword in shared["profile"]["keywords"].items()}
    profile = {**shared["profile"], "keywords": list(numbers)}
    score, matched = overlap(profile, item["title"], item["summary"])
    speaks = [0] if signs(item["title"], item["summary"]) else []
    return {"score": score, "matched": [*speaks, *(numbers[keyword] for keyword in matched[:19])]}
