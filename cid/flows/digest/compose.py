"""What a digest says, and the mail that says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from cid.domain.digest import Changed, Digest, Item, Reader, Waiting
from cid.domain.draft import DraftState
from cid.domain.ids import RunId, uuid7
from cid.domain.jobs import JobKind, NewJob
from cid.domain.mail import Letter, MailKind
from cid.domain.monitor import VEILED
from cid.domain.run import Tlp
from cid.domain.tenants import GRANTS, Permission
from cid.ports import Tx
from cid.queue import jobs as queue
from cid.render import digest as rendering
from cid.render import letters
from cid.services import Services
from cid.store import digests, mails, review_links
from cid.text import hours, review_tokens, unsubscribing

NAGGED = timedelta(days=14)
"""For so long a publication in trouble is told of again every day."""
URGENT_FOR = timedelta(hours=6)
"""After that the mail about an urgent draft is not sent any more: it is in the digest."""
LEAST = timedelta(hours=1)
"""A mail that is planned shortly before midnight still has so long to be sent."""


async def gathered(sv: Services, reader: Reader, day: date) -> Digest:
    """For the digest of `day`; published is what went live the day before, where the reader is."""
    start, _end = hours.bounds(day, reader.zone)
    before, _ = hours.bounds(day - timedelta(days=1), reader.zone)
    granted, tenant = GRANTS[reader.role], reader.tenant_id
    states = [DraftState.READY]
    if Permission.OVERRIDE in granted:
        states.append(DraftState.HELD)
    home = f"{sv.base_url}/t/{reader.slug}"
    token = unsubscribing.write(sv.keys.derive_all(unsubscribing.PURPOSE), tenant, reader.user_id)
    async with sv.db.read(tenant) as tx:
        waiting, to_review = await digests.waiting(tx, tenant, states)
        live, lives = await digests.live(tx, tenant, before, start)
        trouble, troubles = await digests.trouble(tx, tenant, sv.clock.now() - NAGGED)
        ailing, ailings = await digests.ailing(tx, tenant)
        changed, changes = (
            await digests.changed(tx, tenant, before, start) if Permission.ANALYSE in granted else ([], 0)
        )
        pending = await digests.pending(tx, tenant)
        spent, cap = await digests.spent(tx, tenant, sv.clock.now().date() - timedelta(days=1), sv.caps.per_day)
    return Digest(
        tenant=reader.tenant,
        day=day,
        home=home,
        items=[_page_of(home, draft) for draft in waiting],
        to_review=to_review,
        live=live,
        lives=lives,
        trouble=trouble,
        troubles=troubles,
        ailing=ailing,
        ailings=ailings,
        pending=pending,
        changed=changed,
        changes=changes,
        spent=spent,
        cap=cap,
        settings=f"{home}/mail",
        unsubscribe=f"{sv.base_url}/u/{token}",
    )


def _page_of(home: str, draft: Waiting) -> Item:
    return Item(draft=draft, url=f"{home}/drafts/{draft.id}", direct=False)


async def planned(sv: Services, tx: Tx, reader: Reader, value: Digest, *, key: str) -> bool:
    """In a transaction of the tenant. False: it was there already."""
    items = await _linked(sv, tx, reader, value.items)
    letter = headed(sv, rendering.letter(reader.email, replace(value, items=items)), value.unsubscribe)
    until = _until(sv, reader, value.day)
    return await posted(sv, tx, reader, letter, kind=MailKind.DIGEST, key=key, until=until, tells=_tells(value.changed))


def _tells(changed: Sequence[Changed]) -> Mapping[RunId, Tlp]:
    return {one.run_id: one.tlp for one in changed if one.tlp not in VEILED}


async def urged(sv: Services, tx: Tx, reader: Reader, draft: Waiting) -> bool:
    """Plan the mail about an urgent draft, in a transaction of the tenant. False: it was there already."""
    home = f"{sv.base_url}/t/{reader.slug}"
    [item] = await _linked(sv, tx, reader, [_page_of(home, draft)])
    letter = rendering.urgent_letter(reader.email, reader.tenant, item, f"{home}/mail")
    until = sv.clock.now() + URGENT_FOR
    return await posted(sv, tx, reader, letter, kind=MailKind.BREAKING, key=str(draft.id), until=until)


def headed(sv: Services, letter: Letter, unsubscribe: str) -> Letter:
    """One click ends it: RFC 8058, with RFC 2369 beside it where somebody reads such mail."""
    also = f", <mailto:{sv.unsubscribe_to}?subject=unsubscribe>" if sv.unsubscribe_to else ""
    more = {
        "List-Unsubscribe": f"<{unsubscribe}>{also}",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    return replace(letter, headers={**letter.headers, **more})


async def posted(
    sv: Services,
    tx: Tx,
    reader: Reader,
    letter: Letter,
    *,
    kind: MailKind,
    key: str,
    until: datetime,
    tells: Mapping[RunId, Tlp] | None = None,
) -> bool:
    """Plan it, and the job that sends it. False: it was there already. `tells`: see `mails.add`."""
    assert sv.vault is not None
    mail = uuid7(sv.clock.now())
    added = await mails.add(
        tx,
        mail,
        tenant=reader.tenant_id,
        kind=kind,
        key=key,
        user=reader.user_id,
        address=reader.email,
        subject=letter.subject,
        sealed=sv.vault.seal(letters.packed(letter), f"mail:{mail}"),
        until=until,
        tells=tells,
    )
    if added:
        await queue.enqueue(tx, NewJob(kind=JobKind.MAIL, tenant=reader.tenant_id, payload={"mail": str(mail)}))
    return added


async def _linked(sv: Services, tx: Tx, reader: Reader, items: Sequence[Item]) -> list[Item]:
    """One link each that needs no sign-in, for whoever may decide; a held draft is looked at after signing in."""
    if Permission.DECIDE not in GRANTS[reader.role]:
        return list(items)
    keys, now, found = sv.keys.derive_all(review_tokens.PURPOSE), sv.clock.now(), []
    for item in items:
        url = (
            await review_links.make(
                tx, keys=keys, base_url=sv.base_url, draft=item.draft.id, user=reader.user_id, now=now
            )
            if item.draft.state is DraftState.READY
            else None
        )
        found.append(replace(item, url=url, direct=True) if url else item)
    return found


def _until(sv: Services, reader: Reader, day: date) -> datetime:
    """The end of the day where the reader is."""
    _start, end = hours.bounds(day, reader.zone)
    return max(end, sv.clock.now() + LEAST)
