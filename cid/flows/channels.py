"""Where a tenant publishes, and what lets us in there. Secrets go in and never come out."""

from __future__ import annotations

import asyncio
import hashlib
import re
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cid.domain.channel_kinds import KINDS
from cid.domain.errors import Conflict, Misconfigured, NotFound, Refused, Upstream
from cid.domain.ids import ChannelId, uuid7
from cid.domain.publication import ChannelKind
from cid.domain.tenants import Permission
from cid.store import audit, channels, secrets
from cid.text import domains, urls

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cid.domain.ids import TenantId
    from cid.domain.llm import Json
    from cid.domain.publication import Channel
    from cid.domain.tenants import Actor
    from cid.ports import Tx, Vault
    from cid.services import Services
    from cid.store.channels import Kept

NAME = re.compile(r"[^\x00-\x1f\x7f]{1,80}")
URL_LIMIT = 500
MOST = 20
"""Channels of one tenant."""
PER_WEEK = (1, 50)
APART = (timedelta(0), timedelta(days=7))
OWN = (Decimal(0), Decimal(200))
PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A channel as somebody wants it. An empty address is the kind's own."""

    name: str
    base_url: str = ""
    config: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a look at the other side found. `problem` is a sentence with its remedy, or nothing."""

    account: str
    lacks: tuple[str, ...]
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """How many secrets are under the newest key now, and how many no key that is known opens."""

    renewed: int
    unreadable: tuple[str, ...]


async def add(
    sv: Services, tenant: TenantId, kind: ChannelKind, wish: Wish, *, secret: str = "", actor: Actor | None
) -> ChannelId:
    """Raises Refused or Conflict. Who adds one at the command line is no person: `actor` None."""
    _may(actor)
    if kind is ChannelKind.SITE and not _operator(actor):
        raise Refused("A site of the desk is added by whoever runs it: `cid channels add --kind site`.")
    base, config = _checked(sv, kind, wish)
    key = ChannelId(uuid7(sv.clock.now()))
    secret = _secret(kind, secret) if secret else ""
    domain = await _domain(kind, base, config, secret)
    async with sv.db.tx(tenant) as tx:
        if len(await channels.kept(tx, tenant)) >= MOST:
            raise Refused(f"A tenant has at most {MOST} channels.")
        first = KINDS[kind].may_be_canonical and not any(c.canonical for c in await channels.active(tx, tenant))
        added = await channels.add(
            tx,
            tenant,
            key,
            kind=kind,
            name=wish.name.strip(),
            base_url=base,
            canonical=first,
            config=config,
            domain=domain,
        )
        if not added:
            raise Conflict(f"There is a channel called {wish.name.strip()} already.")
        if secret:
            await _seal(sv, tx, key, secret, domain)
        detail = {"kind": str(kind), "name": wish.name.strip(), "address": base, "secret": bool(secret)}
        await _note(sv, tx, actor, "channel.added", channel=key, detail=detail)
    return key


async def edit(sv: Services, tenant: TenantId, channel: ChannelId, wish: Wish, *, actor: Actor | None) -> bool:
    """Whether its secret has to be entered again: it was for whoever is at the old address.

    Raises Refused or Conflict.
    """
    _may(actor)
    async with sv.db.tx(tenant) as tx:
        old = await _locked(tx, tenant, channel)
        base, config = _checked(sv, old.kind, wish)
        if old.kind is ChannelKind.SITE and base != old.base_url and not _operator(actor):
            raise Refused("Where a site of the desk is served is changed by whoever runs it.")
        moved = _reached(old.base_url, old.config) != _reached(base, config)
        domain = old.domain if base == old.base_url and not moved else await _domain(old.kind, base, config, "")
        if not await channels.edit(
            tx, tenant, channel, name=wish.name.strip(), base_url=base, config=config, domain=domain
        ):
            raise Conflict(f"There is a channel called {wish.name.strip()} already.")
        if lost := moved and old.has_secret:
            await channels.seal(tx, tenant, channel, "", end="", domain=domain)
        detail: dict[str, Json] = {
            "name": wish.name.strip(),
            "address": base,
            "was": old.base_url,
            "secret_dropped": lost,
        }
        await _note(sv, tx, actor, "channel.changed", channel=channel, detail=detail)
    return lost


async def set_secret(sv: Services, tenant: TenantId, channel: ChannelId, secret: str, *, actor: Actor | None) -> None:
    """Raises Refused: it is not of the form that the kind's secrets have."""
    _may(actor)
    async with sv.db.tx(tenant) as tx:
        old = await _locked(tx, tenant, channel)
        secret = _secret(old.kind, secret)
        await _seal(sv, tx, channel, secret, await _domain(old.kind, old.base_url, old.config, secret))
        await _note(sv, tx, actor, "channel.secret", channel=channel, detail={"name": old.name})


async def set_active(sv: Services, tenant: TenantId, channel: ChannelId, *, wanted: bool, actor: Actor | None) -> None:
    """Switched off, nothing new is planned for it; what was approved for it before still goes out."""
    _may(actor)
    async with sv.db.tx(tenant) as tx:
        old = await _locked(tx, tenant, channel)
        await channels.activate(tx, tenant, channel, wanted=wanted)
        await _note(
            sv, tx, actor, "channel.on" if wanted else "channel.off", channel=channel, detail={"name": old.name}
        )


async def make_canonical(sv: Services, tenant: TenantId, channel: ChannelId, *, actor: Actor | None) -> None:
    """The others point at its address, and wait for it. Raises Refused."""
    _may(actor)
    async with sv.db.tx(tenant) as tx:
        old = await _locked(tx, tenant, channel)
        if not KINDS[old.kind].may_be_canonical:
            raise Refused("The original is on the desk's site or on WordPress: the others point at it.")
        if not await channels.make_canonical(tx, tenant, channel):
            raise Refused("Switch the channel on first.")
        await _note(sv, tx, actor, "channel.canonical", channel=channel, detail={"name": old.name})


async def set_pace(
    sv: Services,
    tenant: TenantId,
    channel: ChannelId,
    *,
    per_week: int,
    own_per_week: Decimal | None,
    apart: timedelta,
    actor: Actor | None,
) -> None:
    """How much may go out there. Raises Refused outside the bounds."""
    _may(actor)
    if not PER_WEEK[0] <= per_week <= PER_WEEK[1]:
        raise Refused(f"New pieces a week are {PER_WEEK[0]} to {PER_WEEK[1]}.")
    if not APART[0] <= apart <= APART[1]:
        raise Refused("Two new pieces are at most seven days apart.")
    if own_per_week is not None and not OWN[0] <= own_per_week <= OWN[1]:
        raise Refused(f"What people publish themselves is {OWN[0]} to {OWN[1]} a week.")
    async with sv.db.tx(tenant) as tx:
        old = await _locked(tx, tenant, channel)
        await channels.pace(tx, tenant, channel, per_week=per_week, own_per_week=own_per_week, apart=apart)
        detail: dict[str, Json] = {
            "name": old.name,
            "per_week": per_week,
            "own_per_week": None if own_per_week is None else str(own_per_week),
            "apart_hours": apart / timedelta(hours=1),
        }
        await _note(sv, tx, actor, "channel.pace", channel=channel, detail=detail)


async def test(sv: Services, tenant: TenantId, channel: ChannelId, *, actor: Actor | None) -> Checked:
    """Come in there, look around, and keep what was found. Changes nothing on the other side."""
    _may(actor)
    async with sv.db.read(tenant) as tx:
        at = await channels.one(tx, tenant, channel)
    if at is None:
        raise NotFound("There is no such channel.")
    found = await _look(sv, at)
    value: dict[str, Json] = {"account": found.account, "lacks": list(found.lacks), "problem": found.problem}
    async with sv.db.tx(tenant) as tx:
        await channels.checked(tx, at, value)
    return found


async def renew(sv: Services) -> Renewed:
    """Every secret that is kept, under the newest key. What no known key opens is named and stays as it is."""
    vault = _vault(sv)
    renewed, unreadable = 0, []
    for what in secrets.KEPT:
        after = ""
        while True:
            async with sv.platform.tx() as tx:
                rows = await secrets.some(tx, what, after, limit=PAGE)
                for row in rows:
                    try:
                        renewed += await secrets.replace(tx, what, row, vault.renew(row.sealed))
                    except Misconfigured:
                        unreadable.append(f"{what} {row.id}")
            if len(rows) < PAGE:
                break
            after = rows[-1].id
    return Renewed(renewed=renewed, unreadable=tuple(unreadable))


async def _look(sv: Services, channel: Channel) -> Checked:
    publisher = sv.outside.channels.get(channel.kind)
    if publisher is None:
        return Checked(account="", lacks=(), problem="Nothing here can publish on this kind of channel.")
    try:
        standing = await publisher.check(channel)
    except (Refused, Upstream, Misconfigured) as error:
        return Checked(account="", lacks=(), problem=str(error))
    return Checked(account=standing.account, lacks=tuple(standing.lacks), problem="")


def _may(actor: Actor | None) -> None:
    if actor is not None and not actor.may(Permission.MANAGE):
        raise Refused(f"As {actor.role} you may not change where the tenant publishes.")


def _operator(actor: Actor | None) -> bool:
    """Whoever runs the desk: places of the desk's own host are theirs to give."""
    return actor is None or actor.user.admin


async def _locked(tx: Tx, tenant: TenantId, channel: ChannelId) -> Kept:
    found = await channels.lock(tx, tenant, channel)
    if found is None:
        raise NotFound("There is no such channel.")
    return found


def _checked(sv: Services, kind: ChannelKind, wish: Wish) -> tuple[str, dict[str, Json]]:
    """Address and settings, or a sentence on what is wrong with them."""
    if not NAME.fullmatch(wish.name.strip()):
        raise Refused("A channel needs a name of at most 80 characters.")
    about = KINDS[kind]
    base = _address(sv, wish.base_url.strip() or about.default_address)
    config: dict[str, Json] = {}
    known = {setting.name for setting in about.settings}
    if unknown := sorted(set(wish.config) - known):
        raise Refused(f"{about.label} has no setting {unknown[0]}.")
    for setting in about.settings:
        value = wish.config.get(setting.name, "").strip()
        if setting.required and not value:
            raise Refused(f"{setting.label} is missing.")
        if len(value) > setting.longest or (setting.pattern and value and not re.fullmatch(setting.pattern, value)):
            raise Refused(f"{setting.label} is not of the form that is wanted.")
        if value:
            config[setting.name] = _address(sv, value) if setting.address else value
    return base, config


def _address(sv: Services, text: str) -> str:
    """Without a slash at the end. Plain http only where the operator allowed that very place."""
    try:
        parts = urlsplit(text)
        local = urls.host_and_port(text) in sv.policy.polling.local
    except ValueError:
        raise Refused("The address cannot be read.") from None
    if not parts.hostname or len(text) > URL_LIMIT or re.search(r"[\s<>\"\\\x00-\x1f]", text):
        raise Refused("Give the channel's address, such as https://blog.example.")
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise Refused("The address has to begin with https://: a secret is sent there.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise Refused("The address holds more than a place: leave out names, passwords and what comes after ? or #.")
    return urls.with_small_host(text).rstrip("/")


def _reached(base_url: str, config: Mapping[str, Json]) -> tuple[str, ...]:
    """Who is given the secret: the places that we would talk to, and the account."""
    places = (urlsplit(str(config.get("admin_url") or base_url)), urlsplit(base_url))
    return (*(f"{place.scheme}://{place.netloc}{place.path}" for place in places), str(config.get("user") or ""))


async def _domain(kind: ChannelKind, base_url: str, config: Mapping[str, Json], secret: str) -> str:
    """Whose readers it reaches. A house of many authors is an account each, known by what lets us in.

    It goes by the place that we talk to, never by a name that somebody only claims: nobody takes another's places.
    """
    if kind is ChannelKind.SITE:
        return channels.own_place(base_url)
    found = await asyncio.to_thread(domains.of, str(config.get("admin_url") or base_url))
    if kind is not ChannelKind.DEVTO:
        return found
    mark = hashlib.sha256(f"{found} {secret}".encode()).hexdigest()[:16] if secret else ""
    return f"{found}/{mark}" if mark else ""


def _secret(kind: ChannelKind, text: str) -> str:
    text, about = text.strip(), KINDS[kind]
    if not about.key:
        raise Refused(f"{about.label} takes no secret.")
    if not about.is_secret(text):
        raise Refused(f"This is not the form of what {about.label} calls {about.key}. {about.key_hint}")
    return text


async def _seal(sv: Services, tx: Tx, channel: ChannelId, secret: str, domain: str) -> None:
    context = f"channel:{tx.tenant}:{channel}"
    end = secret[-4:] if len(secret) >= 16 else ""
    await channels.seal(tx, tx.tenant, channel, _vault(sv).seal(secret, context), end=end, domain=domain)


def _vault(sv: Services) -> Vault:
    if sv.vault is None:
        raise Misconfigured("This desk keeps no secrets: it was started without a secret key.")
    return sv.vault


async def _note(
    sv: Services, tx: Tx, actor: Actor | None, action: str, *, channel: ChannelId, detail: Mapping[str, Json]
) -> None:
    user = actor.user.id if actor else None
    await audit.add(tx, sv.clock.now(), user, action, target=f"channel:{channel}", detail=detail)
