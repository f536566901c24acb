"""Twenty clean drafts of our own writing, each with what it may stand on: TOML files beside this one."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from cid.domain.archive import Archive
from cid.domain.draft import Article, Question, Reference
from cid.domain.evidence import Avoid, Claim, EvidenceState, Pack, Report
from cid.domain.ids import ItemId
from cid.domain.review import Finding
from cid.domain.tenants import Profile
from cid.gates import checks
from cid.text.words import first_found, phrases, words
from tests import make

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
DESCRIPTION = (50, 160)
"""Characters, as the tenant of the corpus wants them: it is not measured by a number that was turned later."""
_SPACE = UUID("6f0b7c1e-8f3a-4d53-9a53-0d0b9c5b7a11")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clean:
    """One draft and all that the checks are given with it."""

    name: str
    language: str
    article: Article
    pack: Pack
    reports: tuple[Report, ...]
    profile: Profile
    archive: Archive = field(default_factory=Archive)
    now: datetime = NOW
    drafting: Mapping[str, Any] = field(default_factory=dict)
    """Numbers of the tenant's own."""

    def checked(self, *names: str) -> list[Finding]:
        """By all checks, or by those named."""
        policy = make.policy()
        return checks.run(
            self.article,
            self.pack,
            self.reports,
            replace(policy.drafting, **{"description": DESCRIPTION, **self.drafting}),
            self.archive,
            checks=policy.checks,
            profile=self.profile,
            now=self.now,
            among={name: checks.CHECKS[name] for name in names or checks.CHECKS},
        )

    def with_article(self, **over: Any) -> Clean:
        return replace(self, article=replace(self.article, **over))


@cache
def drafts() -> tuple[Clean, ...]:
    return tuple(_read(path) for path in sorted(Path(__file__).parent.glob("*.toml")))


def _read(path: Path) -> Clean:
    table = tomllib.loads(path.read_text())
    told, written = table["claims"], table["article"]
    titles = {claim["url"]: claim["title"] for claim in told}
    claims = tuple(Claim(item_id=str(_id(claim["url"])), **claim) for claim in told)
    article = Article(
        title=written["title"],
        slug=path.stem.replace("_", "-"),
        description=written["description"],
        body=written["body"].strip(),
        # an article's own are those that it is titled by
        keywords=tuple(word for word in table["keywords"] if first_found(phrases([word]), words(written["title"])[:8])),
        questions=tuple(Question(**row) for row in table.get("questions", ())),
        references=tuple(Reference(title=title, url=url) for url, title in titles.items()),
        linkedin=written["linkedin"],
        short_post=written.get("short_post", ""),
        newsletter=written.get("newsletter", ""),
        structure=table["structure"],
    )
    profile = Profile(
        industry=table["industry"],
        language=table["language"],
        geography=tuple(table["geography"]),
        keywords=tuple(table["keywords"]),
        primary_audience=table["audience"],
    )
    avoid = tuple(Avoid(**one) for one in table.get("avoid", ()))
    return Clean(
        name=path.stem,
        language=table["language"],
        article=article,
        pack=Pack(
            claims=claims,
            avoid=avoid,
            references=tuple((t, u) for u, t in titles.items()),
            state=EvidenceState.SEARCHED,
        ),
        reports=tuple(_report(claim) for claim in {claim.url: claim for claim in claims}.values()),
        profile=profile,
    )


def _report(claim: Claim) -> Report:
    return Report(
        item_id=_id(claim.url),
        url=claim.url,
        title=claim.title,
        summary=claim.text,
        publisher=claim.publisher,
        sample=False,
        reported_at=NOW - timedelta(hours=5),
    )


def _id(url: str) -> ItemId:
    return ItemId(uuid5(_SPACE, url))
