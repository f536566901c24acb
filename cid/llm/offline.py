"""`offline`: no model, no network, no key. Deterministic and extractive: it computes from the inputs, the shared parts
and the stage, never reads prompt text, and says of itself on every answer that it is offline."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from cid.domain.errors import Misconfigured
from cid.domain.llm import TRIAL, Json, Raw, Stop, Usage, Wire
from cid.llm.offline_briefing import briefing
from cid.llm.offline_draft import draft
from cid.llm.offline_evidence import evidence, queries
from cid.llm.offline_fit import fit
from cid.llm.offline_judge import judge
from cid.llm.offline_relevance import relevance
from cid.llm.offline_review import review
from cid.llm.offline_revise import revise
from cid.llm.offline_track import track

Compute = Callable[[Mapping[str, Json], Mapping[str, Json]], Mapping[str, Json]]
"""(shared parts, one subject's input) → one answer."""
STAGES: Mapping[str, Compute] = {
    "relevance": relevance,
    "fit": fit,
    "draft": draft,
    "review": review,
    "revise": revise,
    "judge": judge,
    "queries": queries,
    "evidence": evidence,
    "track": track,
    "briefing": briefing,
}


class Offline:
    """Satisfies `ports.Provider`."""

    name = "offline"

    async def complete(self, wire: Wire) -> Raw:
        """Raises Misconfigured for a stage that cannot be computed."""
        stage = wire.stage.removeprefix(TRIAL)
        if stage not in STAGES:
            raise Misconfigured(f"Offline cannot answer for {wire.stage}: choose a model for it.")
        compute = STAGES[stage]
        answers = [{"id": id_, **compute(wire.shared, input_)} for id_, input_ in wire.inputs.items()]
        text = json.dumps({"answers": answers}, ensure_ascii=False)
        return Raw(text=text, stop=Stop.END, usage=Usage(), model=wire.model)
