"""`cid channels`: where a tenant publishes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, TypeVar
from uuid import UUID

import click

from cid.cli import frame
from cid.cli.choice import tenant_named, tenant_option
from cid.cli.group import Group
from cid.domain.channel_kinds import KINDS
from cid.domain.ids import ChannelId
from cid.domain.publication import ChannelKind
from cid.flows import channels as flow
from cid.flows import halt
from cid.store import channels as store

if TYPE_CHECKING:
    from cid.domain.tenants import Tenant
    from cid.services import Services

KIND = click.Choice([str(kind) for kind in ChannelKind])
T = TypeVar("T")


@click.group(cls=Group)
def channels() -> None:
    """See, add and try the places where a tenant publishes."""


@channels.command("list")
@tenant_option
@frame.data_option
@frame.json_option
def list_(*, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """Every channel, what the last test of it found, and whether it has its secret. Never the secret."""

    async def body(sv: Services, of: Tenant) -> list[store.Kept]:
        async with sv.db.read(of.id) as tx:
            return await store.kept(tx, of.id)

    found = _at(tenant, data, body)
    if as_json:
        frame.show([asdict(row) for row in found])
        return
    for row in found:
        marks = [mark for mark, on in (("original", row.canonical), ("off", not row.active)) if on]
        if KINDS[row.kind].key and not row.has_secret:
            marks.append("no secret")
        said = str(row.checked.get("problem") or row.checked.get("account") or "not tested")
        click.echo(f"{row.id}  {row.kind:<10} {row.name:<24} {row.base_url}  {', '.join(marks)}\n    {said}")
    if not found:
        click.echo("There is no channel yet: `cid channels add`.")


@channels.command()
@click.argument("name")
@click.option("--kind", type=KIND, required=True, help="What stands there.")
@click.option("--url", default="", help="Its address; else the kind's own.")
@click.option("--set", "told", multiple=True, metavar="NAME=VALUE", help="A setting of the kind, such as user=ada.")
@click.option("--secret-file", type=click.File("r"), help="Where its secret is; - reads it from standard input.")
@tenant_option
@frame.data_option
@frame.json_option
def add(
    *,
    name: str,
    kind: str,
    url: str,
    told: Sequence[str],
    secret_file: TextIO | None,
    tenant: str | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """Add the channel NAME. A secret comes from a file or standard input: a command line is read by others."""
    pairs = dict(_pair(one) for one in told)
    secret = secret_file.read() if secret_file else ""

    async def body(sv: Services, of: Tenant) -> ChannelId:
        wish = flow.Wish(name=name, base_url=url, config=pairs)
        return await flow.add(sv, of.id, ChannelKind(kind), wish, secret=secret.strip(), actor=None)

    key = _at(tenant, data, body)
    if as_json:
        frame.show({"id": str(key)})
    else:
        click.echo(f"{name} is {key}. Try it with `cid channels test {key}`.")


@channels.command()
@click.argument("channel", type=click.UUID)
@tenant_option
@frame.data_option
@frame.json_option
def test(*, channel: UUID, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """Come in there and look around; changes nothing. Fails where it does not work."""
    found = _at(tenant, data, lambda sv, of: flow.test(sv, of.id, ChannelId(channel), actor=None))
    if as_json:
        frame.show(asdict(found))
    else:
        click.echo(found.problem or f"It works, as {found.account}.")
        for lack in found.lacks:
            click.echo(f"  {lack}")
    if found.problem:
        raise click.exceptions.Exit(frame.FAILED)


@channels.command()
@click.argument("channel", type=click.UUID)
@click.option("--on", is_flag=True, help="Switch it on again.")
@tenant_option
@frame.data_option
def off(*, channel: UUID, on: bool, tenant: str | None, data: Path | None) -> None:
    """Plan nothing new for a channel."""
    _at(tenant, data, lambda sv, of: flow.set_active(sv, of.id, ChannelId(channel), wanted=on, actor=None))
    click.echo(f"It is {'on' if on else 'off'}.")


@channels.command()
@click.argument("channel", type=click.UUID)
@click.argument("file", type=click.File("r"), default="-")
@tenant_option
@frame.data_option
def secret(*, channel: UUID, file: TextIO, tenant: str | None, data: Path | None) -> None:
    """Seal what is in FILE, or on standard input, as the channel's secret."""
    value = file.read()
    _at(tenant, data, lambda sv, of: flow.set_secret(sv, of.id, ChannelId(channel), value, actor=None))
    click.echo("It is sealed.")


@channels.command()
@click.argument("reason")
@tenant_option
@frame.data_option
def stop(*, reason: str, tenant: str | None, data: Path | None) -> None:
    """Let nothing more of a tenant go out, at once. What is planned waits for `cid channels resume`."""
    _at(tenant, data, lambda sv, of: halt.stop(sv, of.id, reason, actor=None))
    click.echo("Publishing is stopped. What was being sent at this moment ends.")


@channels.command()
@tenant_option
@frame.data_option
def resume(*, tenant: str | None, data: Path | None) -> None:
    """Go on publishing."""
    waiting = _at(tenant, data, lambda sv, of: halt.resume(sv, of.id, actor=None))
    click.echo(f"Publishing goes on: {waiting} waited.")


def _at(tenant: str | None, data: Path | None, body: Callable[[Services, Tenant], Awaitable[T]]) -> T:
    async def run(sv: Services) -> T:
        return await body(sv, await tenant_named(sv, tenant))

    return frame.with_services(frame.Options(data=data), run)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"--set takes NAME=VALUE, and {text!r} is not that")
    return name.strip(), value
