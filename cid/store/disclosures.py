"""How a tenant says that models helped, who answers for its texts, and how long its links in mails live."""

from __future__ import annotations

from dataclasses import dataclass

from cid.domain.ids import ChannelId, TenantId
from cid.domain.publication import Disclosure
from cid.pg.rows import each, into
from cid.pg.sql import query
from cid.ports import Tx

TERMS = query("disclosures.terms")
SET_TERMS = query("disclosures.set_terms")
CHANNELS = query("disclosures.channels")
SET_CHANNEL = query("disclosures.set_channel")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    disclosure: Disclosure
    """Of every channel that has no mode of its own."""
    responsible: str
    """Who holds editorial responsibility, by name; empty: nobody is named."""
    review_seconds: int
    """A review under editorial responsibility takes at least so long, in seconds on the page."""
    link_hours: int
    """A link in a mail lives so long, 168 at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """One channel's mode."""

    id: ChannelId
    name: str
    own: str
    """Empty: its tenant's."""


SHAPES = {TERMS: Terms, CHANNELS: Own}


async def terms(tx: Tx, tenant: TenantId) -> Terms:
    row = await tx.fetchrow(TERMS, tenant)
    assert row is not None
    return into(Terms, row)


async def set_terms(tx: Tx, tenant: TenantId, value: Terms) -> None:
    await tx.execute(SET_TERMS, tenant, value.disclosure, value.responsible, value.review_seconds, value.link_hours)


async def of_channels(tx: Tx, tenant: TenantId) -> list[Own]:
    """Of the active ones."""
    return each(Own, await tx.fetch(CHANNELS, tenant))


async def set_channel(tx: Tx, tenant: TenantId, channel: ChannelId, own: Disclosure | None) -> bool:
    """None: as its tenant. False: there is no such channel, or it was so already."""
    return await tx.fetchval(SET_CHANNEL, tenant, channel, own or "") is not None
