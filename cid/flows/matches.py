"""What analysts say of narrative matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cid.domain.errors import NotFound, Refused
from cid.domain.ids import uuid7
from cid.domain.narratives import MatchVerdict
from cid.domain.tenants import Permission
from cid.store import audit, narratives

if TYPE_CHECKING:
    from uuid import UUID

    from cid.domain.ids import MatchId, RunId
    from cid.domain.tenants import Actor
    from cid.services import Services

LONGEST_NOTE = 2000
"""Characters."""


async def decide(
    sv: Services, actor: Actor, match: MatchId, verdict: MatchVerdict, note: str = "", *, run: UUID | None = None
) -> RunId:
    """Confirm or reject a match; the last word counts, and every one is kept. Answers the match's run.

    `run`: where it must be. The same word twice, without a note, changes nothing. Raises Refused, NotFound.
    """
    if not actor.may(Permission.ANALYSE):
        raise Refused(f"As {actor.role} you may read matches, not judge them.")
    said = note.strip()
    if len(said) > LONGEST_NOTE:
        raise Refused(f"A note has {LONGEST_NOTE} characters at most.")
    async with sv.db.tx(actor.tenant.id) as tx:
        found = await narratives.of_match(tx, tx.tenant, match)
        if found is None or run not in {None, found.run_id}:
            raise NotFound("There is no such match.")
        if found.verdict == verdict and not said:
            return found.run_id
        now = sv.clock.now()
        await narratives.add_verdict(tx, uuid7(now), match, verdict, note=said, user=actor.user.id)
        detail = {"narrative": found.narrative, "run": str(found.run_id)}
        await audit.add(tx, now, actor.user.id, f"match.{verdict}", target=f"match:{match}", detail=detail)
        return found.run_id
