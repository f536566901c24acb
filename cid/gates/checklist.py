"""What must be and what should be before an approval. Pure: the page shows it, `decide.approve` enforces it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cid.domain.checklist import Item, key_of
from cid.domain.draft import Article
from cid.domain.evidence import Pack
from cid.domain.publication import Channel
from cid.domain.review import Finding, Severity

TITLE = 60
"""Characters of a title that search results show."""
SOURCES = 3
"""Publishers whose reports together are more than a retelling of one."""


def checklist(
    article: Article,
    payloads: Mapping[str, Any],
    findings: Sequence[Finding],
    pack: Pack,
    active: Sequence[Channel],
    *,
    description: tuple[int, int],
) -> tuple[Item, ...]:
    """`payloads` by channel id, `active` the channels it may go to. In the order in which people look."""
    return (
        *_critical(findings),
        _must("evidence", bool(pack.claims), accept="evidence"),
        _must("text", bool(article.title.strip() and article.body.strip())),
        _disclosure(payloads, active),
        _canonical(payloads, active),
        _must("picture", article.image is None or bool(article.image.alt.strip())),
        *_should(article, payloads, findings, pack, description),
    )


def _must(name: str, done: object, detail: str = "", accept: str = "") -> Item:
    return Item(name=name, must=True, done=bool(done), detail=detail, accept=accept)


def _should_be(name: str, done: object, detail: str = "") -> Item:
    return Item(name=name, must=False, done=bool(done), detail=detail)


def _critical(findings: Sequence[Finding]) -> list[Item]:
    """A line for each, so that each is accepted by itself."""
    grave = [finding for finding in findings if finding.severity is Severity.CRITICAL]
    if not grave:
        return [_must("critical", "none")]
    return [_must("critical", "", finding.what, key_of(finding)) for finding in grave]


def _disclosure(payloads: Mapping[str, Any], active: Sequence[Channel]) -> Item:
    """Where a payload carries one at all, it says something."""
    silent = [
        channel.name
        for channel in active
        if "disclosure" in (payload := payloads.get(str(channel.id), {})) and not payload["disclosure"]
    ]
    return _must("disclosure", not silent, ", ".join(silent))


def _canonical(payloads: Mapping[str, Any], active: Sequence[Channel]) -> Item:
    """The address that all others name has to be among those it goes to."""
    missing = [channel.name for channel in active if channel.canonical and str(channel.id) not in payloads]
    return _must("canonical", not missing, ", ".join(missing))


def _should(
    article: Article,
    payloads: Mapping[str, Any],
    findings: Sequence[Finding],
    pack: Pack,
    description: tuple[int, int],
) -> list[Item]:
    major = sum(finding.severity is Severity.MAJOR for finding in findings)
    publishers = len({claim.publisher for claim in pack.claims if claim.publisher})
    least, most = description
    return [
        _should_be("major", not major, str(major)),
        _should_be("publishers", publishers >= SOURCES, str(publishers)),
        _should_be("references", bool(article.references), str(len(article.references))),
        _should_be("title", len(article.title) <= TITLE, str(len(article.title))),
        _should_be("description", least <= len(article.description) <= most, str(len(article.description))),
        _should_be("posts", bool(article.linkedin)),
        _should_be("channels", bool(payloads)),
    ]
