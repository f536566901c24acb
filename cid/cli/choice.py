"""Which tenant a command is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from cid.domain.errors import NotFound, Refused
from cid.domain.tenants import Tenant
from cid.services import Services
from cid.store import tenants

F = TypeVar("F", bound=Callable[..., Any])


def tenant_option(command: F) -> F:
    return click.option("--tenant", metavar="SLUG", help="Of this tenant (default: the only one).")(command)


async def tenant_named(sv: Services, slug: str | None) -> Tenant:
    """The one of that name, or the only one there is. Raises NotFound, Refused."""
    async with sv.platform.read() as tx:
        if slug is not None:
            found = await tenants.by_slug(tx, slug)
            if found is None:
                raise NotFound(f"There is no tenant {slug}.")
            return found
        every = await tenants.listed(tx)
    if not every:
        raise NotFound("There is no tenant yet: `cid tenants add NAME`.")
    if len(every) > 1:
        raise Refused(f"There are several tenants: choose one with --tenant ({', '.join(t.slug for t in every[:10])}).")
    return every[0]
