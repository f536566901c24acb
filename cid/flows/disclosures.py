"""How a tenant says that models helped, and how long its links live: changed by a person, and written down."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from cid.domain.errors import Refused
from cid.domain.publication import Disclosure
from cid.domain.tenants import Permission
from cid.store import audit, disclosures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cid.domain.ids import ChannelId
    from cid.domain.tenants import Actor
    from cid.services import Services
    from cid.store.disclosures import Terms

LONGEST_LIFE = 168
"""Hours of a link: 7 days."""


async def change(sv: Services, actor: Actor, terms: Terms, own: Mapping[ChannelId, Disclosure | None]) -> None:
    """`own`: modes of channels; None is as the tenant. Raises Refused."""
    if not actor.may(Permission.MANAGE):
        raise Refused(f"As {actor.role} you may not change this.")
    if not 1 <= terms.link_hours <= LONGEST_LIFE:
        raise Refused(f"A link lives from 1 to {LONGEST_LIFE} hours.")
    if not 10 <= terms.review_seconds <= 3600:
        raise Refused("A review takes from 10 to 3600 seconds.")
    if len(terms.responsible) > 200:
        raise Refused("The name is longer than 200 characters.")
    strict = Disclosure.RESPONSIBILITY in {terms.disclosure, *own.values()}
    if strict and not terms.responsible:
        raise Refused("Name who holds editorial responsibility: a person or an entity.")
    async with sv.db.tx(actor.tenant.id) as tx:
        before = await disclosures.terms(tx, tx.tenant)
        changed = [
            channel for channel, mode in own.items() if await disclosures.set_channel(tx, tx.tenant, channel, mode)
        ]
        if before == terms and not changed:
            return
        await disclosures.set_terms(tx, tx.tenant, terms)
        detail = {"before": asdict(before), "after": asdict(terms), "channels": {str(c): own[c] or "" for c in changed}}
        await audit.add(tx, sv.clock.now(), actor.user.id, "disclosure.change", detail=detail)
