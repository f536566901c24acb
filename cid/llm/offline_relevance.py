"""How much a story overlaps with a profile, in words."""

from __future__ import annotations

from collections.abc import Mapping

from cid.domain.llm import Json
from cid.text.injection import signs
from cid.text.overlap import overlap


def relevance(shared: Mapping[str, Json], item: Mapping[str, Json]) -> Mapping[str, Json]:
    score, matched = overlap(shared["profile"], item["title"], item["summary"])
    suspected = bool(signs(item["title"], item["summary"]))
    return {"score": score, "matched": matched, "injection_suspected": suspected}
