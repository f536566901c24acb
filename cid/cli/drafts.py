"""`cid drafts`: what waits for a decision, and the decision."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import click

from cid.cli import frame
from cid.cli.group import Group
from cid.domain.checklist import key_of
from cid.domain.draft import Draft, DraftState, Version
from cid.domain.errors import Conflict, Misconfigured, NotFound, Refused, Upstream
from cid.domain.ids import DraftId, ScreeningId, VersionId
from cid.domain.plan import Taken
from cid.domain.policy import GatePolicy
from cid.domain.publication import PublicationState
from cid.domain.record import Witness
from cid.domain.review import Review, Severity, findings
from cid.domain.tenants import Tenant
from cid.flows import decide, publish
from cid.flows import record as records
from cid.flows.plan import draft_now
from cid.ports import Tx
from cid.render.article import read_article
from cid.render.record import Link
from cid.services import Services
from cid.store import decisions, draft_pages, plans, policies, publications
from cid.store import drafts as store

VIA = "cli"
F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


@click.group(cls=Group)
def drafts() -> None:
    """See drafts and decide on them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One draft with all that a decision needs."""

    draft: Draft
    version: Version
    decisions: list[decisions.Made]
    posted: list[publications.Posted]
    reviews: list[Review]


def tenant_option(command: F) -> F:
    return click.option("--tenant", metavar="SLUG", help="Of this tenant (default: the only one).")(command)


def deciding(command: F) -> F:
    """What both decisions take."""
    for option in (
        frame.json_option,
        frame.data_option,
        click.option("--sha256", "sha", metavar="HEX", default="", help="Only if the bytes still have this hash."),
        click.option("--as", "email", metavar="EMAIL", required=True, help="Who decides; a member who may."),
        tenant_option,
        click.argument("draft", type=click.UUID),
    ):
        command = option(command)
    return command


@drafts.command("list")
@tenant_option
@click.option("--state", type=click.Choice([state.value for state in DraftState]), help="In this state.")
@click.option("--limit", default=50, type=click.IntRange(1, 10_000), show_default=True, help="Lines at most.")
@frame.data_option
@frame.json_option
def list_(*, tenant: str | None, state: str | None, limit: int, data: Path | None, as_json: bool) -> None:
    """Drafts, the newest change first."""
    states = [DraftState(state)] if state else list(DraftState)

    async def body(sv: Services) -> list[draft_pages.DraftRow]:
        of = await decide.tenant_called(sv, tenant)
        async with sv.db.read(of.id) as tx:
            return await draft_pages.listed(tx, of.id, states, before=None, limit=limit)

    rows = frame.with_services(frame.Options(data=data), body)
    if as_json:
        frame.show([asdict(row) | {"fate": row.fate} for row in rows])
        return
    for row in rows:
        score = "" if row.score is None else f"{row.score}/100"
        click.echo(f"{row.id}  {row.fate or row.state:<18} {score:>7}  {_minute(row.changed_at)}  {row.title}")
    if not rows:
        click.echo("No such drafts.")


@drafts.command()
@click.argument("draft", type=click.UUID)
@tenant_option
@frame.data_option
@frame.json_option
def show(draft: UUID, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """One draft: its text, the review, decisions, publications, and the hash that a decision names."""

    async def body(sv: Services) -> Shown:
        of = await decide.tenant_called(sv, tenant)
        async with sv.db.read(of.id) as tx:
            return await _shown(tx, of, DraftId(draft))

    shown = frame.with_services(frame.Options(data=data), body)
    article = read_article(shown.version.article)
    if as_json:
        version = asdict(shown.version) | {"sha256": shown.version.sha256.hex(), "article": asdict(article)}
        del version["payloads"]
        parts = {name: [asdict(row) for row in getattr(shown, name)] for name in ("decisions", "posted", "reviews")}
        frame.show({"draft": asdict(shown.draft), "version": version} | parts)
        return
    click.echo(f"{article.title}\n{article.description}\n\n{article.body}\n")
    click.echo(f"draft      {shown.draft.id} is {shown.draft.state}")
    click.echo(f"version    {shown.version.number} by {shown.version.provider or shown.version.author}")
    click.echo(f"sha256     {shown.version.sha256.hex()}")
    for review in shown.reviews:
        click.echo(f"review     {review.outcome} {'' if review.score is None else review.score}")
    last = [review for review in shown.reviews if review.version_id == shown.version.id][-1:]
    for finding in (one for review in last for one in findings(review.findings)):
        if finding.severity is Severity.CRITICAL:
            click.echo(f"against    {key_of(finding)} {finding.what}")
    for made in shown.decisions:
        said = f": {made.reason}" if made.reason else ""
        click.echo(f"decision   {made.kind} of version {made.number} by {made.who}, {_minute(made.made_at)}{said}")
    for post in shown.posted:
        click.echo(f"published  {post.channel} {post.state} {post.url}{post.error}")


@drafts.command()
@deciding
@click.option("--reason", default="", help="Wanted for a draft that its review held.")
@click.option(
    "--accept",
    "accepted",
    metavar="KEY",
    multiple=True,
    help="Stands against it and is accepted all the same: a critical finding's key, as `show` tells it, or `evidence`.",
)
def approve(
    *,
    draft: UUID,
    tenant: str | None,
    email: str,
    sha: str,
    reason: str,
    accepted: tuple[str, ...],
    data: Path | None,
    as_json: bool,
) -> None:
    """Approve the current version; its publication follows."""

    async def act(sv: Services, shown: Shown, of: Tenant) -> decide.Approved:
        who, version = await decide.person(sv, email, of), shown.version
        return await decide.approve(
            sv,
            who,
            version.draft_id,
            version.id,
            version.sha256.hex(),
            reason=reason,
            via=VIA,
            witness=Witness(checklist=dict.fromkeys(accepted, True)),
            accepted=accepted,
        )

    done = _decided(draft, tenant, sha, data, act)
    if as_json:
        frame.show(asdict(done))
        return
    where = f"published on {', '.join(done.planned)}" if done.planned else "published nowhere"
    late = f" Younger than this version and left out: {', '.join(done.left_out)}." if done.left_out else ""
    click.echo(f"Approved: it is {where}.{late}")


@drafts.command()
@deciding
@click.option("--reason", required=True, help="Kept with the decision.")
def reject(
    *, draft: UUID, tenant: str | None, email: str, sha: str, reason: str, data: Path | None, as_json: bool
) -> None:
    """Reject the draft for good."""

    async def act(sv: Services, shown: Shown, of: Tenant) -> UUID:
        who, version = await decide.person(sv, email, of), shown.version
        return await decide.reject(sv, who, version.draft_id, version.id, version.sha256.hex(), reason=reason, via=VIA)

    decision = _decided(draft, tenant, sha, data, act)
    if as_json:
        frame.show({"decision": decision})
    else:
        click.echo("Rejected.")


@drafts.command()
@click.argument("draft", type=click.UUID)
@tenant_option
@frame.data_option
@frame.json_option
def record(draft: UUID, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """The approval record: who decided what, on which bytes, after seeing what."""

    async def body(sv: Services) -> dict[str, Any]:
        return await records.record(sv, await decide.tenant_called(sv, tenant), DraftId(draft))

    kept = frame.with_services(frame.Options(data=data), body)
    if as_json:
        frame.show(kept)
        return
    for version in kept["versions"]:
        click.echo(f"version    {version['number']} by {version['who'] or version['provider']}  {version['sha256']}")
    for made in kept["decisions"]:
        seconds = "" if made["seconds_on_page"] is None else f", {made['seconds_on_page']} s on the page"
        click.echo(
            f"{made['kind']:<10} version {made['version']} by {made['by']['name']} ({made['by']['role']}), "
            f"by {made['via']}{seconds}, {made['at']}"
        )
    for post in kept["publications"]:
        click.echo(f"published  {post['channel']} {post['state']} {post['disclosure']['mode']} {post['url']}")


@drafts.command()
@click.argument("draft", type=click.UUID)
@tenant_option
@frame.data_option
@frame.json_option
def verify(draft: UUID, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """Whether what is published is what was approved: hash by hash, and read back where it is live.

    Ends with 1 if not."""

    async def body(sv: Services) -> list[Link]:
        of = await decide.tenant_called(sv, tenant)
        links = await records.verify(sv, of, DraftId(draft))
        async with sv.db.read(of.id) as tx:
            posted = await publications.of_draft(tx, of.id, DraftId(draft))
        live = [post for post in posted if post.state is PublicationState.LIVE]
        return [*links, *[await _read_back(sv, of, post) for post in live]]

    links = frame.with_services(frame.Options(data=data), body)
    holds = bool(links) and all(link.holds for link in links)
    if as_json:
        frame.show({"holds": holds, "links": [asdict(link) for link in links]})
    else:
        for link in links:
            click.echo(f"{'ok  ' if link.holds else 'FAIL'}  {link.what}: {link.detail}")
    if not holds:
        raise SystemExit(1)


async def _read_back(sv: Services, of: Tenant, post: publications.Posted) -> Link:
    what = f"read back from {post.channel}"
    try:
        notes = await publish.compare(sv, of.id, post.id)
    except (Refused, Upstream, Misconfigured) as error:
        return Link(what=what, holds=False, detail=str(error))
    return Link(what=what, holds=not notes, detail="; ".join(note.detail for note in notes) or post.url)


@drafts.command()
@deciding
@click.option("--reason", required=True, help="Kept with the publication.")
@click.option("--channel", default="", metavar="NAME", help="On this channel only (default: wherever it is).")
def retract(
    *,
    draft: UUID,
    tenant: str | None,
    email: str,
    sha: str,
    reason: str,
    channel: str,
    data: Path | None,
    as_json: bool,
) -> None:
    """Take what is published, or about to be, back from its channels."""

    async def act(sv: Services, shown: Shown, of: Tenant) -> dict[str, PublicationState]:
        who = await decide.person(sv, email, of)
        chosen = [post for post in _chosen(shown, channel) if post.state is not PublicationState.RETRACTED]
        if not chosen:
            raise NotFound("It is published nowhere.")
        return {post.channel: await publish.retract(sv, who, post.id, reason) for post in chosen}

    _told(_decided(draft, tenant, sha, data, act), as_json=as_json)


@drafts.command("publish-again")
@deciding
@click.option("--channel", default="", metavar="NAME", help="On this channel only (default: all that failed).")
def publish_again(
    *, draft: UUID, tenant: str | None, email: str, sha: str, channel: str, data: Path | None, as_json: bool
) -> None:
    """Try once more what failed, and look up what is unknown."""

    async def act(sv: Services, shown: Shown, of: Tenant) -> dict[str, PublicationState]:
        who = await decide.person(sv, email, of)
        unsettled = {PublicationState.FAILED, PublicationState.UNKNOWN}
        chosen = [post for post in _chosen(shown, channel) if post.state in unsettled or channel]
        if not chosen:
            raise NotFound("Nothing of it failed or is unknown.")
        for post in chosen:
            await publish.again(sv, who, post.id)
        return {post.channel: post.state for post in chosen}

    _told(_decided(draft, tenant, sha, data, act), as_json=as_json)


def _chosen(shown: Shown, channel: str) -> list[publications.Posted]:
    return [post for post in shown.posted if channel in {"", post.channel}]


def _told(states: dict[str, PublicationState], *, as_json: bool) -> None:
    if as_json:
        frame.show(states)
        return
    for channel, state in states.items():
        click.echo(f"{channel}: {state}")


@drafts.command()
@tenant_option
@frame.data_option
@frame.json_option
def waiting(*, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """Stories that found no place in the plan, in the order in which places are given; 200 at most."""

    async def body(sv: Services) -> tuple[Taken, GatePolicy, list[plans.Waiting]]:
        of = await decide.tenant_called(sv, tenant)
        async with sv.db.read(of.id) as tx:
            policy = await policies.of(tx, of.id, sv.policy)
            return await plans.counted(tx, of.id), policy, await plans.waiting(tx, of.id)

    taken, policy, rows = frame.with_services(frame.Options(data=data), body)
    numbers, age = policy.drafting, policy.rules.max_age
    if as_json:
        plan = asdict(taken) | {"per_day": numbers.per_day, "per_week": numbers.per_week}
        frame.show({"plan": plan, "waiting": [asdict(row) | {"stale_at": row.opened_at + age} for row in rows]})
        return
    today, week = f"{taken.day_taken} of {numbers.per_day}", f"{taken.week_taken} of {numbers.per_week}"
    click.echo(f"{today} drafts are taken today and {week} this week (UTC).")
    for row in rows:
        score = "" if row.score is None else f"{row.score:g}"
        mark = "urgent" if row.urgent else ""
        click.echo(f"{row.id}  {score:>5}  {mark:<6}  let go {_minute(row.opened_at + age)}  {row.title}")
    if not rows:
        click.echo("No story waits for a place.")


@drafts.command()
@click.argument("story", type=click.UUID)
@tenant_option
@click.option("--as", "email", metavar="EMAIL", required=True, help="Who asks; a member who may decide.")
@frame.data_option
@frame.json_option
def now(*, story: UUID, tenant: str | None, email: str, data: Path | None, as_json: bool) -> None:
    """Draft STORY, by the id that `waiting` prints, beyond the plan."""

    async def body(sv: Services) -> None:
        who = await decide.person(sv, email, await decide.tenant_called(sv, tenant))
        await draft_now(sv, who, ScreeningId(story))

    frame.with_services(frame.Options(data=data), body)
    if as_json:
        frame.show({"drafting": story})
    else:
        click.echo("It is drafted now, beyond the plan.")


def _decided(
    draft: UUID,
    tenant: str | None,
    sha: str,
    data: Path | None,
    act: Callable[[Services, Shown, Tenant], Awaitable[T]],
) -> T:
    async def body(sv: Services) -> T:
        of = await decide.tenant_called(sv, tenant)
        async with sv.db.read(of.id) as tx:
            shown = await _shown(tx, of, DraftId(draft))
        if not shown.version.sha256.hex().startswith(sha.lower()):
            raise Conflict(f"The current version is {shown.version.number}, with another hash. Look at it first.")
        return await act(sv, shown, of)

    return frame.with_services(frame.Options(data=data), body)


async def _shown(tx: Tx, tenant: Tenant, draft: DraftId) -> Shown:
    found = await store.by_id(tx, tenant.id, draft)
    version = await store.version(tx, tenant.id, VersionId(found.current_version_id)) if found else None
    if found is None or version is None:
        raise NotFound(f"{tenant.slug} has no draft {draft}.")
    return Shown(
        draft=found,
        version=version,
        decisions=await decisions.of_draft(tx, tenant.id, draft),
        posted=await publications.of_draft(tx, tenant.id, draft),
        reviews=await store.reviews(tx, tenant.id, draft),
    )


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
