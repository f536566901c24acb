"""`cid jobs`: see the queue and mend it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import click

from cid.cli import frame
from cid.domain.errors import NotFound
from cid.domain.ids import JobId, TenantId
from cid.domain.jobs import JobKind, JobState
from cid.flows import jobs as flow
from cid.ports import Tx
from cid.queue import control
from cid.queue.wakeups import EVERY_KIND
from cid.services import Services
from cid.store import tenants

KIND = click.Choice([*(str(kind) for kind in JobKind), EVERY_KIND])
STATES = (*(str(state) for state in JobState), "dead")
WIDTH = 60


@click.group()
def jobs() -> None:
    """See the queue and mend it."""


def _filters(command: Callable[..., Any]) -> Callable[..., Any]:
    command = click.option(
        "--kind", "kinds", type=click.Choice([str(kind) for kind in JobKind]), multiple=True, help="Of this kind."
    )(command)
    return click.option("--tenant", metavar="SLUG", help="Of this tenant.")(command)


@jobs.command("list")
@_filters
@click.option("--state", type=click.Choice(STATES), help="In this state; dead jobs are listed only on demand.")
@click.option("--after", default=0, metavar="ID", help="After this job.")
@click.option("--limit", default=100, type=click.IntRange(1, 10_000))
@frame.data_option
@frame.json_option
def list_(
    *,
    kinds: tuple[str, ...],
    tenant: str | None,
    state: str | None,
    after: int,
    limit: int,
    data: Path | None,
    as_json: bool,
) -> None:
    """What waits and runs, oldest first."""

    async def body(sv: Services) -> Sequence[control.LiveJob | control.DeadJob]:
        async with sv.platform.read() as tx:
            of = await _tenant(tx, tenant)
            if state == "dead":
                return await control.listed_dead(tx, kinds=kinds, tenant=of, after=after, limit=limit)
            return await control.listed(tx, kinds=kinds, state=state, tenant=of, after=after, limit=limit)

    found = frame.with_services(frame.Options(data=data), body)
    if as_json:
        frame.show([_plain(asdict(job)) for job in found])
        return
    for job in found:
        click.echo(_line(job))
    if not found:
        click.echo("No such jobs.")


@jobs.command()
@click.argument("job", type=int)
@frame.data_option
@frame.json_option
def show(job: int, data: Path | None, as_json: bool) -> None:
    """One job, wherever it is."""

    async def body(sv: Services) -> control.AnyJob:
        async with sv.platform.read() as tx:
            found = await control.show(tx, JobId(job))
        if found is None:
            raise NotFound(f"There is no job {job}, and there was none lately.")
        return found

    shown = _plain(asdict(frame.with_services(frame.Options(data=data), body)))
    if as_json:
        frame.show(shown)
        return
    for name, value in shown.items():
        click.echo(f"{name:<12} {'' if value is None else value}")


@jobs.command()
@click.argument("ids", type=int, nargs=-1, metavar="[JOB]...")
@_filters
@click.option("--error", default="", metavar="TEXT", help="Whose reason holds this text.")
@click.option("--all", "all_", is_flag=True, help="Every dead job that the filters leave.")
@frame.data_option
@frame.json_option
def retry(
    *,
    ids: tuple[int, ...],
    kinds: tuple[str, ...],
    tenant: str | None,
    error: str,
    all_: bool,
    data: Path | None,
    as_json: bool,
) -> None:
    """Give dead jobs all their tries again: by number, or with --all by filter."""
    if bool(ids) == all_:
        raise click.UsageError("Give the numbers of dead jobs, or --all with filters")

    async def body(sv: Services) -> int:
        if ids:
            for job in ids:
                await flow.retry(sv, None, JobId(job))
            return len(ids)
        async with sv.platform.read() as tx:
            of = await _tenant(tx, tenant)
        return await flow.retry_all(sv, None, kinds=kinds, tenant=of, error=error)

    count = frame.with_services(frame.Options(data=data), body)
    _said(as_json, {"retried": count}, f"{count} jobs get all their tries again.")


@jobs.command()
@click.argument("job", type=int)
@frame.data_option
@frame.json_option
def cancel(job: int, data: Path | None, as_json: bool) -> None:
    """End a waiting job at once; ask a running one to end."""
    said = frame.with_services(frame.Options(data=data), lambda sv: flow.cancel(sv, None, JobId(job)))
    sentence = "is cancelled" if said == "cancelled" else "runs and is asked to end"
    _said(as_json, {"job": job, "outcome": said}, f"Job {job} {sentence}.")


@jobs.command()
@click.argument("kind", type=KIND)
@click.option("--tenant", metavar="SLUG", help="For this tenant only.")
@frame.data_option
@frame.json_option
def pause(kind: str, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """Hand out nothing of a kind ('*': of any) until it is resumed. It survives restarts."""
    changed = frame.with_services(frame.Options(data=data), partial(_switch, flow.pause, kind, tenant))
    _said(as_json, {"changed": changed}, f"{kind} {'is' if changed else 'was already'} paused.")


@jobs.command()
@click.argument("kind", type=KIND)
@click.option("--tenant", metavar="SLUG", help="For this tenant only.")
@frame.data_option
@frame.json_option
def resume(kind: str, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """Hand out a paused kind again."""
    changed = frame.with_services(frame.Options(data=data), partial(_switch, flow.resume, kind, tenant))
    _said(as_json, {"changed": changed}, f"{kind} {'goes on' if changed else 'was not paused'}.")


async def _switch(
    change: Callable[[Services, None, str, TenantId | None], Awaitable[bool]],
    kind: str,
    slug: str | None,
    sv: Services,
) -> bool:
    async with sv.platform.read() as tx:
        of = await _tenant(tx, slug)
    return await change(sv, None, kind, of)


async def _tenant(tx: Tx, slug: str | None) -> TenantId | None:
    if slug is None:
        return None
    found = await tenants.by_slug(tx, slug)
    if found is None:
        raise NotFound(f"There is no tenant {slug}.")
    return found.id


def _said(as_json: bool, value: object, sentence: str) -> None:
    if as_json:
        frame.show(value)
    else:
        click.echo(sentence)


def _line(job: control.LiveJob | control.DeadJob) -> str:
    state = "dead" if isinstance(job, control.DeadJob) else job.state
    paused = " paused" if isinstance(job, control.LiveJob) and job.paused else ""
    payload = " ".join(f"{name}={value}" for name, value in job.payload.items())
    error = f"  {job.error.splitlines()[0][:WIDTH]}" if job.error else ""
    return f"{job.id:>8}  {job.kind:<8} {state:<9}{paused} {job.tenant or '-':<12} try {job.attempt}  {payload}{error}"


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _json(value) for name, value in values.items()}


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, timedelta):
        return round(value.total_seconds(), 3)
    return value
