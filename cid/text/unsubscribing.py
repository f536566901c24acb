"""What a link says that ends somebody's digest: whose, of which tenant. It never expires (RFC 8058 knows no end)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from cid.domain.ids import TenantId, UserId
from cid.text import signing

PURPOSE = "link:unsubscribe"
"""Of the keys that sign it."""


def write(keys: Sequence[bytes], tenant: TenantId, user: UserId) -> str:
    return signing.sign(keys, {"v": 1, "tenant": tenant.hex, "user": user.hex})


def read(keys: Sequence[bytes], token: str) -> tuple[TenantId, UserId] | None:
    """None for what we did not make."""
    value = signing.opened(keys, token)
    if value is None or value.get("v") != 1:
        return None
    return TenantId(UUID(hex=value["tenant"])), UserId(UUID(hex=value["user"]))
