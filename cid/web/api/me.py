"""Who a program is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from cid.domain.programs import Scope
from cid.domain.tenants import Role
from cid.web.api.shapes import about

if TYPE_CHECKING:
    from cid.web.api.endpoint import Asked, Nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    token: UUID
    tenant: str = about("Its short name.")
    tenant_name: str
    person: str = about("In whose name it acts.")
    role: Role = about("What the person is there now.")
    scopes: tuple[Scope, ...]


async def me(asked: Asked[Nothing, Nothing]) -> Me:
    who = asked.actor
    return Me(
        token=asked.bearer.token,
        tenant=who.tenant.slug,
        tenant_name=who.tenant.name,
        person=who.user.email,
        role=who.role,
        scopes=tuple(scope for scope in Scope if scope in asked.bearer.scopes),
    )
