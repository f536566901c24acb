"""Why an article stands where it stands, for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from cid.domain.draft import DraftState
from cid.domain.errors import NotFound
from cid.domain.ids import ItemId
from cid.domain.llm import Json
from cid.domain.screening import ScreeningState, Stage, WaitFor
from cid.domain.tenants import Desk
from cid.domain.verdicts import Gate, Reason
from cid.store import pages
from cid.web.api.shapes import about

if TYPE_CHECKING:
    from cid.store.pages import Line
    from cid.web.api.endpoint import Asked, Nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictShown:
    gate: Gate
    desk: Desk
    outcome: str = about("`pass` or `drop`.")
    reason: Reason
    detail: str
    score: float | None
    signals: Mapping[str, Json] = about("What it went by.")
    of_item: bool = about("Of the article itself; else of the story that it tells.")
    model: str | None = about("Provider and model, where one was asked.")
    prompt: str | None = about("Name and version.")
    dollars: Decimal | None = about("This judgement's share of what the call cost.")
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenAt:
    source: UUID
    title: str
    publisher: str
    seen_at: datetime
    trust: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """An article, where it was seen, and what every gate said about it and its story."""

    id: UUID
    url: str
    title: str
    published_at: datetime | None
    first_seen_at: datetime
    sample: bool
    story: UUID | None
    state: ScreeningState | None = about("Of its story; null: no desk took it up.")
    stage: Stage | None
    waiting_for: WaitFor | None
    dropped_at: Gate | None
    dropped_for: Reason | None
    draft: UUID | None
    draft_state: DraftState | None
    verdicts: tuple[VerdictShown, ...]
    seen: tuple[SeenAt, ...]


async def why(asked: Asked[Nothing, Nothing]) -> Why:
    tenant, item = asked.actor.tenant.id, ItemId(asked.ids["item"])
    async with asked.sv.db.read(tenant) as tx:
        found = await pages.item(tx, tenant, item)
        if found is None:
            raise NotFound("There is no such article.")
        lines = await pages.trace(tx, tenant, item, found.screening_id)
        seen = await pages.sightings(tx, tenant, item)
    return Why(
        id=found.id,
        url=found.url,
        title=found.title,
        published_at=found.published_at,
        first_seen_at=found.first_seen_at,
        sample=found.sample,
        story=found.story_id,
        state=found.state,
        stage=found.stage,
        waiting_for=found.waiting_for,
        dropped_at=found.dropped_at,
        dropped_for=found.dropped_for,
        draft=found.draft_id,
        draft_state=found.draft_state,
        verdicts=tuple(_verdict(line) for line in lines),
        seen=tuple(
            SeenAt(source=s.source_id, title=s.title, publisher=s.publisher, seen_at=s.seen_at, trust=s.trust)
            for s in seen
        ),
    )


def _verdict(line: Line) -> VerdictShown:
    return VerdictShown(
        gate=line.gate,
        desk=line.desk,
        outcome=line.outcome,
        reason=line.reason,
        detail=line.detail,
        score=line.score,
        signals=line.signals,
        of_item=line.of_item,
        model=f"{line.provider}/{line.model}" if line.provider else None,
        prompt=f"{line.prompt} {line.prompt_version}" if line.prompt else None,
        dollars=line.share,
        at=line.at,
    )
