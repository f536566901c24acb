"""The tabs under "Settings": where everything about a tenant that people may change is found.

A page of settings adds a line here and needs nothing else: the entry of the navigation and the row of tabs are made
of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from cid.domain.tenants import Permission
from cid.web.words import _


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    part: str
    """Of the address: what comes after `/t/SLUG/`."""
    text: str
    permission: Permission = Permission.READ
    """Who sees the tab; the page's own route says who may open it."""
    elsewhere: bool = False
    """The page has its place under another entry of the navigation: the tab leads there, and none are shown there."""


TABS: tuple[Tab, ...] = (
    Tab(part="tenant", text=_("Profile")),
    Tab(part="general", text=_("General")),
    Tab(part="people", text=_("People"), permission=Permission.PEOPLE),
    Tab(part="sources", text=_("Sources and competitors"), elsewhere=True),
    Tab(part="models", text=_("Models and budget"), permission=Permission.MANAGE, elsewhere=True),
    Tab(part="quality", text=_("Guardrails"), elsewhere=True),
    Tab(part="disclosure", text=_("Disclosure and links"), permission=Permission.MANAGE),
    Tab(part="plan", text=_("Plan"), elsewhere=True),
    Tab(part="mail", text=_("Mail")),
    Tab(part="tokens", text=_("Tokens")),
    Tab(part="audit", text=_("Log"), permission=Permission.MANAGE),
)
