"""How well a story fits a tenant's readers, as gate 3.5 found it: for gate 4, and to be shown."""

from __future__ import annotations

from cid.domain.angles import Angle
from cid.domain.fit import Fit, Risk
from cid.domain.ids import ScreeningId, TenantId
from cid.pg.sql import query
from cid.ports import Tx

NOTE = query("fits.note")
OF = query("fits.of")


async def note(tx: Tx, screening: ScreeningId, found: Fit) -> None:
    """Instead of what stood there."""
    shares = (found.audience_relevance, found.business_relevance, found.actionability)
    angle = found.recommended_angle
    await tx.execute(NOTE, tx.tenant, screening, *shares, found.risk_level, angle, list(found.claims_to_use))


async def of(tx: Tx, tenant: TenantId, screening: ScreeningId) -> Fit | None:
    """None: it was not judged, for lack of a profile or by a person's choice in an outage."""
    row = await tx.fetchrow(OF, tenant, screening)
    if row is None:
        return None
    return Fit(
        audience_relevance=row["audience_relevance"],
        business_relevance=row["business_relevance"],
        actionability=row["actionability"],
        risk_level=Risk(row["risk_level"]),
        recommended_angle=Angle(row["recommended_angle"]) if row["recommended_angle"] else None,
        claims_to_use=tuple(row["claims_to_use"]),
    )
