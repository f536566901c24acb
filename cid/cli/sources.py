"""`cid sources`: what is polled for a tenant."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

import click

from cid.cli import frame, preview
from cid.cli.choice import tenant_named, tenant_option
from cid.domain.news import Polled, PollOutcome
from cid.flows import sources as flow
from cid.services import Services
from cid.store import sources as store

SHOWN = 20
WIDTH = 60
TRUST = click.FloatRange(0, 1)
ROLE = click.Choice(flow.ROLES)


@click.group()
def sources() -> None:
    """See, add and try what is polled."""


@sources.command()
@click.argument("url")
@click.option(
    "--trust", type=TRUST, default=flow.DEFAULT_TRUST, show_default=True, help="0 to 1; under 0.4 is not read."
)
@click.option("--role", type=ROLE, default="news", show_default=True)
@tenant_option
@frame.data_option
@frame.json_option
def add(*, url: str, trust: float, role: str, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """Subscribe to the feed at URL; it is polled at once."""

    async def body(sv: Services) -> flow.Added:
        of = await tenant_named(sv, tenant)
        return await flow.add(sv, of.id, flow.Wish(url=url, trust=trust, role=role), None)

    added = frame.with_services(frame.Options(data=data), body)
    if as_json:
        frame.show(asdict(added))
    else:
        click.echo(f"{added.url} is added; its first poll is due.")


@sources.command("list")
@tenant_option
@frame.data_option
@frame.json_option
def list_(*, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """Every source of a tenant, with what its last poll came to."""

    async def body(sv: Services) -> list[store.Subscribed]:
        of = await tenant_named(sv, tenant)
        async with sv.db.read(of.id) as tx:
            return await store.subscribed(tx, of.id)

    found = frame.with_services(frame.Options(data=data), body)
    if as_json:
        frame.show([asdict(source) for source in found])
        return
    for source in found:
        outcome = f"{source.outcome or 'unpolled'}{': ' + source.outcome_detail if source.outcome_detail else ''}"
        state = "" if source.active else "  (off)"
        click.echo(f"{(source.title or source.url)[:WIDTH]:<{WIDTH}}  {source.trust:.2f}  {outcome}{state}")
    if not found:
        click.echo("There are no sources yet: `cid sources add URL` or `cid sources import FILE`.")


@sources.command()
@click.argument("target")
@click.option("--base-url", default="", help="What a file's relative addresses are relative to.")
@frame.json_option
def test(*, target: str, base_url: str, as_json: bool) -> None:
    """What the feed at an address or in a file would bring. Needs no desk and stores nothing."""

    async def body(sv: Services) -> Polled:
        if _is_address(target):
            return await flow.test(sv, target)
        return await flow.test_file(sv, _file(target), base_url)

    polled = frame.without_database(body)
    if as_json:
        frame.show(preview.shape(polled))
    else:
        _tell(polled)
    if not polled.outcome.healthy:
        sys.exit(frame.FAILED)


def _tell(polled: Polled) -> None:
    click.echo(f"{polled.outcome}{': ' + polled.detail if polled.detail else ''}")
    if polled.title:
        click.echo(f"{polled.title}  ({polled.publisher or 'no site named'})")
    for entry in polled.entries[:SHOWN]:
        at = entry.published_at.strftime("%Y-%m-%d %H:%M") if entry.published_at else "no date"
        click.echo(f"  {at:<16}  {entry.title}")
    if len(polled.entries) > SHOWN:
        click.echo(f"  … and {len(polled.entries) - SHOWN} more")
    if polled.outcome is PollOutcome.EMPTY:
        click.echo("  It has no entries.")


@sources.command("import")
@click.argument("target", metavar="OPML")
@click.option("--trust", type=TRUST, default=flow.DEFAULT_TRUST, show_default=True)
@tenant_option
@frame.data_option
@frame.json_option
def import_(*, target: str, trust: float, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """Subscribe to every feed that an OPML file or address lists."""

    async def body(sv: Services) -> list[flow.Added]:
        of = await tenant_named(sv, tenant)
        text = await flow.fetch(sv, target) if _is_address(target) else _file(target)
        wishes = await flow.read_opml(sv, text, trust=trust)
        if not as_json:
            click.echo(f"{len(wishes)} feeds listed", err=True)
        return await flow.add_many(sv, of.id, wishes, None)

    results = frame.with_services(frame.Options(data=data), body)
    if as_json:
        frame.show([asdict(result) for result in results])
        return
    counts = {change: sum(result.change is change for result in results) for change in flow.Change}
    click.echo(", ".join(f"{count} {change}" for change, count in counts.items()))
    for result in results:
        if result.change is flow.Change.REFUSED:
            click.echo(f"  {result.url}: {result.detail}")


def _is_address(target: str) -> bool:
    return urlsplit(target).scheme in {"http", "https", "feed"}


def _file(target: str) -> bytes:
    try:
        return Path(target).read_bytes()
    except OSError as error:
        raise click.UsageError(f"{target} cannot be read ({error.strerror})") from error
