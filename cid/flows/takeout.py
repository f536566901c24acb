"""A tenant's sources, written to a file."""

from __future__ import annotations

from cid.domain.tenants import Tenant
from cid.render.opml import Outline, opml
from cid.services import Services
from cid.sources.kinds import KINDS, Takes
from cid.sources.options import specs
from cid.store import takeout
from cid.store.takeout import Kept
from cid.text import urls


async def export(sv: Services, tenant: Tenant, *, with_secrets: bool = False) -> str:
    """OPML with all settings. Without `with_secrets`, whoever reads the file learns no key and no password: such
    sources are listed, but cannot be read back."""
    async with sv.db.read(tenant.id) as tx:
        kept = await takeout.all_of(tx, tenant.id)
    return opml(tenant.name, (_outline(one, with_secrets=with_secrets) for one in kept))


def _outline(kept: Kept, *, with_secrets: bool) -> Outline:
    about = KINDS.get(kept.kind)
    secrets = {spec.name for spec in specs(about.settings) if spec.secret} & set(kept.config) if about else set()
    withheld = not with_secrets and bool(secrets or urls.secret(kept.url))
    made_of_settings = about is not None and about.takes is Takes.NOTHING
    return Outline(
        url="" if made_of_settings else urls.shown(kept.url) if withheld else kept.url,
        title=kept.title,
        kind=kept.kind,
        config={name: value for name, value in kept.config.items() if with_secrets or name not in secrets},
        trust=kept.trust,
        role=kept.role,
        interval_s=kept.interval_s,
        active=kept.active,
        full_text=kept.full_text,
        replace_itself=kept.replace_itself,
        private=kept.private,
        withheld=withheld,
    )
