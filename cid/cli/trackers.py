"""`cid trackers`: public trackers of a topic, and what became of the news for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import click

from cid.cli import frame
from cid.cli.choice import tenant_named, tenant_option
from cid.cli.group import Group
from cid.domain.errors import NotFound
from cid.domain.ids import EntryId, ScreeningId, TenantId
from cid.domain.tracker import ApprovalRule, EntryDecision, EntryState, Progress, Tracker
from cid.flows import decide
from cid.flows import trackers as flow
from cid.ports import Tx
from cid.services import Services
from cid.sources.trackers import load_tracker
from cid.store import track_pages
from cid.store import trackers as store

VIA = "cli"
T = TypeVar("T")


@click.group(cls=Group)
def trackers() -> None:
    """Set up public trackers, and see what became of the news for them."""


@trackers.command("set")
@click.argument("slug")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@frame.data_option
def set_(*, slug: str, file: Path, data: Path | None) -> None:
    """What the tenant SLUG tracks, from a TOML file (see config/trackers/india-ai.toml)."""
    wanted = load_tracker(file)
    tenant, on = frame.with_services(
        frame.Options(data=data), lambda sv: flow.set_tracker(sv, slug=slug, tracker=wanted)
    )
    counts = f"{len(wanted.categories)} categories, {len(wanted.regions)} regions"
    click.echo(f"{tenant.name} tracks {wanted.title}: {counts}.")
    if not on:
        click.echo(f"Its tracker desk is off: cid tenants desks {tenant.slug} publishing tracker")


@trackers.command()
@tenant_option
@frame.data_option
@frame.json_option
def show(*, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """Topic, categories, regions and the rule of approval."""

    async def body(tx: Tx, of: TenantId) -> tuple[Tracker, store.Standing | None]:
        found = await store.of(tx, of)
        if found is None:
            raise NotFound("Nothing is tracked yet: cid trackers set SLUG FILE")
        return found, await store.rule(tx, of)

    tracker, standing = _read(data, tenant, body)
    if as_json:
        frame.show({"tracker": asdict(tracker), "rule": asdict(standing) if standing else None})
        return
    click.echo(f"{tracker.title}\n{tracker.topic.strip()}\n")
    for category in tracker.categories:
        click.echo(f"{category.name}: {category.definition.strip()}")
    click.echo("\n" + ", ".join(f"{code} {name}" for code, name in tracker.places.items()))
    if standing:
        which = ", ".join(standing.value.categories) or "any"
        click.echo(f"\nApproved by {standing.who}'s rule: {which} from {standing.value.min_score} on")
        if not standing.holds:
            click.echo("It approves nothing now: that person may not make such a rule any more.")


@trackers.command("list")
@tenant_option
@click.option("--state", type=click.Choice([str(state) for state in (*Progress, *EntryState)]), help="In this state.")
@click.option("--category", help="Of this category.")
@click.option("--region", help="Of this region, by its code.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="Lines at most.")
@frame.data_option
@frame.json_option
def list_(
    *,
    tenant: str | None,
    state: str | None,
    category: str | None,
    region: str | None,
    limit: int,
    data: Path | None,
    as_json: bool,
) -> None:
    """What is on the tracker or on its way there, the newest first."""

    async def body(tx: Tx, of: TenantId) -> list[track_pages.Line]:
        if category or region or state in set(EntryState):
            states = [EntryState(state)] if state in set(EntryState) else list(EntryState)
            return await track_pages.entries(tx, of, states, category=category, region=region, limit=limit)
        return await track_pages.stories(tx, of, Progress(state) if state else None, limit=limit)

    rows = _read(data, tenant, body)
    if as_json:
        frame.show([asdict(row) | {"progress": row.progress} for row in rows])
        return
    for row in rows:
        filed = f"{row.category} {' '.join(row.regions or ())}  " if row.category else ""
        click.echo(f"{row.entry_id or row.screening_id}  {row.entry_state or row.progress:<10} {filed}{row.title}")
    if not rows:
        click.echo("Nothing here.")


@trackers.command()
@tenant_option
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="Lines at most.")
@frame.data_option
@frame.json_option
def failed(*, tenant: str | None, limit: int, data: Path | None, as_json: bool) -> None:
    """What failed after all its tries: why, how often it was asked about, and when last."""
    rows = _read(data, tenant, lambda tx, of: track_pages.stories(tx, of, Progress.FAILED, limit=limit))
    if as_json:
        frame.show([asdict(row) for row in rows])
        return
    for row in rows:
        at = f"{row.last_fault_at:%Y-%m-%d %H:%M}" if row.last_fault_at else ""
        click.echo(f"{row.screening_id}  {at}  {row.attempts} attempts  {row.failure}\n{'':38}{row.title}")
    if not rows:
        click.echo("Nothing failed.")


@trackers.command()
@click.argument("stories", nargs=-1, type=click.UUID)
@click.option("--all", "every", is_flag=True, help="Whatever failed, up to 500 in one go.")
@tenant_option
@frame.data_option
def retry(*, stories: tuple[UUID, ...], every: bool, tenant: str | None, data: Path | None) -> None:
    """Give failed STORIES, by the ids that `failed` prints, all their tries again."""
    if bool(stories) == every:
        raise click.UsageError("Name stories, or say --all.")

    async def body(sv: Services) -> int:
        of = await tenant_named(sv, tenant)
        return await flow.retry(sv, of.id, None, None if every else [ScreeningId(one) for one in stories])

    back = frame.with_services(frame.Options(data=data), body)
    click.echo(f"{back} tried anew.")


@trackers.command("decide")
@click.argument("kind", type=click.Choice([str(EntryDecision.APPROVE), str(EntryDecision.HIDE)]))
@click.argument("chosen", metavar="ENTRIES...", nargs=-1, required=True, type=click.UUID)
@click.option("--as", "email", metavar="EMAIL", required=True, help="Who decides; a member who may.")
@click.option("--reason", default="", help="Kept with the decision.")
@tenant_option
@frame.data_option
def decide_(
    *, kind: str, chosen: tuple[UUID, ...], email: str, reason: str, tenant: str | None, data: Path | None
) -> None:
    """Approve or hide entries."""

    async def body(sv: Services) -> flow.Decided:
        who = await decide.person(sv, email, await tenant_named(sv, tenant))
        ids = [EntryId(one) for one in chosen]
        return await flow.decide(sv, who, EntryDecision(kind), ids, reason=reason, via=VIA)

    done = frame.with_services(frame.Options(data=data), body)
    click.echo(f"{done.moved} moved, {done.stayed} stayed.")


@trackers.command()
@click.option("--min-score", type=click.IntRange(0, 100), help="From this score on.")
@click.option("--category", "categories", multiple=True, help="Of this category; may be given several times.")
@click.option("--off", is_flag=True, help="End the rule.")
@click.option("--as", "email", metavar="EMAIL", required=True, help="Whose rule it is; an owner.")
@tenant_option
@frame.data_option
def rule(
    *,
    min_score: int | None,
    categories: tuple[str, ...],
    off: bool,
    email: str,
    tenant: str | None,
    data: Path | None,
) -> None:
    """Approve what comes by a standing rule, in the name of whoever makes it."""
    if off == (min_score is not None):
        raise click.UsageError("Give --min-score, or --off.")
    wanted = None if min_score is None else ApprovalRule(min_score=min_score, categories=categories)

    async def body(sv: Services) -> None:
        await flow.set_rule(sv, await decide.person(sv, email, await tenant_named(sv, tenant)), wanted)

    frame.with_services(frame.Options(data=data), body)
    click.echo("The rule holds for what comes from now on." if wanted else "The rule has ended.")


@trackers.command()
@click.option(
    "--by", "unit", type=click.Choice(["hour", "day"]), default="day", show_default=True, help="A line for each."
)
@click.option("--days", default=14, show_default=True, type=click.IntRange(1, 366), help="How far back.")
@tenant_option
@frame.data_option
@frame.json_option
def report(*, unit: str, days: int, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """What became of stories, by hour (a run) or day of UTC, and what it took."""

    async def body(sv: Services) -> list[track_pages.Period]:
        of = await tenant_named(sv, tenant)
        since = sv.clock.now() - timedelta(days=days)
        async with sv.db.read(of.id) as tx:
            return await track_pages.report(tx, of.id, unit, since)

    rows = frame.with_services(frame.Options(data=data), body)
    if as_json:
        rates = ("processing", "failure", "saved", "retry_success", "warning")
        frame.show([asdict(row) | {name: getattr(row, name) for name in rates} for row in rows])
        return
    for row in rows:
        at = f"{row.start:%Y-%m-%d %H:%M}" if unit == "hour" else f"{row.start:%Y-%m-%d}"
        click.echo(
            f"{at}  {row.processed} processed ({row.processing:.0%}), {row.not_relevant} not relevant, "
            f"{row.failed} failed ({row.failure:.0%}); {row.calls} calls ({row.saved:.0%} saved), "
            f"retries that helped {row.retry_success:.0%}, {row.input + row.output} tokens, ${row.dollars:.4f}"
        )
        if row.warning:
            click.echo(f"  warning: more than a tenth failed; mostly {row.fault}: {row.error}")
    if not rows:
        click.echo("Nothing was judged in this time.")


def _read(data: Path | None, tenant: str | None, body: Callable[[Tx, TenantId], Awaitable[T]]) -> T:
    async def run(sv: Services) -> T:
        of = await tenant_named(sv, tenant)
        async with sv.db.read(of.id) as tx:
            return await body(tx, of.id)

    return frame.with_services(frame.Options(data=data), run)
