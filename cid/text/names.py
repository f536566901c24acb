"""What people type when they name themselves or an organisation."""

from __future__ import annotations

import re

_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f.]+(\.[^@\s\x00-\x1f\x7f.]+)*")
RESERVED = "platform"
"""The short name of the platform's own account."""
SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")


def email_of(text: str) -> str | None:
    """The address in lower case; None where there is none. Whether mail arrives there, only mail can tell."""
    email = text.strip().lower()
    return email if len(email) <= 254 and _EMAIL.fullmatch(email) else None


def slug_of(name: str) -> str:
    """A short name for addresses: lower-case letters, digits and single hyphens, at most 40."""
    words = "".join(c if c.isascii() and c.isalnum() else " " for c in name.lower()).split()
    short = "-".join(words)[:40].strip("-") or "desk"
    return f"{short}-desk" if short == RESERVED else short
