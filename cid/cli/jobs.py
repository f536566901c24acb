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
from cid.cli.group import Group
from cid.domain.errors import Misconfigured, NotFound
from cid.domain.ids import JobId, TenantId
from cid.domain.jobs import JobKind, JobState
from cid.flows import jobs as flow
from cid.ports import Tx
from cid.queue import control
from cid.queue.wakeups import EVERY_KIND
from cid.services import Services
from cid.store import tenants
from cid.text.typed import duration

KINDS = [str(kind) for kind in JobKind]
KIND = click.Choice([*KINDS, EVERY_KIND])
STATES = (*(str(state) for state in JobState), "dead")
WIDTH = 60


def _lately(_ctx: click.Context, _param: click.Parameter, value: str | None) -> timedelta | None:
    try:
        return None if value is None else duration(value, "--since")
    except Misconfigured as error:
        raise click.BadParameter(str(error)) from error


@click.group(cls=Group)
def jobs() -> None:
    """See the queue and mend it."""


def _filters(command: Callable[..., Any]) -> Callable[..., Any]:
    command = click.option(
        "--kind",
        "kinds",
        type=click.Choice(KINDS),
        metavar="KIND",
        multiple=True,
        help=f"Of this kind, may repeat: {', '.join(KINDS)}.",
    )(command)
    return click.option("--tenant", metavar="SLUG", help="Of this tenant.")(command)


@jobs.command("list")
@_filters
@click.option("--key", metavar="KEY", help="Of this key.")
@click.option("--state", type=click.Choice(STATES), help="In this state; dead jobs are listed only on demand.")
@click.option("--after", default=0, metavar="ID", help="After this job.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000), help="Lines at most.")
@frame.data_option
@frame.json_option
def list_(
    *,
    kinds: tuple[str, ...],
    tenant: str | None,
    key: str | None,
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
                return await control.listed_dead(tx, kinds=kinds, tenant=of, key=key, after=after, limit=limit)
            return await control.listed(tx, kinds=kinds, state=state, tenant=of, key=key, after=after, limit=limit)

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
@click.option("--reason", "--error", default="", metavar="TEXT", help="Whose reason holds this text.")
@click.option("--since", callback=_lately, metavar="2h", help="That died so lately.")
@click.option("--all", "all_", is_flag=True, help="Every dead job that the filters leave.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@frame.data_option
@frame.json_option
def retry(
    *,
    ids: tuple[int, ...],
    kinds: tuple[str, ...],
    tenant: str | None,
    reason: str,
    since: timedelta | None,
    all_: bool,
    yes: bool,
    data: Path | None,
    as_json: bool,
) -> None:
    """Give dead jobs all their tries again: by number, or by filter."""
    filtered = all_ or bool(kinds or tenant or reason or since)
    if bool(ids) == filtered:
        raise click.UsageError("Give the numbers of dead jobs, or filters, or --all")
    run = partial(frame.with_services, frame.Options(data=data))
    if ids:
        done, missing = run(partial(_retry_each, ids))
    else:
        which = run(partial(_dead, kinds, tenant, reason, since))
        _ask(run(lambda sv: flow.dead(sv, which)), "dead jobs get all their tries again", yes=yes)
        done, missing = run(lambda sv: flow.retry_dead(sv, None, which)), []
    stayed = f"; {_jobs(done.stayed)} stayed, because a waiting job does the work" if done.stayed else ""
    _said(as_json, asdict(done), f"{_jobs(done.back)} came back with all tries{stayed}.")
    if missing:
        raise NotFound(f"There is no dead job {', '.join(map(str, missing))}.")


async def _retry_each(ids: tuple[int, ...], sv: Services) -> tuple[flow.Retried, list[int]]:
    back, missing = [], []
    for job in ids:
        try:
            back.append(await flow.retry(sv, None, JobId(job)))
        except NotFound:
            missing.append(job)
    return flow.Retried(sum(back), len(back) - sum(back)), missing


async def _dead(
    kinds: tuple[str, ...], tenant: str | None, reason: str, since: timedelta | None, sv: Services
) -> control.Dead:
    async with sv.platform.read() as tx:
        return control.Dead(kinds=kinds, tenant=await _tenant(tx, tenant), reason=reason, since=since)


@jobs.command()
@click.argument("ids", type=int, nargs=-1, metavar="[JOB]...")
@_filters
@click.option("--key", metavar="KEY", help="Of this key.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@frame.data_option
@frame.json_option
def cancel(
    *,
    ids: tuple[int, ...],
    kinds: tuple[str, ...],
    tenant: str | None,
    key: str | None,
    yes: bool,
    data: Path | None,
    as_json: bool,
) -> None:
    """End waiting jobs at once, by number or all of a kind; by number, ask running ones to end."""
    if bool(ids) == bool(kinds or tenant or key):
        raise click.UsageError("Give the numbers of jobs, or --kind with other filters")
    if not ids and not kinds:
        raise click.UsageError("Say of which --kind")
    run = partial(frame.with_services, frame.Options(data=data))
    missing: list[int] = []
    if ids:
        said, missing = run(partial(_cancel_each, ids))
    else:
        of = run(partial(_tenant_of, tenant))
        _ask(run(lambda sv: flow.waiting(sv, kinds, of, key)), "waiting jobs are cancelled", yes=yes)
        said = {"cancelled": run(lambda sv: flow.cancel_waiting(sv, None, kinds, of, key)), "asked": 0}
    asked = f"; {_jobs(said['asked'])} that ran asked to end" if said["asked"] else ""
    _said(as_json, said, f"{_jobs(said['cancelled'])} cancelled{asked}.")
    if missing:
        raise NotFound(f"There is no job {', '.join(map(str, missing))} that waits or runs.")


async def _cancel_each(ids: tuple[int, ...], sv: Services) -> tuple[dict[str, int], list[int]]:
    said, missing = {"cancelled": 0, "asked": 0}, []
    for job in ids:
        try:
            said[await flow.cancel(sv, None, JobId(job))] += 1
        except NotFound:
            missing.append(job)
    return said, missing


def _ask(count: int, what: str, *, yes: bool) -> None:
    """Before more than one."""
    if count > 1 and not yes:
        click.confirm(f"{count} {what}. Go on?", abort=True, err=True)


def _jobs(count: int) -> str:
    return f"{count} job{'' if count == 1 else 's'}"


@jobs.command()
@click.argument("kind", type=KIND, metavar="KIND")
@click.option("--tenant", metavar="SLUG", help="For this tenant only.")
@frame.data_option
@frame.json_option
def pause(kind: str, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """Hand out nothing of a kind ('*': of any) until it is resumed. It survives restarts.

    `cid jobs list --help` names the kinds.
    """
    changed = frame.with_services(frame.Options(data=data), partial(_switch, flow.pause, kind, tenant))
    _said(as_json, {"changed": changed}, f"{kind} {'is' if changed else 'was already'} paused.")


@jobs.command()
@click.argument("kind", type=KIND, metavar="KIND")
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
    return await change(sv, None, kind, await _tenant_of(slug, sv))


async def _tenant_of(slug: str | None, sv: Services) -> TenantId | None:
    async with sv.platform.read() as tx:
        return await _tenant(tx, slug)


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
    whose = f"{job.tenant or '-'}{' ' + job.key if job.key else ''}"
    return f"{job.id:>8}  {job.kind:<8} {state:<9}{paused} {whose:<12} try {job.attempt}  {payload}{error}"


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _json(value) for name, value in values.items()}


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, timedelta):
        return round(value.total_seconds(), 3)
    return value
