"""What a link in a mail says: one draft, the version it was mailed for, whose link it is, and until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from cid.domain.ids import DraftId, TenantId, UserId
from cid.text import signing

PURPOSE = "link:review"
"""Of the keys that sign it."""
VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewToken:
    id: UUID
    """Of the row that says whether it was used or revoked."""
    tenant: TenantId
    draft: DraftId
    sha256: str
    """In hex, of the version that the mail told of."""
    user: UserId
    expires: datetime
    """To the second."""


def write(keys: Sequence[bytes], token: ReviewToken) -> str:
    """`keys`: of PURPOSE, the newest first."""
    value = {
        "v": VERSION,
        "id": token.id.hex,
        "tenant": token.tenant.hex,
        "draft": token.draft.hex,
        "version": token.sha256,
        "user": token.user.hex,
        "exp": int(token.expires.timestamp()),
    }
    return signing.sign(keys, value)


def read(keys: Sequence[bytes], text: str) -> ReviewToken | None:
    """None for everything that `write` did not make with one of these keys; an expired one is still read."""
    value = signing.opened(keys, text)
    if value is None or value.get("v") != VERSION:
        return None
    return ReviewToken(
        id=UUID(value["id"]),
        tenant=TenantId(UUID(value["tenant"])),
        draft=DraftId(UUID(value["draft"])),
        sha256=value["version"],
        user=UserId(UUID(value["user"])),
        expires=datetime.fromtimestamp(value["exp"], UTC),
    )
