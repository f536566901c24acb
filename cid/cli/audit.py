"""`cid audit`: who did what."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import click

from cid.cli import frame
from cid.domain.errors import NotFound
from cid.domain.ids import TenantId
from cid.flows import exports, people
from cid.ports import Tx
from cid.services import Services
from cid.store import audit as store
from cid.store.audit import Which


@click.command("audit")
@click.option("--tenant", metavar="SLUG", help="Of this tenant; of the platform where none is named.")
@click.option("--as", "email", metavar="EMAIL", help="What this person did.")
@click.option("--action", default="", help="As in draft.approve.")
@click.option("--target", default="", help="What it was about, as the log names it.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="Lines at most.")
@frame.data_option
@frame.json_option
def command(
    *, tenant: str | None, email: str | None, action: str, target: str, limit: int, data: Path | None, as_json: bool
) -> None:
    """The newest lines of the log first."""

    async def body(sv: Services) -> list[dict[str, Any]]:
        return await _lines(sv, tenant, email, Which(tenant=None, action=action, target=target), limit)

    lines = frame.with_services(frame.Options(data=data), body)
    if as_json:
        frame.show(lines)
        return
    for line in lines:
        click.echo(f"{line['at'][:19]}  {line['who'] or 'the desk':<20} {line['action']:<26} {line['target']}")
    if not lines:
        click.echo("Nothing on record for this.")


async def _lines(sv: Services, slug: str | None, email: str | None, which: Which, limit: int) -> list[dict[str, Any]]:
    tenant = (await people.show_tenant(sv, slug=slug)).tenant.id if slug else None
    user = None
    if email:
        user = next((user.id for user in await people.users(sv) if user.email == email.strip().lower()), None)
        if user is None:
            raise NotFound(f"Nobody has an account as {email}: `cid users list` shows who has.")
    async with _read(sv, tenant) as tx:
        wanted = Which(tenant=tenant, user=user, action=which.action, target=which.target)
        lines = await store.found(tx, wanted, limit)
        names = await store.names(tx, {line.user_id for line in lines if line.user_id})
    return [exports.audit_line(line, names) for line in lines]


def _read(sv: Services, tenant: TenantId | None) -> AbstractAsyncContextManager[Tx]:
    return sv.db.read(tenant) if tenant else sv.platform.read()
