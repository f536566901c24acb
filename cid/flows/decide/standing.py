"""How a draft stands for whoever wants to do something to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cid.domain.draft import DRAFT, Draft, DraftState, Version
from cid.domain.errors import Conflict, NotFound, Refused
from cid.domain.ids import DraftId, TenantId, VersionId
from cid.domain.publication import PublicationState
from cid.domain.review import DecisionKind
from cid.domain.tenants import Actor, Permission
from cid.store import decisions, drafts, publications

if TYPE_CHECKING:
    from datetime import datetime

    from cid.ports import Tx

PAST = {
    DecisionKind.APPROVE: "approved",
    DecisionKind.REJECT: "rejected",
    DecisionKind.REQUEST_CHANGES: "asked for changes to",
    DecisionKind.UNDO: "took back the approval of",
}


async def open_(tx: Tx, actor: Actor, draft: DraftId, version: VersionId, wanted: DraftState) -> tuple[Draft, Version]:
    """The draft and its version. Raises NotFound; Conflict where it is not current or may not become `wanted`."""
    seen = await drafts.by_id(tx, tx.tenant, draft)
    shown = await drafts.version(tx, tx.tenant, version)
    if seen is None or shown is None or shown.draft_id != draft:
        raise NotFound("There is no such draft.")
    if not _may_become(seen.state, wanted):
        raise Conflict(await _what_happened(tx, actor, seen))
    if seen.current_version_id != version:
        current = await drafts.version(tx, tx.tenant, seen.current_version_id)
        assert current is not None
        who = await drafts.author_name(tx, tx.tenant, current.id)
        raise Conflict(
            f"Version {shown.number}, which you saw, has been replaced: {who or 'the machine'} made version "
            f"{current.number} {moment(current.made_at)}. Look at it before you go on."
        )
    return seen, shown


def _may_become(state: DraftState, wanted: DraftState) -> bool:
    """An edit of what is being reviewed replaces it without a change of state."""
    return DRAFT.allows(state, wanted) or state is wanted is DraftState.WRITTEN


async def settled(tx: Tx, actor: Actor, seen: Draft) -> None:
    """What was approved is changed where it is live, by a newer version. Raises Conflict while it is on its way."""
    if seen.state is not DraftState.APPROVED:
        return
    posted = await publications.of_draft(tx, tx.tenant, seen.id)
    states = [post.state for post in posted if post.state is not PublicationState.RETRACTED]
    waiting = any(post.next_decision_id for post in posted)
    if waiting or not states or any(state not in {PublicationState.LIVE, PublicationState.FAILED} for state in states):
        said = await _what_happened(tx, actor, seen)
        raise Conflict(f"{said} It is on its way out: take the approval back, or change it once it is live.")


async def _what_happened(tx: Tx, actor: Actor, draft: Draft) -> str:
    last = await decisions.latest(tx, actor.tenant.id, draft.id)
    if draft.state is DraftState.WRITTEN:
        return "This version is still being reviewed; decide once the review is there."
    if last is None or draft.state in {DraftState.READY, DraftState.HELD}:
        return f"This draft is {draft.state} since {moment(draft.changed_at)}."
    who = "You" if last.user_id == actor.user.id else last.who or "Somebody who has left"
    said = f" and said: {last.reason}" if last.reason else "."
    return f"{who} already {PAST[last.kind]} version {last.number} {moment(last.made_at)}{said}"


def deciding(actor: Actor) -> TenantId:
    """Where they may decide. Raises Refused."""
    if not actor.may(Permission.DECIDE):
        raise Refused(f"As {actor.role} you may read drafts, not decide on them.")
    return actor.tenant.id


def moment(at: datetime) -> str:
    return f"on {at.day} {at:%B} at {at:%H:%M} UTC"
