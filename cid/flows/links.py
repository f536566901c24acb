"""Links in mails: whose one is, whether it still counts, what its page proves, and a fresh one for one that ran out.

Opening one reads and changes nothing, whoever opens it: programs that guard mailboxes follow every address. A decision
wants the nonce that the page was made with, and names what that page showed.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cid.domain.draft import DraftState
from cid.domain.errors import Deferred
from cid.domain.ids import VersionId, uuid7
from cid.domain.jobs import JobKind, NewJob
from cid.domain.mail import MailKind
from cid.domain.tenants import Actor, Permission, User
from cid.queue import jobs, limits
from cid.render import letters
from cid.render.article import read_article
from cid.render.letters import Button
from cid.store import drafts, mails, people, review_links, tenants
from cid.text import review_tokens, signing

if TYPE_CHECKING:
    from cid.domain.draft import Draft
    from cid.ports import Tx
    from cid.services import Services
    from cid.store.review_links import Held
    from cid.text.review_tokens import ReviewToken

NONCE = "link:nonce"
LIFE = timedelta(hours=2)
"""Of a nonce: as long as a reading with a break in it."""
QUARTER = timedelta(minutes=15)
PER_LINK, PER_ADDRESS = 20, 60
"""Forms sent in a quarter of an hour."""
FRESH_EVERY, FRESH_AT_ONCE = timedelta(minutes=15), 2


class Standing(StrEnum):
    """What a link is good for. Everything but OPEN shows nothing of the draft's text."""

    OPEN = "open"
    WAITING = "waiting"
    """The current version is being reviewed."""
    HELD = "held"
    """The review held it: who signs in decides."""
    USED = "used"
    DECIDED = "decided"
    """By another way than this link."""
    REVOKED = "revoked"
    """It ended with a decision that was taken back since."""
    EXPIRED = "expired"
    PAUSED = "paused"
    """The tenant is."""
    SMALL = "small"
    """Its holder may not decide any more."""
    GONE = "gone"
    """Its holder is no member any more, or was switched off."""
    FORGED = "forged"
    """Damaged, made up, or of a tenant that is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    standing: Standing
    token: ReviewToken | None = None
    held: Held | None = None
    draft: Draft | None = None
    actor: Actor | None = None
    """Whose link it is, in the tenant that it is for, with the role they have now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a page showed that a form came from."""

    version: VersionId
    sha256: str
    at: datetime
    compared: bool
    """With the version that the mail told of."""


async def opened(sv: Services, text: str) -> Opened:
    """What came in an address. Reads only."""
    token = review_tokens.read(sv.keys.derive_all(review_tokens.PURPOSE), text)
    if token is None:
        return Opened(standing=Standing.FORGED)
    async with sv.db.read(token.tenant) as tx:
        held = await review_links.by_id(tx, token.tenant, token.id)
        draft = await drafts.by_id(tx, token.tenant, token.draft)
        tenant = await tenants.by_id(tx, token.tenant)
    if held is None or draft is None or tenant is None or (held.draft_id, held.user_id) != (token.draft, token.user):
        return Opened(standing=Standing.FORGED)
    async with sv.platform.read() as tx:
        account = await people.by_id(tx, token.user)
    if account is None or held.role is None:
        return Opened(standing=Standing.GONE, token=token, held=held, draft=draft)
    user = User(id=account.id, email=account.email, name=account.name, admin=False)
    actor = Actor(user=user, tenant=tenant, role=held.role)
    standing = _standing(held, draft, actor)
    return Opened(standing=standing, token=token, held=held, draft=draft, actor=actor)


def _standing(held: Held, draft: Draft, actor: Actor) -> Standing:
    """The first that applies; what a person may do comes before what became of the draft."""
    waits = draft.state in {DraftState.READY, DraftState.HELD, DraftState.WRITTEN}
    in_the_way = (
        (not actor.may(Permission.DECIDE), Standing.SMALL),
        (held.paused, Standing.PAUSED),
        (held.used_at is not None, Standing.USED),
        (not waits, Standing.DECIDED),
        (held.revoked_at is not None, Standing.REVOKED),
        (held.expired, Standing.EXPIRED),
        (draft.state is DraftState.HELD, Standing.HELD),
        (draft.state is DraftState.WRITTEN, Standing.WAITING),
    )
    return next((standing for applies, standing in in_the_way if applies), Standing.OPEN)


def nonce(sv: Services, held: Held, version: VersionId, sha256: bytes, *, compared: bool) -> str:
    """What a form of the page brings back: that this page was made, when, and of what."""
    said: dict[str, Any] = {
        "link": held.id.hex,
        "version": version.hex,
        "sha256": sha256.hex(),
        "at": int(sv.clock.now().timestamp()),
        "compared": compared,
    }
    return signing.sign(sv.keys.derive_all(NONCE), said)


def shown(sv: Services, held: Held, text: str) -> Shown | None:
    """None for a nonce that was not made for this link, or too long ago."""
    said = signing.opened(sv.keys.derive_all(NONCE), text)
    if said is None or said["link"] != held.id.hex:
        return None
    at = datetime.fromtimestamp(said["at"], UTC)
    if not timedelta(seconds=-60) <= sv.clock.now() - at <= LIFE:
        return None
    return Shown(
        version=VersionId(UUID(said["version"])), sha256=said["sha256"], at=at, compared=bool(said["compared"])
    )


async def count(sv: Services, held: Held, address: str) -> None:
    """One form sent by this link, from this network address. Raises Deferred when there were too many."""
    keys = ((f"link:{held.id}", PER_LINK), (f"link:{marked(sv, address)}", PER_ADDRESS))
    async with sv.platform.tx() as tx:
        waits = [await limits.take(tx, key, QUARTER / most, most) for key, most in keys]
    until = max((wait for wait in waits if wait), default=None)
    if until:
        raise Deferred("Too many forms were sent by this link.", until=until)


def marked(sv: Services, address: str) -> str:
    """A network address as it is kept: under a key of ours, so that nobody reads it back."""
    return hmac.digest(sv.keys.derive("addresses"), address.encode("utf-8", "replace"), "sha256").hex()[:32]


async def fresh(sv: Services, text: str) -> None:
    """Mail a new link to whom an expired or ended one was for, at the address that is on file.

    Whoever asks is told the same, whatever became of it: the link may be in anybody's hands.
    """
    found = await opened(sv, text)
    if found.standing not in {Standing.EXPIRED, Standing.REVOKED} or not found.held or not found.actor:
        return
    async with sv.platform.tx() as tx:
        key = f"link-fresh:{found.actor.user.id}:{found.held.draft_id}"
        if await limits.take(tx, key, FRESH_EVERY, FRESH_AT_ONCE):
            return
    async with sv.db.tx(found.actor.tenant.id) as tx:
        await _mail(sv, tx, found.actor, found.held)


async def _mail(sv: Services, tx: Tx, actor: Actor, held: Held) -> None:
    keys, now = sv.keys.derive_all(review_tokens.PURPOSE), sv.clock.now()
    url = await review_links.make(tx, keys=keys, base_url=sv.base_url, draft=held.draft_id, user=actor.user.id, now=now)
    draft = await drafts.by_id(tx, tx.tenant, held.draft_id)
    version = await drafts.version(tx, tx.tenant, draft.current_version_id) if draft else None
    if url is None or version is None:
        return
    title = read_article(version.article).title
    letter = letters.letter(
        to=actor.user.email,
        subject=f"To review: {title} – {actor.tenant.name}",
        paragraphs=[f"Here is the fresh link you asked for to “{title}”. It works once, and only for you."],
        button=Button(label="Review", url=url),
        after=["You asked for it on the page of a link that had run out. If you did not, there is nothing to do."],
    )
    mail = uuid7(now)
    sealed = _sealed(sv, letters.packed(letter), f"mail:{mail}")
    planned = await mails.add(
        tx,
        mail,
        tenant=tx.tenant,
        kind=MailKind.LINK,
        key=mail.hex,
        user=actor.user.id,
        address=actor.user.email,
        subject=letter.subject,
        sealed=sealed,
    )
    if planned:
        await jobs.enqueue(tx, NewJob(kind=JobKind.MAIL, tenant=tx.tenant, payload={"mail": str(mail)}))


def _sealed(sv: Services, text: str, context: str) -> str:
    assert sv.vault is not None
    return sv.vault.seal(text, context)
