"""What each kind of channel wants to be told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cid.domain.publication import ChannelKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One field beside the address. Never a secret."""

    name: str
    label: str
    hint: str = ""
    required: bool = False
    address: bool = False
    """Another address that we would talk to: checked as the channel's own."""
    longest: int = 200
    pattern: str = ""
    """Of the whole value, where only some values make sense."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    label: str
    address_hint: str
    default_address: str = ""
    key: str = ""
    """What the secret is called there; empty: it takes none."""
    key_hint: str = ""
    key_pattern: str = r"\S(.{0,498}\S)?"
    settings: tuple[Setting, ...] = ()
    may_be_canonical: bool = False
    """Its address can stand for the original; every other kind points at one."""

    def is_secret(self, text: str) -> bool:
        return bool(self.key) and re.fullmatch(self.key_pattern, text) is not None


KINDS: Mapping[ChannelKind, About] = {
    ChannelKind.SITE: About(
        label="Site of the desk",
        address_hint="Where the folder with the finished pages is served.",
        may_be_canonical=True,
    ),
    ChannelKind.WORDPRESS: About(
        label="WordPress",
        address_hint="The address of the site, without /wp-json.",
        key="Application password",
        key_hint="In WordPress: Users → Profile → Application Passwords. Not the password that people sign in with.",
        settings=(
            Setting(
                name="user",
                label="User name",
                hint="An editor's, or an author's who may publish. Whose posts they will be.",
                required=True,
            ),
            Setting(
                name="categories", label="Categories", hint="Of every post, with commas between them; three at most."
            ),
            Setting(
                name="default_category",
                label="Category to fall back on",
                hint="One that the site has, for a user who may not make those above.",
            ),
            Setting(
                name="retract_to",
                label="A post that is taken back becomes",
                hint="draft (as long as nothing is said here) or trash.",
                pattern="draft|trash",
            ),
        ),
        may_be_canonical=True,
    ),
    ChannelKind.DEVTO: About(
        label="Dev.to",
        address_hint="Dev.to itself, or another community that runs on Forem.",
        default_address="https://dev.to",
        key="API key",
        key_hint="On Dev.to: Settings → Extensions → DEV Community API Keys.",
    ),
    ChannelKind.GHOST: About(
        label="Ghost",
        address_hint="The address that readers see.",
        key="Admin API key",
        key_hint="In Ghost: Settings → Integrations → Add custom integration → Admin API key, with its colon.",
        key_pattern=r"[0-9a-f]{24}:[0-9a-f]{64}",
        settings=(
            Setting(
                name="admin_url",
                label="Address of the admin",
                hint="Only where it is another one, such as https://acme.ghost.io.",
                address=True,
            ),
        ),
    ),
}
