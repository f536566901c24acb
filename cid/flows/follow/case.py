"""What a follow-up goes by: the story's newest draft and where it stands, and what further reports say that is new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cid.domain.angles import Competition
from cid.domain.clusters import Post
from cid.domain.draft import Article, Draft, DraftState, Version, article_from
from cid.domain.evidence import Claim, Pack, Report
from cid.domain.fit import Fit
from cid.domain.policy import GatePolicy
from cid.domain.publication import Channel, PublicationState
from cid.domain.screening import Screening, ScreeningState
from cid.domain.tenants import Profile, Tenant
from cid.gates import evidence as sentences
from cid.gates import follow as gate
from cid.gates.follow import Course
from cid.ports import Tx
from cid.services import Services
from cid.store import (
    channels,
    clusters,
    competition,
    drafts,
    evidence,
    fits,
    guardrails,
    policies,
    publications,
    tenants,
    verdicts,
)

OUT = frozenset({PublicationState.LIVE, PublicationState.UPDATING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that is known before the call."""

    tenant: Tenant
    profile: Profile
    screening: Screening
    draft: Draft
    """The newest of the screening's."""
    version: Version
    article: Article
    reports: Sequence[Report]
    """The story's latest, in order of time."""
    pack: Pack
    policy: GatePolicy
    channels: Sequence[Channel]
    standing: gate.Standing
    fit: Fit | None
    competition: Competition
    guardrails: Sequence[str]
    posts: Sequence[Post]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is new, and what is to be done with it."""

    case: Case
    course: Course
    why: str
    """Why nothing is."""
    unread: Sequence[Report]
    claims: tuple[Claim, ...]

    @property
    def items(self) -> list[str]:
        """Of the reports that say something new."""
        return list(dict.fromkeys(claim.item_id for claim in self.claims))

    @property
    def reports(self) -> list[Report]:
        return [report for report in self.unread if str(report.item_id) in self.items]


async def read(sv: Services, tx: Tx, screening: Screening) -> Case | None:
    """None: no draft came of it."""
    of = tx.tenant
    tenant, draft = await tenants.by_id(tx, of), await drafts.newest(tx, of, screening.id)
    version = await drafts.version(tx, of, draft.current_version_id) if draft else None
    if screening.state is not ScreeningState.PASSED or tenant is None or draft is None or version is None:
        return None
    profile = await tenants.profile(tx, of)
    return Case(
        tenant=tenant,
        profile=profile,
        screening=screening,
        draft=draft,
        version=version,
        article=article_from(version.article),
        reports=await evidence.latest_reports(tx, of, screening.story_id),
        pack=await evidence.pack(tx, of, screening.id),
        policy=await policies.of(tx, of, sv.policy),
        channels=await channels.active(tx, of),
        standing=await _standing(tx, draft, version),
        fit=await fits.of(tx, of, screening.id),
        competition=await competition.of(tx, of, screening.id),
        guardrails=await guardrails.standing(tx, of, profile.industry),
        posts=await clusters.live(tx, of),
    )


async def _standing(tx: Tx, draft: Draft, version: Version) -> gate.Standing:
    posted = await publications.of_draft(tx, tx.tenant, draft.id)
    live = sorted((post for post in posted if post.state in OUT and post.url), key=lambda post: not post.canonical)
    approved = draft.state is DraftState.APPROVED
    since = draft.changed_at if approved else draft.created_at
    return gate.Standing(
        state=draft.state,
        author=version.author,
        ordinal=draft.ordinal,
        followed=await verdicts.follow_ups(tx, tx.tenant, draft.screening_id, since),
        published=frozenset(post.state for post in posted),
        address=live[0].url if live else "",
    )


def found_in(sv: Services, case: Case) -> Found:
    """Pure. Looking for orders to models takes tens of milliseconds a text."""
    unread = gate.unread(case.reports, case.pack)
    claims = sentences.pack(unread, sv.source_rules) if unread else ()
    course, why = gate.course(case.standing, case.policy.follow)
    return Found(case=case, course=course, why=why, unread=unread, claims=gate.news(claims, case.pack, case.article))
