"""A briefing as PDF in the mail of members, by a form on its page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from aiohttp import web

from cid.domain.errors import Refused
from cid.domain.ids import RunId, UserId
from cid.flows import briefing_mail
from cid.web.doors import posted
from cid.web.keys import actor, services
from cid.web.words import _

if TYPE_CHECKING:
    from collections.abc import Iterable

TO = "to-"
"""What names of checkboxes of people begin with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailing:
    """Who is to get it comes beside this, by name of the checkbox."""

    nonce: UUID
    """Of the page: whoever presses twice sends once."""


async def send(request: web.Request, form: Mailing) -> web.StreamResponse:
    who, run = actor(request), RunId(UUID(request.match_info["id"]))
    chosen = _chosen(await posted(request))
    planned = await briefing_mail.send(services(request), who, run, chosen, form.nonce)
    said = "run_mailed" if planned else "run_mailed_before"
    raise web.HTTPSeeOther(f"/t/{who.tenant.slug}/runs/{run}?said={said}")


def _chosen(fields: Iterable[str]) -> set[UserId]:
    """Raises Refused."""
    try:
        return {UserId(UUID(name[len(TO) :])) for name in fields if name.startswith(TO)}
    except ValueError:
        raise Refused(_("One of those who were chosen is nobody.")) from None
