"""New text for a draft: a person's edit, or the same words for channels that are set otherwise now."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cid.domain.draft import Article, Author, Draft, DraftState, Version, article_from
from cid.domain.errors import Refused
from cid.domain.ids import CallId, DraftId, UserId, VersionId, uuid7
from cid.domain.jobs import JobKind, NewJob
from cid.domain.outside import ChildFailure
from cid.flows.decide.standing import deciding, open_, settled
from cid.gates import bounds
from cid.outside.rendering import Marks, Rendered, render_version
from cid.queue import jobs
from cid.store import audit, channels, drafts, tenants

if TYPE_CHECKING:
    from cid.domain.publication import Channel
    from cid.domain.tenants import Actor
    from cid.ports import Tx
    from cid.services import Services

OFFLINE = "offline"


async def edit(sv: Services, actor: Actor, draft: DraftId, version: VersionId, article: Article) -> VersionId:
    """A new version from `article`, which was written over `version`. It is reviewed again before anybody decides.

    Raises NotFound, Refused (nothing changed, too long, does not render) or Conflict (another edit or a decision came
    first; nothing of the text is stored).
    """
    deciding(actor)
    if wrong := bounds.excess(article):
        raise Refused(wrong)
    old, rendered = await _anew(sv, actor, draft, version, article)
    if (rendered.article, _settings(rendered.payloads)) == (old.article, _settings(old.payloads)):
        raise Refused("Nothing was changed.")
    words = _Words(author=Author.PERSON, author_id=actor.user.id)
    return await _replace(sv, actor, old, rendered, words)


async def renew(sv: Services, actor: Actor, draft: DraftId, version: VersionId) -> VersionId:
    """The same text for the channels as they are set now: a new version by whoever wrote it, which is reviewed again.

    Raises NotFound, Refused (nothing changed) or Conflict.
    """
    old, rendered = await _anew(sv, actor, draft, version, None)
    if _settings(rendered.payloads) == _settings(old.payloads):
        raise Refused("Nothing was changed.")
    words = _Words(
        author=old.author, author_id=old.author_id, call=old.call_id, provider=old.provider, action="draft.renew"
    )
    return await _replace(sv, actor, old, rendered, words)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """Whose a version's words are."""

    author: Author
    author_id: UserId | None
    call: CallId | None = None
    provider: str = ""
    action: str = "draft.edit"


def _settings(payloads: str) -> dict[str, str]:
    """Channel id → the mark of the settings it was rendered under."""
    return {channel: payload.get("settings", "") for channel, payload in json.loads(payloads).items()}


async def _anew(
    sv: Services, actor: Actor, draft: DraftId, version: VersionId, article: Article | None
) -> tuple[Version, Rendered]:
    """`article`, or the version's own, for the channels as they are now."""
    async with sv.db.read(deciding(actor)) as tx:
        seen, old = await open_(tx, actor, draft, version, DraftState.WRITTEN)
        active = await channels.active(tx, tx.tenant)
        marks = await _marks(sv, tx, actor, seen, edited=article is not None or old.author is Author.PERSON)
    return old, await _render(sv, article or article_from(old.article), active, marks)


async def _replace(sv: Services, actor: Actor, old: Version, rendered: Rendered, words: _Words) -> VersionId:
    """Put a new version in the place of `old`, and have it reviewed."""
    tenant, draft = actor.tenant.id, old.draft_id
    new = VersionId(uuid7(sv.clock.now()))
    async with sv.db.tx(tenant) as tx:
        await drafts.lock(tx, tenant, draft)
        seen, _ = await open_(tx, actor, draft, old.id, DraftState.WRITTEN)
        await settled(tx, actor, seen)
        if not await drafts.replace_version(tx, tenant, draft, old.id, new):
            raise AssertionError("a locked draft moved")
        number = await drafts.add_version(
            tx,
            new,
            draft,
            author=words.author,
            author_id=words.author_id,
            call=words.call,
            provider=words.provider,
            article=rendered.article,
            payloads=rendered.payloads,
            renderer=rendered.renderer,
        )
        detail = {"version": str(new), "number": number}
        await audit.add(tx, sv.clock.now(), actor.user.id, words.action, target=f"draft:{draft}", detail=detail)
        payload = {"draft": str(draft), "version": str(new)}
        await jobs.enqueue(tx, NewJob(kind=JobKind.REVIEW, tenant=tenant, payload=payload, dedupe=str(new)))
    return new


async def _marks(sv: Services, tx: Tx, actor: Actor, draft: Draft, *, edited: bool) -> Marks:
    """How the text began stays said, whoever edits it."""
    profile = await tenants.profile(tx, actor.tenant.id)
    origin = await drafts.first_provider(tx, actor.tenant.id, draft.id)
    return Marks(
        sample=draft.sample,
        offline=origin.partition("/")[0] == OFFLINE,
        language=profile.language,
        site_name=actor.tenant.name,
        made_at=sv.clock.now().isoformat(),
        provider=origin,
        edited=edited,
    )


async def _render(sv: Services, article: Article, active: list[Channel], marks: Marks) -> Rendered:
    try:
        return await render_version(sv.outside.children, article, active, marks)
    except ChildFailure as error:
        raise Refused("This text could not be turned into a page. Try it with simpler formatting.") from error
