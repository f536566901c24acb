"""Gate 5, first half: what can be found wrong with a draft for nothing, without a model.

Each check is a function of the material, named in CHECKS; a finding carries the name. docs/checks.md lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from cid.domain.archive import Archive, Trace
from cid.domain.draft import Article
from cid.domain.evidence import Pack, Report
from cid.domain.ground import Ground
from cid.domain.policy import Checks, Drafting
from cid.domain.review import Finding
from cid.domain.tenants import Profile
from cid.gates.checks import copying, figures, form, likeness, links, names, phrases, quotes, reports, statements, topic
from cid.gates.checks.material import Material

Check: TypeAlias = Callable[[Material], Iterable[Finding]]

CHECKS: Mapping[str, Check] = {
    "size": form.size,
    "opening": form.opening,
    "headings": form.headings,
    "parts": form.parts,
    "title": form.title,
    "title_pattern": form.title_pattern,
    "title_question": form.title_question,
    "title_keyword": form.title_keyword,
    "title_year": form.title_year,
    "description": form.description,
    "posts": form.posts,
    "markup": form.markup,
    "questions": form.questions,
    "references": form.references,
    "evidence": links.evidence,
    "links": links.links,
    "sites": links.named_sites,
    "contacts": links.contacts,
    "figures": figures.numbers,
    "dates": figures.days,
    "names": names.invented,
    "quotation": quotes.exact,
    "quotation_length": quotes.length,
    "quotation_share": quotes.share,
    "quotations_of_one": quotes.per_source,
    "attribution": quotes.attributed,
    "copied_run": copying.runs,
    "copied_share": copying.contained,
    "like_title": likeness.titles,
    "like_skeleton": likeness.skeleton,
    "like_sentence": likeness.repeated,
    "repetition": likeness.within,
    "topic": topic.elsewhere,
    "hype": phrases.hype,
    "avoided": phrases.avoided,
    "orders": phrases.orders,
    "suspicious": reports.suspicious,
    "stale": reports.stale,
}
"""In the order in which a person wants to read of them."""


def run(
    article: Article,
    pack: Pack,
    reports: Sequence[Report],
    policy: Drafting,
    archive: Archive,
    *,
    checks: Checks | None = None,
    profile: Profile | None = None,
    internal: Mapping[str, str] | None = None,
    now: datetime | None = None,
    extractive: bool = False,
    among: Mapping[str, Check] | None = None,
) -> list[Finding]:
    """All that is found, check by check; `among` others than CHECKS. CPU work of up to some hundred milliseconds: not
    for the event loop."""
    one = Material(
        article=article,
        pack=pack,
        reports=reports,
        drafting=policy,
        checks=checks or Checks(),
        profile=profile or Profile(),
        archive=archive,
        internal=internal or {},
        now=now,
        extractive=extractive,
    )
    return [replace(found, check=name) for name, check in (among or CHECKS).items() for found in check(one)]


def ground(
    article: Article,
    pack: Pack,
    reports: Sequence[Report],
    policy: Drafting,
    *,
    checks: Checks,
    profile: Profile,
    internal: Mapping[str, str],
) -> Ground:
    """What each statement stands on. CPU work of up to some hundred milliseconds: not for the event loop."""
    one = Material(
        article=article,
        pack=pack,
        reports=reports,
        drafting=policy,
        checks=checks,
        profile=profile,
        archive=Archive(),
        internal=internal,
    )
    said, cut = statements.statements(one)
    return Ground(statements=said, cut=cut, likeness=tuple(copying.likenesses(one)), links=tuple(links.checked(one)))


def trace(article: Article, policy: Drafting) -> Trace:
    """What of an article later ones are held against."""
    return likeness.trace(
        Material(
            article=article,
            pack=Pack(),
            reports=(),
            drafting=policy,
            checks=Checks(),
            profile=Profile(),
            archive=Archive(),
        )
    )
