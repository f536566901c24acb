"""What people do with a draft before they decide: look, compare, type. Kept so that no text is lost with a session, and
so that a decision can say how it came about."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from cid.domain.errors import NotFound, Refused
from cid.domain.tenants import Permission
from cid.store import drafts, readings

if TYPE_CHECKING:
    from cid.domain.draft import Article
    from cid.domain.ids import DraftId, VersionId
    from cid.domain.tenants import Actor
    from cid.services import Services

LONGEST = 500_000
"""Characters of a text that is kept; the editor itself takes less."""


async def look(sv: Services, actor: Actor, version: VersionId, *, compared: bool = False) -> None:
    """Somebody who may decide opened its page, or compared it with another. Nothing of others is kept."""
    if not actor.may(Permission.DECIDE):
        return
    async with sv.db.tx(actor.tenant.id) as tx:
        await (readings.compare if compared else readings.look)(tx, actor.user.id, version)


async def keep(sv: Services, actor: Actor, draft: DraftId, version: VersionId, typed: Article) -> None:
    """What is in their editor, whatever became of the version meanwhile. Raises NotFound or Refused."""
    if not actor.may(Permission.DECIDE):
        raise Refused(f"As {actor.role} you may read drafts, not edit them.")
    fields = asdict(typed)
    if sum(len(str(value)) for value in fields.values()) > LONGEST:
        raise Refused(f"The text is longer than {LONGEST} characters.")
    async with sv.db.tx(actor.tenant.id) as tx:
        seen = await drafts.version(tx, tx.tenant, version)
        if seen is None or seen.draft_id != draft:
            raise NotFound("There is no such version.")
        await readings.keep(tx, actor.user.id, version, fields)


async def forget(sv: Services, actor: Actor, draft: DraftId) -> None:
    """What was typed was saved, or is not wanted. Raises NotFound."""
    async with sv.db.tx(actor.tenant.id) as tx:
        if await drafts.by_id(tx, tx.tenant, draft) is None:
            raise NotFound("There is no such draft.")
        await readings.forget(tx, actor.user.id, draft)
