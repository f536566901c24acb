"""`cid sources`: what is polled for a tenant."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from cid.cli import frame, healing, preview
from cid.cli.choice import tenant_named, tenant_option
from cid.cli.group import Group
from cid.cli.source_files import add_many, export, file_of, import_, is_address
from cid.domain.errors import Misconfigured, NotFound, Refused
from cid.domain.ids import TenantId
from cid.domain.news import Cause, Polled, PollOutcome, SourceKind
from cid.flows import sources as flow
from cid.services import Services
from cid.sources.discover import Found
from cid.sources.kinds import OFFERED
from cid.sources.options import specs
from cid.store import sources as store
from cid.text.typed import duration

SHOWN = 20
WIDTH = 60
MOMENT = "%Y-%m-%d %H:%M:%S UTC"
TRUST = click.FloatRange(0, 1)
ROLE = click.Choice(flow.ROLES)
KIND = click.Choice([str(kind) for kind in OFFERED])
F = TypeVar("F", bound=Callable[..., Any])


def kind_options(command: F) -> F:
    """What a source of any kind is told."""
    command = click.option(
        "--set", "told", multiple=True, metavar="NAME=VALUE", help="A setting of the kind; see `cid sources kinds`."
    )(command)
    return click.option("--kind", type=KIND, default=str(SourceKind.RSS), show_default=True, help="What is polled.")(
        command
    )


def _told(settings: Sequence[str]) -> dict[str, str]:
    pairs = [setting.partition("=") for setting in settings]
    if wrong := next((setting for setting, (_, equals, _) in zip(settings, pairs, strict=True) if not equals), None):
        raise click.UsageError(f"--set takes NAME=VALUE, and {wrong!r} is not that")
    return {name.strip(): value for name, _, value in pairs}


@click.group(cls=Group)
def sources() -> None:
    """See, add and try what is polled."""


for _command in (healing.proposals, healing.take, healing.reject, healing.restore, healing.replace):
    sources.add_command(_command)


@sources.command()
@click.argument("url", default="")
@kind_options
@click.option(
    "--trust", type=TRUST, default=flow.DEFAULT_TRUST, show_default=True, help="0 to 1; under 0.4 is not read."
)
@click.option("--role", type=ROLE, default="news", show_default=True, help="What its articles are taken for.")
@click.option("--private", is_flag=True, help="No other tenant is to know of it. Searches are private in any case.")
@tenant_option
@frame.data_option
@frame.json_option
def add(
    *,
    url: str,
    kind: str,
    told: Sequence[str],
    trust: float,
    role: str,
    private: bool,
    tenant: str | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """Subscribe to the feed at URL, or to a source of another kind; it is polled at once.

    cid sources add --kind gdelt --set query="grain corridor" --set country=UA
    """
    wish = flow.Wish(url=url, kind=SourceKind(kind), config=_told(told), trust=trust, role=role, private=private)

    async def body(sv: Services) -> flow.Added:
        of = await tenant_named(sv, tenant)
        return await flow.add(sv, of.id, wish, None)

    added = frame.with_services(frame.Options(data=data), body)
    if as_json:
        frame.show(asdict(added))
    else:
        click.echo(f"{added.url} is added; its first poll is due.")


@sources.command("kinds")
@frame.json_option
def kinds_(*, as_json: bool) -> None:
    """What can be polled, and what each kind must be told."""
    if as_json:
        frame.show({kind: [asdict(spec) for spec in specs(about.settings)] for kind, about in OFFERED.items()})
        return
    for kind, about in OFFERED.items():
        click.echo(f"{kind}: {about.label}. {about.hint}".rstrip() + (f" Needs {about.key}." if about.key else ""))
        for spec in specs(about.settings):
            state = "must be given" if spec.required else f"else {spec.default}" if spec.default else ""
            said = ". ".join(filter(None, [spec.label, ", ".join(spec.options), spec.hint.rstrip("."), state]))
            click.echo(f"  --set {spec.name}=…  {said}")


@sources.command("list")
@tenant_option
@frame.data_option
@frame.json_option
def list_(*, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """Every source of a tenant: its address, what its last poll came to, and how often it is polled."""

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
        for line in (source.url if source.title or len(source.url) > WIDTH else "", source.interval_why):
            if line:
                click.echo(f"    {line}")
    if not found:
        click.echo("There are no sources yet: `cid sources add URL` or `cid sources import FILE`.")


@sources.command()
@click.argument("url")
@click.argument("interval", metavar="10m|2h|auto")
@tenant_option
@frame.data_option
def interval(*, url: str, interval: str, tenant: str | None, data: Path | None) -> None:
    """Poll the source at URL every so often, or (auto) as its own rhythm has it."""

    async def body(sv: Services) -> None:
        of = await tenant_named(sv, tenant)
        source = await _named(sv, of.id, url)
        await flow.set_interval(sv, of.id, source.id, duration_or_auto(interval), None)

    frame.with_services(frame.Options(data=data), body)
    click.echo(f"{url}: {interval}.")


@sources.command("full-text")
@click.argument("url")
@click.argument("wanted", type=click.Choice(["on", "off"]))
@tenant_option
@frame.data_option
def full_text(*, url: str, wanted: str, tenant: str | None, data: Path | None) -> None:
    """Whether articles of the source at URL are read at their own pages, too."""

    async def body(sv: Services) -> None:
        of = await tenant_named(sv, tenant)
        source = await _named(sv, of.id, url)
        await flow.set_full_text(sv, of.id, source.id, wanted=wanted == "on", actor=None)

    frame.with_services(frame.Options(data=data), body)
    click.echo(f"{url}: full text {wanted}.")


@sources.command()
@click.argument("url")
@tenant_option
@frame.data_option
@frame.json_option
def why(*, url: str, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """Why the source at URL is polled as often as it is, and what its last poll came to."""

    async def body(sv: Services) -> store.Subscribed:
        of = await tenant_named(sv, tenant)
        return await _named(sv, of.id, url)

    found = frame.with_services(frame.Options(data=data), body)
    if as_json:
        frame.show(asdict(found))
        return
    click.echo(f"{found.title or found.url}: {found.interval_why or 'not polled yet'}")
    last = f"{found.polled_at:{MOMENT}}" if found.polled_at else "none yet"
    click.echo(f"last poll {last}: {found.outcome or '-'} {found.outcome_detail}".rstrip())
    click.echo(f"next poll {found.next_poll_at:{MOMENT}}, failures in a row: {found.failures}")
    if found.moved_to:
        click.echo(f"it seems to have moved to {found.moved_to}, which is not proved yet")
    if found.former_url:
        click.echo(f"it was at {found.former_url}")
    if found.validators_lie:
        click.echo("its server calls changed feeds unchanged: they are asked for whole every time")


async def _named(sv: Services, tenant: TenantId, url: str) -> store.Subscribed:
    """The tenant's source at an address. Raises NotFound."""
    async with sv.db.read(tenant) as tx:
        found = await store.subscribed(tx, tenant)
    for source in found:
        if url in {source.url, str(source.id)}:
            return source
    raise NotFound(f"There is no source at {url}: `cid sources list` names all.")


def duration_or_auto(text: str) -> timedelta | None:
    """None for "auto". Raises UsageError."""
    if text.strip().lower() == "auto":
        return None
    try:
        return duration(text, "the interval")
    except Misconfigured as error:
        raise click.UsageError(str(error)) from None


@sources.command()
@click.argument("target", default="")
@click.option("--base-url", default="", help="What a file's relative addresses are relative to.")
@kind_options
@tenant_option
@frame.data_option
@frame.json_option
def test(
    *,
    target: str,
    base_url: str,
    kind: str,
    told: Sequence[str],
    tenant: str | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """What the feed at an address or in a file would bring, or a source of another kind. Stores nothing, and needs no
    desk unless somebody has to pay for it.
    """
    wish = flow.Wish(url=target, kind=SourceKind(kind), config=_told(told))
    paid = OFFERED[wish.kind].paid

    if wish.kind is SourceKind.RSS and not target:
        raise click.UsageError("the address of a feed or a file is missing")

    async def body(sv: Services) -> tuple[Polled, list[Found] | None]:
        if paid:
            return await flow.test(sv, wish, (await tenant_named(sv, tenant)).id), None
        if wish.kind is SourceKind.RSS and not is_address(target):
            return await flow.test_file(sv, file_of(target), base_url), None
        polled = await flow.test(sv, wish, None)
        # Scripts ask what is at one address; people paste the page and mean its feed.
        return polled, await _feeds(sv, target) if polled.cause is Cause.HTML and not as_json else None

    polled, found = frame.with_services(frame.Options(data=data), body) if paid else frame.without_database(body)
    if as_json:
        frame.show(preview.shape(polled))
    else:
        _tell(polled)
        _tell_found(found)
    if not polled.outcome.healthy:
        sys.exit(frame.FAILED)


async def _feeds(sv: Services, url: str) -> list[Found]:
    try:
        return await flow.feeds_at(sv, url)
    except Refused:
        return []


def _tell_found(found: list[Found] | None) -> None:
    if found is None:
        return
    click.echo("Feeds found there, each read:" if found else "No feed was found there.")
    for one in found:
        click.echo(f"  {one.url}  {one.title}".rstrip() + f"  (entries: {one.entries})")


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


for command in (import_, add_many, export):
    sources.add_command(command)
