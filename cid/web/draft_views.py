"""What the templates about drafts are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cid.domain.checklist import Item, unmet
from cid.domain.draft import Article, Draft, DraftState
from cid.domain.ground import Statement, Support
from cid.domain.publication import Fate
from cid.domain.review import Finding, Review
from cid.domain.telling import Twin
from cid.flows.ground import Looked
from cid.render.diff import Field
from cid.store.decisions import Made
from cid.store.draft_pages import Cost, DraftRow, Kin, Later, VersionRow
from cid.store.publications import Posted
from cid.store.verdicts import Said
from cid.web.evidence_views import EvidenceView


@dataclass(frozen=True, slots=True)
class Chip:
    text: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftLine:
    row: DraftRow
    chip: Chip
    offline: bool
    outcome: str
    """What the review of its current version came to; empty: it is not there yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One filter of the list."""

    key: str
    text: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftsView:
    rows: Sequence[DraftLine]
    choices: Sequence[Choice]
    chosen: str
    words: str
    """Of titles, that were searched for."""
    over_plan: int
    """Stories that wait for a place."""
    first: str
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One of found, draft, decision, live. `after` is how long it took since the step before."""

    name: str
    at: datetime | None
    after: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceLine:
    said: Said
    number: str
    title: str
    passed: bool
    reason: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedLine:
    posted: Posted
    chip: Chip
    means: str
    view: str
    """Where the desk itself shows it, or the address at the channel."""
    may_retry: bool
    may_retract: bool
    orphan: bool
    """Its original did not go out: the page of problems has what a person can do."""
    waits: bool
    """A newer version is approved and takes its place when it is due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortText:
    """One of the texts beside the article."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Preview:
    """The version on one channel."""

    name: str
    channel: str
    """Its id."""
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftView:
    draft: Draft
    chip: Chip
    fate: Fate | None
    version: VersionRow
    article: Article
    word_count: int
    posts: Sequence[ShortText]
    plan: str
    """From which side it was told and to which structure, in a sentence; empty: nobody said."""
    offline: bool
    steps: Sequence[Step]
    review: Review | None
    outcome: str
    findings: Sequence[Finding]
    evidence: EvidenceView
    trace: Sequence[TraceLine]
    versions: Sequence[VersionRow]
    twins: Sequence[Twin]
    kin: Sequence[Kin]
    """What it is an update of, and its updates."""
    later: Sequence[Later]
    """Reports with news that came after this version."""
    decisions: Sequence[Made]
    last: Made | None
    posted: Sequence[PostedLine]
    cost: Cost
    decidable: bool
    held: bool
    undoable: bool
    editable: bool
    stays: bool
    """An earlier version is out, whatever is decided about this one."""
    stale: Sequence[str]
    """Names of channels that are set otherwise now than when this version was made for them."""
    rejectable: bool
    article_url: str
    """Where it can be read, once it is live."""
    looked: Looked
    previews: Sequence[Preview]
    due: datetime | None
    """Approved, and sent then: nothing has left yet."""
    due_local: str
    tomorrow: str
    """As a day field wants it: where a chosen hour begins."""
    rounds: Sequence[Review]
    """Both readings of a draft that the machine revised, the first first."""
    jumps: Sequence[tuple[Finding, str]]
    """Each finding, and the id of its field in the editor; empty: it is of none."""

    @property
    def against(self) -> list[Item]:
        """What has to be accepted by itself before it is approved all the same."""
        return [item for item in unmet(self.looked.items) if item.accept]

    @property
    def final(self) -> list[Item]:
        """What nobody can go past."""
        return [item for item in unmet(self.looked.items) if not item.accept]

    @property
    def weak(self) -> list[Statement]:
        return [said for said in self.looked.ground.statements if said.support is not Support.SUPPORTED]

    @property
    def firm(self) -> list[Statement]:
        return [said for said in self.looked.ground.statements if said.support is Support.SUPPORTED]

    @property
    def open(self) -> bool:
        """Whether anything is left to be done about it."""
        return self.written or self.decidable or self.editable or self.undoable

    @property
    def written(self) -> bool:
        return self.draft.state is DraftState.WRITTEN


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffView:
    draft: Draft
    title: str
    old: VersionRow
    new: VersionRow
    versions: Sequence[VersionRow]
    pairs: Sequence[tuple[str, str]]
    """Every version as a choice: its number, and what it is called."""
    fields: Sequence[Field]


@dataclass(frozen=True, slots=True, kw_only=True)
class EditView:
    draft: Draft
    title: str
    version: VersionRow
    """The version that saving replaces."""
    typed: Article
    problem: str
    meanwhile: Sequence[Field]
    """What somebody else changed since this edit began."""
    kept_at: datetime | None
    """What is shown was typed then, and not saved."""
    blanks: int
    words: Mapping[str, int]
    """Lengths when the page was made: of title and description in characters, of the body in words."""
