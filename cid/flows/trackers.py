"""What people do to a tracker: set it up, decide on entries, mend them, have what failed tried anew."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from cid.domain.errors import Conflict, NotFound, Refused
from cid.domain.ids import HOUSE, EntryId, ScreeningId, uuid7
from cid.domain.jobs import NewJob
from cid.domain.screening import JOB_OF, Stage
from cid.domain.tenants import Actor, Desk, Permission, Tenant
from cid.domain.tracker import ENTRY, MOVES, ApprovalRule, Entry, EntryDecision, Fault, Tags, Tracker
from cid.gates import track as gate
from cid.queue import jobs as queue
from cid.store import audit, entries, faults, screenings, tenants, trackers

if TYPE_CHECKING:
    from cid.domain.ids import TenantId, UserId
    from cid.ports import Tx
    from cid.services import Services

MOST = 500
"""Entries or failed stories in one go."""
LONGEST_REASON = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    moved: int
    stayed: int
    """Were so before, or belong to another entry since their stories merged."""


async def set_tracker(sv: Services, *, slug: str, tracker: Tracker) -> tuple[Tenant, bool]:
    """What the tenant tracks from now on, and whether its tracker desk is on. Raises NotFound."""
    async with sv.platform.tx() as tx:
        tenant = await _tenant(tx, slug)
        await trackers.set_(tx, tenant.id, tracker)
        detail = {"title": tracker.title}
        await audit.add(tx, sv.clock.now(), None, "tracker.set", target=str(tenant.id), detail=detail, tenant=tenant.id)
        return tenant, Desk.TRACKER in await tenants.desks(tx, tenant.id)


async def set_desks(sv: Services, *, slug: str, desks: Collection[Desk]) -> Tenant:
    """What is judged before a desk was on is not judged for it afterwards. Raises NotFound."""
    async with sv.platform.tx() as tx:
        tenant = await _tenant(tx, slug)
        await tenants.set_desks(tx, tenant.id, desks)
        detail = {"desks": [desk for desk in Desk if desk in desks]}
        await audit.add(
            tx, sv.clock.now(), None, "tenant.desks", target=str(tenant.id), detail=detail, tenant=tenant.id
        )
        return tenant


async def set_rule(sv: Services, actor: Actor, rule: ApprovalRule | None) -> None:
    """A standing decision of `actor`; None ends it. Raises Refused."""
    if not actor.may(Permission.MANAGE):
        raise Refused(f"As {actor.role} you may decide on entries, not on a rule for all that come.")
    if rule and not 0 <= rule.min_score <= 100:
        raise Refused("A score is a whole number from 0 to 100.")
    async with sv.db.tx(actor.tenant.id) as tx:
        tracker = await trackers.of(tx, tx.tenant)
        if tracker is None:
            raise Refused("Nothing is tracked here yet.")
        if rule and (unknown := [name for name in rule.categories if name not in tracker.category_names]):
            raise Refused(f"{unknown[0]} is no category of this tracker.")
        await trackers.set_rule(tx, tx.tenant, rule, actor.user.id)
        detail = asdict(rule) if rule else {}
        await audit.add(tx, sv.clock.now(), actor.user.id, "tracker.rule", target=str(tx.tenant), detail=detail)


async def decide(
    sv: Services, actor: Actor, kind: EntryDecision, chosen: Sequence[EntryId], *, reason: str = "", via: str
) -> Decided:
    """Approve or hide some entries, all in one go. Raises Refused, NotFound (none of them is the tenant's)."""
    tenant, moved = _deciding(actor), 0
    if not chosen or len(chosen) > MOST:
        raise Refused(f"Choose 1 to {MOST} entries.")
    async with sv.db.tx(tenant) as tx:
        found = await entries.lock(tx, tenant, set(chosen))
        if not found:
            raise NotFound("There is no such entry.")
        for entry in found:
            if entry.merged_into is None and ENTRY.allows(entry.state, MOVES[kind]):
                await entries.move(tx, tenant, entry.id, entry.state, MOVES[kind])
                id_ = uuid7(sv.clock.now())
                await entries.decide(
                    tx, id_, entry.id, kind, user=actor.user.id, via=via, reason=reason.strip()[:LONGEST_REASON]
                )
                moved += 1
        if moved:
            detail = {"entries": moved, "via": via}
            await audit.add(tx, sv.clock.now(), actor.user.id, f"entry.{kind}", detail=detail)
    return Decided(moved=moved, stayed=len(found) - moved)


async def edit(
    sv: Services,
    actor: Actor,
    entry: EntryId,
    *,
    category: str,
    regions: Sequence[str],
    summary: str,
    seen: Tags,
    via: str,
) -> Tags:
    """Its state stays. `seen`: what was edited. Raises NotFound, Refused (off a list, too long, nothing changed) or
    Conflict (somebody changed it meanwhile)."""
    tenant = _deciding(actor)
    async with sv.db.tx(tenant) as tx:
        tracker = await trackers.of(tx, tenant)
        found = await entries.lock(tx, tenant, [entry])
        if not found or tracker is None:
            raise NotFound("There is no such entry.")
        before = tags_of(found[0])
        if before != seen:
            raise Conflict("Somebody changed this entry meanwhile. Look at it again before you change it.")
        try:
            after = gate.checked(tracker, category, list(regions), summary, of=summary)
        except gate.Unfit as error:
            raise Refused(f"{str(error).removeprefix('track: ').capitalize()}.") from error
        if after == before:
            raise Refused("Nothing was changed.")
        await entries.retag(tx, tenant, entry, after)
        await entries.decide(
            tx,
            uuid7(sv.clock.now()),
            entry,
            EntryDecision.EDIT,
            user=actor.user.id,
            via=via,
            before=before,
            after=after,
        )
        await audit.add(tx, sv.clock.now(), actor.user.id, "entry.edit", target=f"entry:{entry}", detail={"via": via})
    return after


async def retry(sv: Services, tenant: TenantId, by: Actor | None, chosen: Sequence[ScreeningId] | None) -> int:
    """Failed stories get all their tries again; None: every one, up to MOST. Answers how many. Raises Refused."""
    if by is not None:
        _deciding(by)
    async with sv.db.tx(tenant) as tx:
        back = await screenings.revive(tx, tenant, Desk.TRACKER, chosen, limit=MOST)
        user: UserId | None = by.user.id if by else None
        for screening in back:
            await faults.add(tx, uuid7(sv.clock.now()), screening, Fault.RETRIED, user=user)
        await queue.enqueue(
            tx,
            *(
                NewJob(kind=JOB_OF[Stage.TRACK], tenant=tenant, payload={"screening": str(one)}, dedupe=str(one))
                for one in back
            ),
        )
        if back:
            await audit.add(tx, sv.clock.now(), user, "tracker.retry", detail={"stories": len(back)})
    return len(back)


def tags_of(entry: Entry) -> Tags:
    return Tags(category=entry.category, regions=tuple(entry.regions), summary=entry.summary)


def _deciding(actor: Actor) -> TenantId:
    if not actor.may(Permission.DECIDE):
        raise Refused(f"As {actor.role} you may read the tracker, not decide on it.")
    return actor.tenant.id


async def _tenant(tx: Tx, slug: str) -> Tenant:
    tenant = await tenants.by_slug(tx, slug)
    if tenant is None or tenant.id == HOUSE:
        raise NotFound(f"There is no tenant {slug}: `cid tenants list` shows which there are.")
    return tenant
