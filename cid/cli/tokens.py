"""`cid tokens`: what lets programs in."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from cid.cli import frame
from cid.cli.group import Group
from cid.domain.ids import TokenId
from cid.domain.programs import Scope, Token
from cid.flows import decide
from cid.flows import tokens as flow
from cid.store import tokens as store

if TYPE_CHECKING:
    from cid.services import Services

SCOPE = click.Choice([str(scope) for scope in Scope])
as_option = click.option("--as", "email", metavar="EMAIL", required=True, help="In whose name.")
tenant_option = click.option("--tenant", metavar="SLUG", help="Where (default: the only one).")


@click.group(cls=Group)
def tokens() -> None:
    """Let programs in, and keep them out."""


@tokens.command()
@click.argument("name")
@click.option("--scope", "scopes", type=SCOPE, multiple=True, required=True, help="What it may do; may be repeated.")
@click.option("--days", type=click.IntRange(1, 366), default=90, show_default=True, help="How long it lives.")
@as_option
@tenant_option
@frame.data_option
@frame.json_option
def add(
    *, name: str, scopes: tuple[str, ...], days: int, email: str, tenant: str | None, data: Path | None, as_json: bool
) -> None:
    """Make a token and print it, once."""

    async def body(sv: Services) -> flow.Made:
        actor = await decide.person(sv, email, await decide.tenant_called(sv, tenant))
        wanted = {Scope(scope) for scope in scopes}
        return await flow.add(sv, actor, name=name, scopes=wanted, life=timedelta(days=days))

    made = frame.with_services(frame.Options(data=data), body)
    if as_json:
        frame.show({"id": str(made.id), "token": made.secret})
    else:
        click.echo(f"This is shown once: {made.secret}")


@tokens.command("list")
@tenant_option
@frame.data_option
@frame.json_option
def list_(*, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """Every token of a tenant, without what lets it in."""

    async def body(sv: Services) -> list[Token]:
        found = await decide.tenant_called(sv, tenant)
        async with sv.db.read(found.id) as tx:
            return await store.listed(tx, found.id, None)

    found = frame.with_services(frame.Options(data=data), body)
    if as_json:
        frame.show([asdict(token) for token in found])
        return
    for token in found:
        state = "off" if token.dead else "on"
        used = f"{token.used_at:%Y-%m-%d %H:%M}" if token.used_at else "never used"
        click.echo(f"{token.id} {state:<3} {token.name:<24} {token.who:<24} {used:<16} {' '.join(token.scopes)}")
    if not found:
        click.echo("There is no token yet: `cid tokens add NAME --scope drafts:read --as EMAIL` makes one.")


@tokens.command()
@click.argument("token", type=click.UUID)
@as_option
@tenant_option
@frame.data_option
@frame.json_option
def revoke(*, token: UUID, email: str, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """Keep a program out, at once."""

    async def body(sv: Services) -> str:
        actor = await decide.person(sv, email, await decide.tenant_called(sv, tenant))
        return await flow.revoke(sv, actor, TokenId(token))

    name = frame.with_services(frame.Options(data=data), body)
    if as_json:
        frame.show({"id": str(token), "revoked": True})
    else:
        click.echo(f"{name} lets nobody in any more.")
