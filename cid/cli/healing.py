"""`cid sources proposals | take | reject | restore | replace`: what failed, and what may replace it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from uuid import UUID

import click

from cid.cli import frame
from cid.cli.choice import tenant_named, tenant_option
from cid.domain.errors import NotFound
from cid.domain.ids import SourceId, TenantId
from cid.flows import heal as flow
from cid.services import Services
from cid.store import health as store
from cid.store.health import Proposed, Resting
from cid.text import urls

MOST = 200


@click.command()
@tenant_option
@frame.data_option
@frame.json_option
def proposals(*, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """Sources that rest because they failed, and what was found and tested to replace them."""

    async def body(sv: Services) -> list[tuple[Resting, list[Proposed]]]:
        of = await tenant_named(sv, tenant)
        async with sv.db.read(of.id) as tx:
            resting = await store.attention(tx, of.id, limit=MOST)
            found = await store.proposed(tx, of.id, [row.id for row in resting])
        return [(row, [one for one in found if one.source_id == row.id]) for row in resting]

    told = frame.with_services(frame.Options(data=data), body)
    if as_json:
        frame.show([{**asdict(row), "proposals": [asdict(one) for one in found]} for row, found in told])
        return
    for row, found in told:
        _tell(row, found)
    if not told:
        click.echo("No source rests: all answer, or failed fewer than three times in a row.")


def _tell(row: Resting, found: list[Proposed]) -> None:
    click.echo(f"{row.title or urls.shown(row.url)}  ({urls.shown(row.url)})")
    click.echo(
        f"  {row.outcome}: {row.outcome_detail}  rests since {row.since:%Y-%m-%d %H:%M}, {row.quarantines} in a row"
    )
    click.echo(f"  next try {row.until:%Y-%m-%d %H:%M} UTC, or at once: cid sources restore {urls.shown(row.url)}")
    for one in found:
        newest = f"newest {one.newest_at:%Y-%m-%d %H:%M}" if one.newest_at else "undated"
        click.echo(f"  {one.id}  {one.url}")
        click.echo(f"    {one.title}: {one.entries} entries, {newest}; {one.tier}, {one.via}; kin by {one.kinship}")
    if not found:
        looked = f"{len(row.tried)} addresses tried" if row.searched_at else "the search has not ended yet"
        click.echo(f"  no replacement: {looked}")


@click.command()
@click.argument("proposal", type=click.UUID)
@tenant_option
@frame.data_option
@frame.json_option
def take(*, proposal: UUID, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """Replace a failed source by what PROPOSAL found. Trust and all that is set go over to it."""

    async def body(sv: Services) -> flow.Taken:
        of = await tenant_named(sv, tenant)
        return await flow.take(sv, of.id, proposal, None)

    taken = frame.with_services(frame.Options(data=data), body)
    if as_json:
        frame.show(asdict(taken))
    else:
        click.echo(
            f"{taken.url} takes over; its first poll is due." + (" The old one retires." if taken.retired else "")
        )


@click.command()
@click.argument("proposal", type=click.UUID)
@tenant_option
@frame.data_option
def reject(*, proposal: UUID, tenant: str | None, data: Path | None) -> None:
    """PROPOSAL is not proposed for that source again."""

    async def body(sv: Services) -> None:
        of = await tenant_named(sv, tenant)
        await flow.reject(sv, of.id, proposal, None)

    frame.with_services(frame.Options(data=data), body)
    click.echo("It is not proposed again.")


@click.command()
@click.argument("url")
@tenant_option
@frame.data_option
def restore(*, url: str, tenant: str | None, data: Path | None) -> None:
    """Poll the quarantined source at URL (or of that id) again at once."""

    async def body(sv: Services) -> None:
        of = await tenant_named(sv, tenant)
        await flow.restore(sv, of.id, await _source(sv, of.id, url), None)

    frame.with_services(frame.Options(data=data), body)
    click.echo("It is polled again now.")


@click.command()
@click.argument("url", required=False)
@click.option("--itself/--ask", "wanted", required=True, help="Without asking, or only when somebody takes it.")
@tenant_option
@frame.data_option
def replace(*, url: str | None, wanted: bool, tenant: str | None, data: Path | None) -> None:
    """Whether a tested replacement is taken without asking: for the source at URL (or of that id), or for all."""

    async def body(sv: Services) -> None:
        of = await tenant_named(sv, tenant)
        source = await _source(sv, of.id, url) if url else None
        await flow.set_itself(sv, of.id, source, None, wanted=wanted)

    frame.with_services(frame.Options(data=data), body)
    click.echo("Replacements are taken as soon as they are found." if wanted else "Somebody is asked before.")


async def _source(sv: Services, tenant: TenantId, named: str) -> SourceId:
    """By its address, as it was added or as it is kept, or by its id. Raises NotFound."""
    try:
        return SourceId(UUID(named))
    except ValueError:
        pass
    async with sv.db.read(tenant) as tx:
        found = await store.mine(tx, tenant, [named, urls.located(named), urls.located(f"https://{named}")])
    if found is None:
        raise NotFound("There is no source at this address: `cid sources list` shows them.")
    return found
