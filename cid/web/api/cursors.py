"""Where a list goes on: the row after which it does, in a form that is not to be made up."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from cid.web.api.problems import Trouble
from cid.web.api.shapes import EARLIEST, LATEST, Wrong

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    T = TypeVar("T")

LONGEST = 600


def page(rows: Sequence[T], limit: int, mark: Callable[[T], tuple[str, UUID]]) -> tuple[Sequence[T], str | None]:
    """The first `limit` rows, and the cursor for those after them; `rows` has one more where there are any."""
    shown = rows[:limit]
    return shown, cursor(*mark(shown[-1])) if len(rows) > limit else None


def cursor(place: str, row: UUID) -> str:
    """`place` is what the list is sorted by, before the id."""
    return base64.urlsafe_b64encode(row.bytes + place.encode()).decode().rstrip("=")


def after(said: str | None) -> tuple[str, UUID] | None:
    """Raises Trouble for what we did not write. It only chooses among the tenant's own rows, so it is not signed."""
    if said is None:
        return None
    try:
        raw = base64.b64decode(said.encode("ascii") + b"=" * (-len(said) % 4), altchars=b"-_", validate=True)
        place = raw[16:].decode()
        if len(raw) < 16 or "\0" in place:
            raise ValueError  # noqa: TRY301 - one way out for all that cannot be
        return place, UUID(bytes=raw[:16])
    except (ValueError, binascii.Error):
        raise _wrong() from None


def moment_after(said: str | None) -> tuple[datetime, UUID] | None:
    """Of a list that is sorted by a moment."""
    found = after(said)
    if found is None:
        return None
    try:
        moment = datetime.fromisoformat(found[0])
    except ValueError:
        raise _wrong() from None
    if moment.tzinfo is None or not EARLIEST <= moment.year <= LATEST:
        raise _wrong()
    return moment, found[1]


def _wrong() -> Trouble:
    wrong = [Wrong("cursor", "is none of ours.")]
    return Trouble("bad_request", "A parameter is wrong.", wrong=wrong, query=True)
