"""What mail somebody wants: told on a page, or with one click in a mail."""

from __future__ import annotations

from dataclasses import asdict
from uuid import uuid4

from cid.domain.digest import Digest, Reader, Wishes
from cid.domain.errors import NotFound, Refused
from cid.domain.tenants import Actor
from cid.flows.digest.compose import gathered, planned
from cid.services import Services
from cid.store import audit, digests
from cid.text import hours, unsubscribing

LINK_UNKNOWN = "This link does not belong to any digest of this desk."


async def wish(sv: Services, actor: Actor, wanted: Wishes) -> None:
    """For oneself, in one tenant. Raises Refused."""
    if not 0 <= wanted.hour <= 23:
        raise Refused("The hour is a number from 0 to 23.")
    if wanted.zone and wanted.zone not in hours.zones():
        raise Refused(f"There is no time zone {wanted.zone[:60]!r}.")
    tenant, user = actor.tenant.id, actor.user.id
    async with sv.db.tx(tenant) as tx:
        await digests.wish(tx, tenant, user, wanted)
        await audit.add(tx, sv.clock.now(), user, "mail.wished", detail=asdict(wanted))
    async with sv.platform.tx() as tx:
        await digests.look_again(tx, tenant, user)


async def known(sv: Services, token: str) -> Reader:
    """Whose digest a link of ours ends. Raises NotFound, also for somebody who has no place there any more."""
    said = unsubscribing.read(sv.keys.derive_all(unsubscribing.PURPOSE), token)
    if said is None:
        raise NotFound(LINK_UNKNOWN)
    async with sv.platform.read() as tx:
        reader = await digests.reader(tx, *said)
    if reader is None:
        raise NotFound(LINK_UNKNOWN)
    return reader


async def no_more(sv: Services, token: str) -> Reader:
    """End the digest that the link names; once or often, it is the same. Raises NotFound."""
    reader = await known(sv, token)
    async with sv.platform.tx() as tx:
        if reader.digest and await digests.no_more(tx, reader.tenant_id, reader.user_id):
            detail = {"by": "link", "tenant": reader.slug}
            await audit.add(tx, sv.clock.now(), reader.user_id, "mail.unsubscribed", detail=detail)
    return reader


async def previewed(sv: Services, actor: Actor) -> Digest:
    """What their digest would say now; nothing is made or changed. Raises NotFound."""
    reader = await _reader(sv, actor)
    return await gathered(sv, reader, hours.day_of(sv.clock.now(), reader.zone))


async def preview(sv: Services, actor: Actor) -> str:
    """Mail it to oneself, now, empty or not, whatever the day has had. Answers the address. Raises NotFound."""
    reader = await _reader(sv, actor)
    value = await gathered(sv, reader, hours.day_of(sv.clock.now(), reader.zone))
    async with sv.db.tx(reader.tenant_id) as tx:
        await planned(sv, tx, reader, value, key=f"preview {uuid4()}")
    return reader.email


async def _reader(sv: Services, actor: Actor) -> Reader:
    async with sv.platform.read() as tx:
        reader = await digests.reader(tx, actor.tenant.id, actor.user.id)
    if reader is None:
        raise NotFound
    return reader
