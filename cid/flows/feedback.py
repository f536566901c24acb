"""What readers say of a run, a finding or a match. Append-only: who changes their mind says so again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cid.domain.dossier import About, Dossier, Feedback, Feeling
from cid.domain.errors import NotFound, Refused
from cid.domain.ids import RunId, uuid7
from cid.domain.tenants import Actor, Permission
from cid.store import audit, runs

if TYPE_CHECKING:
    from cid.services import Services

LONGEST = 4000
"""Letters of a note."""


async def say(
    sv: Services, actor: Actor, run_id: RunId, *, about: About, ref: str, feeling: Feeling, note: str = ""
) -> None:
    """`ref`: a finding's number from 1, or a match's id; of the run as a whole it is empty.

    Raises Refused (the role is too small, nothing is said) or NotFound (the run has no such finding or match).
    """
    if not actor.may(Permission.ANALYSE):
        raise Refused(f"As {actor.role} you may read briefings, not say what is wrong with them.")
    told = note.strip()
    if len(told) > LONGEST:
        raise Refused(f"A note has at most {LONGEST} letters.")
    if feeling is Feeling.MISSING and not told:
        raise Refused("Say what is missing.")
    now = sv.clock.now()
    async with sv.db.tx(actor.tenant.id) as tx:
        dossier = await runs.dossier(tx, tx.tenant, run_id)
        if dossier is None:
            raise NotFound("There is no such run.")
        said = Feedback(
            about=about, ref=_ref(dossier, about, ref), feeling=feeling, note=told, user_id=actor.user.id, made_at=now
        )
        await runs.add_feedback(tx, uuid7(now), run_id, said)
        detail = {"about": about, "ref": said.ref, "feeling": feeling}
        await audit.add(tx, now, actor.user.id, "run.feedback", target=f"run:{run_id}", detail=detail)


def _ref(dossier: Dossier, about: About, ref: str) -> str:
    """In the one spelling that is stored. Raises NotFound."""
    if about is About.RUN:
        return ""
    if about is About.MATCH:
        found = next((str(one.id) for one in dossier.matches if str(one.id) == ref.strip().lower()), "")
    else:
        told = dossier.briefing.briefing if dossier.briefing else None
        numbers = {str(n) for n in range(1, len(told.key_findings) + 1)} if told else set()
        found = ref.strip() if ref.strip() in numbers else ""
    if not found:
        raise NotFound("The run has no such finding or match.")
    return found
