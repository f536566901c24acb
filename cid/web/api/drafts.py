"""Drafts for programs: lists, one with all that its page shows, edits and decisions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cid.domain.checklist import key_of
from cid.domain.draft import Article, Author, DraftState, Question, Reference
from cid.domain.errors import NotFound
from cid.domain.evidence import ClaimKind, Confidence, EvidenceState, SourceClass
from cid.domain.ids import DraftId, VersionId
from cid.domain.publication import ChannelKind, Fate, PublicationState
from cid.domain.record import Witness
from cid.domain.review import DecisionKind, ReviewOutcome, Severity, findings
from cid.flows import decide
from cid.render.article import read_article
from cid.store import decisions, draft_pages, drafts, evidence, publications
from cid.web.api.cursors import moment_after, page
from cid.web.api.shapes import about, items, number, text

if TYPE_CHECKING:
    from cid.domain.draft import Draft
    from cid.domain.evidence import Pack
    from cid.domain.review import Review
    from cid.domain.tenants import Actor
    from cid.ports import Tx
    from cid.services import Services
    from cid.store.publications import Posted
    from cid.web.api.endpoint import Asked, Nothing

VIA = "api"


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftsWanted:
    state: DraftState | None = about("Only drafts in this state.", default=None)
    limit: int = number("How many at most.", least=1, most=100, default=50)
    cursor: str | None = text("The `next` of the page before.", longest=600, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftLine:
    id: UUID
    state: DraftState
    fate: Fate | None = about("What became of it after it was approved.")
    title: str
    version: int
    provider: str = about("Provider and model of the first version; `offline/…` where none was asked.")
    score: int | None
    outcome: ReviewOutcome | None = about("Of the current version's review.")
    sample: bool
    found_at: datetime
    created_at: datetime
    changed_at: datetime
    live_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftsPage:
    """The newest change first."""

    items: tuple[DraftLine, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionShown:
    question: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceShown:
    title: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageShown:
    id: UUID
    sha256: str
    mime: str
    width: int
    height: int
    alt: str
    credit: str
    credit_url: str
    page_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleShown:
    title: str
    slug: str
    description: str
    body: str = about("CommonMark with tables.")
    keywords: tuple[str, ...]
    questions: tuple[QuestionShown, ...]
    references: tuple[ReferenceShown, ...]
    linkedin: str
    short_post: str
    newsletter: str
    image_brief: str
    image: ImageShown | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionShown:
    """A decision names `id` and `sha256`."""

    id: UUID
    number: int
    sha256: str = about("Of the bytes that every channel will receive.")
    author: Author
    made_at: datetime
    article: ArticleShown


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionLine:
    id: UUID
    number: int
    sha256: str
    author: Author
    who: str
    provider: str
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingShown:
    severity: Severity
    category: str
    where: str
    what: str
    fix: str
    check: str
    accept: str = about("Names it in `accepted` of an approval; empty where it is in nobody's way.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewShown:
    outcome: ReviewOutcome
    score: int | None
    round: int
    findings: tuple[FindingShown, ...]
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimShown:
    """One sentence of one report or page, word for word."""

    text: str
    url: str
    title: str
    publisher: str
    kind: ClaimKind
    confidence: Confidence
    source_class: SourceClass


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceShown:
    state: EvidenceState
    claims: tuple[ClaimShown, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionShown:
    id: UUID
    kind: DecisionKind
    version: int
    who: str
    reason: str
    via: str
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationOfDraft:
    id: UUID
    channel: str
    kind: ChannelKind
    state: PublicationState
    url: str
    error: str
    live_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftShown:
    id: UUID
    state: DraftState
    fate: Fate | None
    sample: bool
    found_at: datetime
    created_at: datetime
    changed_at: datetime
    version: VersionShown = about("The current one.")
    versions: tuple[VersionLine, ...] = about("Newest first.")
    review: ReviewShown | None = about("Of the current version.")
    evidence: EvidenceShown
    decisions: tuple[DecisionShown, ...] = about("Oldest first.")
    publications: tuple[PublicationOfDraft, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAsked:
    question: str = text(longest=500, shortest=1)
    answer: str = text(longest=5000, shortest=1, lines=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceAsked:
    title: str = text(longest=500, default="")
    url: str = text(longest=2000, shortest=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What is left out or null stays as it is."""

    version: UUID = about("The version that this was written over: another one in the meantime is a conflict.")
    title: str | None = text(longest=200, shortest=1, default=None)
    slug: str | None = text(longest=200, default=None)
    description: str | None = text(longest=1000, default=None)
    body: str | None = text("CommonMark.", longest=100_000, shortest=1, lines=True, default=None)
    keywords: tuple[str, ...] | None = items(most=50, each=100, default=None)
    questions: tuple[QuestionAsked, ...] | None = items(most=40, default=None)
    references: tuple[ReferenceAsked, ...] | None = items(most=40, default=None)
    linkedin: str | None = text(longest=5000, lines=True, default=None)
    short_post: str | None = text(longest=1000, lines=True, default=None)
    newsletter: str | None = text(longest=5000, lines=True, default=None)
    image_brief: str | None = text(longest=1000, lines=True, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """It is reviewed before anybody may decide on it."""

    version: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    version: UUID
    sha256: str = text("Of the version, in hexadecimal: what was read.", longest=64, shortest=64)
    reason: str = text("Wanted where the review held the draft back.", lines=True, default="")
    accepted: tuple[str, ...] = items(
        "What stands against it and is accepted all the same: `accept` of each critical finding; `evidence` where "
        "there is none.",
        most=100,
        each=100,
        default=(),
    )
    at: datetime | None = about("When it is to go out; null: once the time to undo is over.", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoing:
    version: UUID
    sha256: str = text("Of the version that was approved, in hexadecimal.", longest=64, shortest=64)
    reason: str = text(lines=True, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    version: UUID
    sha256: str = text("Of the version, in hexadecimal: what was read.", longest=64, shortest=64)
    reason: str = text("Kept with the decision.", shortest=1, lines=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    decision: UUID
    planned: tuple[str, ...] = about("Names of the channels that it will be published on.")
    left_out: tuple[str, ...] = about("Active channels that the version has no bytes for: an edit renders it anew.")
    due: datetime = about("Nothing is sent before; until then the approval can be taken back.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    decision: UUID


async def listed(asked: Asked[DraftsWanted, Nothing]) -> DraftsPage:
    wanted, tenant = asked.query, asked.actor.tenant.id
    states = [wanted.state] if wanted.state else list(DraftState)
    found = moment_after(wanted.cursor)
    before = draft_pages.Mark(found[0], DraftId(found[1])) if found else None
    async with asked.sv.db.read(tenant) as tx:
        rows = await draft_pages.listed(tx, tenant, states, before=before, limit=wanted.limit + 1)
    shown, next_ = page(rows, wanted.limit, lambda row: (row.changed_at.isoformat(), row.id))
    lines = (
        DraftLine(
            id=row.id,
            state=row.state,
            fate=row.fate,
            title=row.title,
            version=row.number,
            provider=row.provider,
            score=row.score,
            outcome=ReviewOutcome(row.outcome) if row.outcome else None,
            sample=row.sample,
            found_at=row.found_at,
            created_at=row.created_at,
            changed_at=row.changed_at,
            live_at=row.live_at,
        )
        for row in shown
    )
    return DraftsPage(items=tuple(lines), next=next_)


async def one(asked: Asked[Nothing, Nothing]) -> DraftShown:
    tenant = asked.actor.tenant.id
    async with asked.sv.db.read(tenant) as tx:
        draft = await drafts.by_id(tx, tenant, DraftId(asked.ids["draft"]))
        if draft is None:
            raise NotFound("There is no such draft.")
        posted = await publications.of_draft(tx, tenant, draft.id)
        said = await decisions.of_draft(tx, tenant, draft.id)
        rows = await draft_pages.versions(tx, tenant, draft.id)
        reviews = [
            row for row in await drafts.reviews(tx, tenant, draft.id) if row.version_id == draft.current_version_id
        ]
        return DraftShown(
            id=draft.id,
            state=draft.state,
            fate=publications.fate_of(posted) if draft.state is DraftState.APPROVED else None,
            sample=draft.sample,
            found_at=draft.found_at,
            created_at=draft.created_at,
            changed_at=draft.changed_at,
            version=await _version(tx, draft, draft.current_version_id),
            versions=tuple(
                VersionLine(
                    id=row.id,
                    number=row.number,
                    sha256=row.sha256,
                    author=row.author,
                    who=row.who,
                    provider=row.provider,
                    made_at=row.made_at,
                )
                for row in rows
            ),
            review=_review(reviews[-1]) if reviews else None,
            evidence=_evidence(await evidence.pack(tx, tenant, draft.screening_id)),
            decisions=tuple(
                DecisionShown(
                    id=made.id,
                    kind=made.kind,
                    version=made.number,
                    who=made.who,
                    reason=made.reason,
                    via=made.via,
                    made_at=made.made_at,
                )
                for made in said
            ),
            publications=tuple(_posted(post) for post in posted),
        )


async def version(asked: Asked[Nothing, Nothing]) -> VersionShown:
    tenant = asked.actor.tenant.id
    async with asked.sv.db.read(tenant) as tx:
        draft = await drafts.by_id(tx, tenant, DraftId(asked.ids["draft"]))
        if draft is None:
            raise NotFound("There is no such draft.")
        return await _version(tx, draft, VersionId(asked.ids["version"]))


async def edit(asked: Asked[Nothing, Edit]) -> Edited:
    tenant, form = asked.actor.tenant.id, asked.body
    async with asked.sv.db.read(tenant) as tx:
        draft = await drafts.by_id(tx, tenant, DraftId(asked.ids["draft"]))
        seen = await drafts.version(tx, tenant, VersionId(form.version)) if draft else None
    if draft is None or seen is None or seen.draft_id != draft.id:
        raise NotFound("There is no such draft, or no such version of it.")
    article = _edited(read_article(seen.article), form)
    return Edited(version=await decide.edit(asked.sv, asked.actor, draft.id, seen.id, article))


async def approve(asked: Asked[Nothing, Approval]) -> Approved:
    form = asked.body
    done = await decide.approve(
        asked.sv,
        asked.actor,
        DraftId(asked.ids["draft"]),
        VersionId(form.version),
        form.sha256,
        reason=form.reason,
        via=VIA,
        witness=replace(_witness(asked), checklist=dict.fromkeys(form.accepted, True)),
        at=form.at,
        accepted=form.accepted,
    )
    return Approved(decision=done.decision, planned=done.planned, left_out=done.left_out, due=done.due)


async def reject(asked: Asked[Nothing, Refusal]) -> Decided:
    made = await decide.reject(*_choice(asked), reason=asked.body.reason, via=VIA, witness=_witness(asked))
    return Decided(decision=made)


async def request_changes(asked: Asked[Nothing, Refusal]) -> Decided:
    made = await decide.request_changes(*_choice(asked), reason=asked.body.reason, via=VIA, witness=_witness(asked))
    return Decided(decision=made)


async def undo(asked: Asked[Nothing, Undoing]) -> Decided:
    made = await decide.undo(*_choice(asked), reason=asked.body.reason, via=VIA, witness=_witness(asked))
    return Decided(decision=made)


def _witness(asked: Asked[Any, Any]) -> Witness:
    """A program can say what it calls itself; what its person saw it cannot."""
    return Witness(agent=asked.agent)


def _choice(
    asked: Asked[Nothing, Refusal] | Asked[Nothing, Undoing],
) -> tuple[Services, Actor, DraftId, VersionId, str]:
    form = asked.body
    return asked.sv, asked.actor, DraftId(asked.ids["draft"]), VersionId(form.version), form.sha256


async def _version(tx: Tx, draft: Draft, version: VersionId) -> VersionShown:
    """Raises NotFound for a version of another draft, too."""
    found = await drafts.version(tx, tx.tenant, version)
    if found is None or found.draft_id != draft.id:
        raise NotFound("There is no such version.")
    return VersionShown(
        id=found.id,
        number=found.number,
        sha256=found.sha256.hex(),
        author=found.author,
        made_at=found.made_at,
        article=_article(read_article(found.article)),
    )


def _article(article: Article) -> ArticleShown:
    image = article.image
    return ArticleShown(
        title=article.title,
        slug=article.slug,
        description=article.description,
        body=article.body,
        keywords=article.keywords,
        questions=tuple(QuestionShown(question=q.question, answer=q.answer) for q in article.questions),
        references=tuple(ReferenceShown(title=r.title, url=r.url) for r in article.references),
        linkedin=article.linkedin,
        short_post=article.short_post,
        newsletter=article.newsletter,
        image_brief=article.image_brief,
        image=ImageShown(
            id=UUID(image.id),
            sha256=image.sha256,
            mime=image.mime,
            width=image.width,
            height=image.height,
            alt=image.alt,
            credit=image.credit,
            credit_url=image.credit_url,
            page_url=image.page_url,
        )
        if image
        else None,
    )


def _edited(article: Article, form: Edit) -> Article:
    """What the machine planned, and the picture, stay."""
    plain = ("title", "slug", "description", "body", "linkedin", "short_post", "newsletter", "image_brief", "keywords")
    changed = {name: getattr(form, name) for name in plain if getattr(form, name) is not None}
    if form.questions is not None:
        changed["questions"] = tuple(Question(question=q.question, answer=q.answer) for q in form.questions)
    if form.references is not None:
        changed["references"] = tuple(Reference(title=r.title, url=r.url) for r in form.references)
    return replace(article, **changed)


def _review(review: Review) -> ReviewShown:
    return ReviewShown(
        outcome=review.outcome,
        score=review.score,
        round=review.round,
        findings=tuple(
            FindingShown(
                severity=one.severity,
                category=one.category,
                where=one.where,
                what=one.what,
                fix=one.fix,
                check=one.check,
                accept=key_of(one) if one.severity is Severity.CRITICAL else "",
            )
            for one in findings(review.findings)
        ),
        made_at=review.made_at,
    )


def _evidence(pack: Pack) -> EvidenceShown:
    return EvidenceShown(
        state=pack.state,
        claims=tuple(
            ClaimShown(
                text=claim.text,
                url=claim.url,
                title=claim.title,
                publisher=claim.publisher,
                kind=claim.kind,
                confidence=claim.confidence,
                source_class=claim.source_class,
            )
            for claim in pack.claims
        ),
        notes=pack.notes,
    )


def _posted(post: Posted) -> PublicationOfDraft:
    return PublicationOfDraft(
        id=post.id,
        channel=post.channel,
        kind=post.kind,
        state=post.state,
        url=post.url,
        error=post.error,
        live_at=post.live_at,
    )
