"""Do a report and a story tell of the same event? One cheap call for up to eight pairs that words alone leave open.

Two stories that merged are never taken apart, so whatever is in doubt stays apart: no answer, a text that speaks to the
model, a text that is not public.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cid.domain.contest import Pair
from cid.domain.errors import BadReply
from cid.domain.ids import TenantId
from cid.domain.llm import Ask, Json, Subject, Tier
from cid.text.injection import signs

STAGE = "judge"
SUMMARY = 400
"""Characters of a summary that are enough to judge by."""
SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "properties": {"same": {"type": "boolean"}},
    "required": ["same"],
    "additionalProperties": False,
}


def unfit(pair: Pair) -> str:
    """Why a pair is not asked about; empty: it is. Looks for orders in the texts, which takes tens of milliseconds."""
    if pair.sample:
        return "sample news is asked of no model"
    if not pair.public or not pair.headlines:
        return "a text of a private source is shown to no model on the platform's account"
    found = signs(pair.title, "\n".join([pair.summary, *pair.headlines]))
    return f"the text seems to address the model (it {', '.join(found)})" if found else ""


def ask(account: TenantId, pairs: Sequence[Pair]) -> Ask:
    return Ask(
        tenant=account,
        stage=STAGE,
        tier=Tier.CHEAP,
        prompt="judge",
        shared={},
        subjects=tuple(Subject(key=str(pair.id), input=_shown(pair)) for pair in pairs),
        schema=SCHEMA,
        max_tokens=100 + 40 * len(pairs),
        timeout_s=40,
    )


def _shown(pair: Pair) -> Mapping[str, Json]:
    report = {"title": pair.title, "summary": pair.summary[:SUMMARY], "day": pair.at.date().isoformat()}
    return {"report": report, "story": pair.headlines}


def read(value: Mapping[str, Json]) -> bool:
    """Raises BadReply."""
    same = value.get("same")
    if not isinstance(same, bool):
        raise BadReply("judge: it says neither yes nor no")
    return same
