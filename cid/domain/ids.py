"""Distinct id types, and UUIDv7 made by us (RFC 9562, section 5.7)."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import NewType
from uuid import UUID

TenantId = NewType("TenantId", UUID)
UserId = NewType("UserId", UUID)
SourceId = NewType("SourceId", UUID)
SubscriptionId = NewType("SubscriptionId", UUID)
ItemId = NewType("ItemId", UUID)
StoryId = NewType("StoryId", UUID)
ScreeningId = NewType("ScreeningId", UUID)
VerdictId = NewType("VerdictId", UUID)
DraftId = NewType("DraftId", UUID)
VersionId = NewType("VersionId", UUID)
ReviewId = NewType("ReviewId", UUID)
DecisionId = NewType("DecisionId", UUID)
ChannelId = NewType("ChannelId", UUID)
PublicationId = NewType("PublicationId", UUID)
EntryId = NewType("EntryId", UUID)
CallId = NewType("CallId", UUID)
ImageId = NewType("ImageId", UUID)
TokenId = NewType("TokenId", UUID)
RunId = NewType("RunId", UUID)
RunBatchId = NewType("RunBatchId", UUID)
MonitorId = NewType("MonitorId", UUID)
ChangeId = NewType("ChangeId", UUID)
MatchId = NewType("MatchId", UUID)
JobId = NewType("JobId", int)

PLATFORM = TenantId(UUID(int=0))
"""Stands where a tenant would for work that belongs to nobody: polling, grouping, housekeeping."""
HOUSE = TenantId(UUID(int=1))
"""The reserved tenant `platform`: what the platform asks models on its own account is charged to it. It has no people,
sources or screenings."""


def uuid7(now: datetime) -> UUID:
    """48 bits of milliseconds since 1970, then 74 random bits: new rows sit together in their index."""
    ms = int(now.timestamp() * 1000) & (1 << 48) - 1
    return UUID(int=ms << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62))


def time_of(value: UUID) -> datetime:
    """When a UUIDv7 was made."""
    return datetime.fromtimestamp((value.int >> 80) / 1000, UTC)
