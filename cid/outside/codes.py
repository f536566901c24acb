"""Codes of six digits from a program on somebody's telephone (TOTP, RFC 6238), and what stands in when it is lost."""

from __future__ import annotations

import hashlib
import hmac
import io
import re
import secrets
from datetime import datetime

import pyotp
import segno

STEP_S = 30
"""How long a code is shown (RFC 6238, section 4.1)."""
SKEW = 1
"""Steps that a clock may be off, either way (RFC 6238, section 5.2)."""
RECOVERY = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def new_secret() -> str:
    """160 random bits in base 32, as RFC 4226 (section 4) wants at least."""
    return pyotp.random_base32(32)


def address(secret: str, email: str, desk: str) -> str:
    """What the program on the telephone reads: `otpauth://totp/…`."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=desk)


def drawing(text: str, title: str) -> str:
    """A QR code as SVG for a page: dark on white in either colour scheme, because cameras want it so."""
    out = io.BytesIO()
    code = segno.make(text, error="m", micro=False)
    code.save(
        out,
        kind="svg",
        scale=5,
        dark="#000",
        light="#fff",
        title=title,
        svgclass="qr",
        lineclass=None,
        xmldecl=False,
        svgns=False,
        nl=False,
    )
    return out.getvalue().decode()


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """Whose step of time `code` is, near now; None for any other code."""
    typed = "".join(code.split())
    if not (typed.isascii() and typed.isdigit() and len(typed) == 6):
        return None
    here = int(now.timestamp()) // STEP_S
    hotp = pyotp.HOTP(secret)
    found = [step for step in range(here - SKEW, here + SKEW + 1) if hmac.compare_digest(hotp.at(step), typed)]
    return found[-1] if found else None


def new_recovery() -> list[str]:
    """Ten codes of 79 random bits in four groups, of letters that are hard to mistake."""
    return ["-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4)) for _ in range(RECOVERY)]


def recovery_hash(code: str) -> bytes:
    """As stored. Dashes, spaces and capitals are as people type them; 79 random bits need no slow hash."""
    return hashlib.sha256(re.sub(r"[\s-]+", "", code).lower().encode("utf-8", "replace")).digest()
