"""`cid gates`: what the gates of a tenant go by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cid.cli import frame
from cid.cli.choice import tenant_named, tenant_option
from cid.cli.group import Group
from cid.domain.errors import NotFound
from cid.domain.tenants import Tenant
from cid.flows import decide, turning
from cid.flows.turning import Number
from cid.services import Services


def _as(command: Any) -> Any:
    return click.option("--as", "email", metavar="EMAIL", required=True, help="Who turns it: an owner of the tenant.")(
        command
    )


@click.group(cls=Group)
def gates() -> None:
    """See and turn the numbers that stories are judged by. What is turned counts from the next judgement on."""


@gates.command()
@click.argument("number", default="")
@tenant_option
@frame.data_option
@frame.json_option
def show(*, number: str, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """The platform's values and the tenant's own; with NUMBER (rules.min_chars) or a part (rules) only those."""

    async def body(sv: Services) -> list[Number]:
        found = await turning.standing(sv, (await tenant_named(sv, tenant)).id)
        return [one for one in found if number in {"", one.section, f"{one.section}.{one.name}"}]

    found = frame.with_services(frame.Options(data=data), body)
    if as_json:
        frame.show([_told(one) for one in found])
        return
    for one in found:
        value = " | ".join((one.shipped if one.own is None or one.unfit else one.own).splitlines())
        click.echo(f"{one.section}.{one.name:<22} {value}{_own(one)}")
        if one.unfit:
            click.echo(f"  ! {one.unfit} The platform's value is used.")
    if not found:
        raise NotFound(f"There is no number {number} that a tenant may turn: `cid gates show` lists them.")


@gates.command("set")
@click.argument("number")
@click.argument("value")
@_as
@tenant_option
@frame.data_option
@frame.json_option
def set_(*, number: str, value: str, email: str, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """Turn NUMBER (rules.min_chars) to VALUE, for this tenant alone. Of a list: an entry a line."""

    async def body(sv: Services) -> list[Number]:
        of = await tenant_named(sv, tenant)
        section, name = _place(number)
        await turning.turn(sv, await decide.person(sv, email, of), section, name, value)
        return await _one(sv, of, section, name)

    _said(frame.with_services(frame.Options(data=data), body), as_json)


@gates.command()
@click.argument("number")
@_as
@tenant_option
@frame.data_option
@frame.json_option
def reset(*, number: str, email: str, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """Give NUMBER the platform's value again."""

    async def body(sv: Services) -> list[Number]:
        of = await tenant_named(sv, tenant)
        section, name = _place(number)
        if not await turning.reset(sv, await decide.person(sv, email, of), section, name):
            raise NotFound(f"{number} is no number of {of.slug}'s own.")
        return await _one(sv, of, section, name)

    _said(frame.with_services(frame.Options(data=data), body), as_json)


async def _one(sv: Services, tenant: Tenant, section: str, name: str) -> list[Number]:
    """Empty: a number that the platform does not have any more was given up."""
    return [one for one in await turning.standing(sv, tenant.id) if (one.section, one.name) == (section, name)]


def _place(number: str) -> tuple[str, str]:
    section, _dot, name = number.partition(".")
    return section, name


def _said(found: list[Number], as_json: bool) -> None:
    if as_json:
        frame.show([_told(one) for one in found])
        return
    for one in found:
        click.echo(f"{one.section}.{one.name} is {one.shipped if one.own is None else one.own}.")


def _own(one: Number) -> str:
    if one.own is None:
        return ""
    when = f", {one.changed_at:%Y-%m-%d %H:%M} UTC" if one.changed_at else ""
    return f"  (own, by {one.changed_by or 'somebody who has left'}{when}; the platform's: {one.shipped!r})"


def _told(one: Number) -> dict[str, Any]:
    return {
        "number": f"{one.section}.{one.name}",
        "means": one.knob.means,
        "platform": one.shipped,
        "own": one.own,
        "unfit": one.unfit,
        "changed_at": one.changed_at,
        "changed_by": one.changed_by,
    }
