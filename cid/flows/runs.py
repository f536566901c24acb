"""What people do with runs of the analysis desk: start one or some together, stop one, say with whom it is shared."""
# ruff: noqa: ARG001

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cid.domain.errors import Refused
from cid.domain.run import Tlp, Wish
from cid.domain.tenants import Actor

if TYPE_CHECKING:
    from cid.domain.ids import RunBatchId, RunId
    from cid.services import Services


async def start(sv: Services, actor: Actor, wish: Wish, *, tlp: str = Tlp.AMBER) -> RunId:
    """One run, queued. Raises Refused: a sentence of what is wrong with the wish."""
    raise Refused("Nothing can be started yet.")


async def start_batch(
    sv: Services, actor: Actor, name: str, wishes: Sequence[Wish], *, tlp: str = Tlp.AMBER
) -> RunBatchId:
    """All of them or none. Raises Refused: which of them, and what is wrong with it."""
    raise Refused("Nothing can be started yet.")


async def cancel(sv: Services, actor: Actor, run_id: RunId) -> bool:
    """False: it is being scored, or over. Raises Refused, NotFound."""
    raise Refused("Nothing can be stopped yet.")


async def share(sv: Services, actor: Actor, run_id: RunId, tlp: str) -> None:
    """With whom it may be shared from now on. Raises Refused, NotFound."""
    raise Refused("Nothing can be shared yet.")
