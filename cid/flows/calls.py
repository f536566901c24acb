"""A stored reply read again by today's reader: what would be kept of it now, beside what was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cid.briefing.vocabulary import SCHEMA as BRIEFING
from cid.domain.errors import NotFound, Refused
from cid.domain.llm import TRIAL
from cid.domain.paid import READS
from cid.gates import gate2_relevance, gate4_draft, gate5_review, gate5_revise, gate35_fit, same_story
from cid.gates.evidence import found as evidence_found
from cid.gates.evidence import queries as evidence_queries
from cid.llm import again
from cid.store import calls

if TYPE_CHECKING:
    from cid.domain.ids import CallId, TenantId
    from cid.domain.llm import Json
    from cid.services import Services
    from cid.store.calls import Call, Kept

SCHEMAS: Mapping[str, Mapping[str, Json]] = {
    "relevance": gate2_relevance.SCHEMA,
    "fit": gate35_fit.SCHEMA,
    "draft": gate4_draft.SCHEMA,
    "review": gate5_review.SCHEMA,
    "revise": gate5_revise.SCHEMA,
    "judge": same_story.SCHEMA,
    "queries": evidence_queries.SCHEMA,
    "evidence": evidence_found.SCHEMA,
    "briefing": BRIEFING,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    call: Call
    answers: Mapping[str, Mapping[str, Json]]
    """Of today's reading, by opaque id."""
    problems: Mapping[str, str]
    reading: str
    differences: tuple[str, ...]
    notes: tuple[str, ...]
    """What is otherwise than it was without being a difference in what is read."""


async def read_again(sv: Services, tenant: TenantId, id_: CallId) -> Again:
    """Raises NotFound, and Refused for a call without a reply."""
    async with sv.db.read(tenant) as tx:
        call = await calls.one(tx, tenant, id_)
        kept = await calls.kept(tx, tenant, id_)
    if call is None:
        raise NotFound(f"There is no call {id_} here.")
    if call.stage in READS:
        raise Refused(f"The call {id_} asked no model: it paid for what a source or a search gave.")
    if call.reply is None:
        raise Refused(f"The call {id_} has no stored reply: it is {call.state}. {call.error}".strip())
    return compared(tenant, call, kept)


def compared(tenant: TenantId, call: Call, kept: list[Kept]) -> Again:
    """Pure."""
    assert call.reply is not None
    keys = {id_: key for id_, key, _hash in call.subjects}
    schema = SCHEMAS.get(call.stage.removeprefix(TRIAL), call.request.get("schema", {}))
    ask = again.asked(call.request, keys, schema, tenant=tenant, stage=call.stage, tier=call.tier, prompt=call.prompt)
    own = {row.id: row.answer for row in kept if row.call_id == call.id}
    elsewhere = sorted(row.id for row in kept if row.call_id != call.id)
    notes = [f"{id_}: the kept answer is another call's" for id_ in elsewhere]
    if schema != call.request.get("schema", schema):
        notes.append("the schema is another one than this call was asked with")
    if not own and call.stop != "end":
        notes.append(f"the reply ended with {call.stop} and was not read")
        return Again(call=call, answers={}, problems={}, reading=call.reading, differences=(), notes=tuple(notes))
    found = again.read_again(ask, call.reply, tuple(keys), reading=call.reading)
    then = own | {id_: found.values[id_] for id_ in elsewhere if id_ in found.values}
    return Again(
        call=call,
        answers=found.values,
        problems=found.problems,
        reading=found.reading,
        differences=tuple(again.differences(then, found, call.reading)),
        notes=tuple(notes),
    )
