"""What people confirmed and rejected, as sentences that a classifier can learn from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cid.briefing.cases import Case
from cid.domain.ids import TenantId
from cid.domain.narratives import MatchVerdict
from cid.services import Services
from cid.store import decided
from cid.store.decided import Decided
from cid.text.prose import sentences


async def cases_of(sv: Services, tenant: TenantId) -> list[Case]:
    """Of one tenant alone. A rejected sentence is one of nothing, unless another match in it was confirmed."""
    async with sv.db.read(tenant) as tx:
        found = await decided.decided(tx, tenant)
    return list(_cases(found))


def _cases(found: Iterable[Decided]) -> Iterator[Case]:
    for one in found:
        confirmed = frozenset([one.narrative] if one.verdict is MatchVerdict.CONFIRMED else [])
        yield from (Case(text=sentence, narratives=confirmed) for sentence in _sentences(one))


def _sentences(one: Decided) -> list[str]:
    """The title, or the sentences of the text that hold a span."""
    if any(span.start < len(one.title) for span in one.spans) or not one.text:
        return [one.title] if one.title else []
    marked = {" ".join(span.text.split()) for span in one.spans}
    return [sentence for sentence in sentences(one.text) if any(mark in sentence for mark in marked)]
