"""Values that travel through a stranger's hands and come back: `kid.payload.sig`.

The payload is JSON in base64url (RFC 4648, section 5, without padding); the signature is HMAC-SHA256 (RFC 2104) over
everything before it. `kid` only tells which key: the first of them signs, all of them are believed. Signatures are
compared as text, so that there is one spelling of each and no byte can be changed without being noticed.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Any

LONGEST = 1500
"""In characters. Ours have about 400."""


def sign(keys: Sequence[bytes], value: Mapping[str, Any]) -> str:
    """`keys`: of one purpose, the newest first, so that what was signed for one never serves another."""
    payload = _text(json.dumps(value, separators=(",", ":"), sort_keys=True).encode())
    return _signed(keys[0], payload)


def opened(keys: Sequence[bytes], token: str) -> Mapping[str, Any] | None:
    """What `sign` was given; None for everything that it did not make. Raises nothing."""
    if len(token) > LONGEST or not token.isascii():
        return None
    parts = token.split(".")
    if len(parts) != 3:
        return None
    key = next((key for key in keys if _name(key) == parts[0]), None)
    if key is None or not hmac.compare_digest(_signed(key, parts[1]), token):
        return None
    try:
        value = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error):
        return None
    return value if isinstance(value, dict) else None


def _signed(key: bytes, payload: str) -> str:
    said = f"{_name(key)}.{payload}"
    return f"{said}.{_text(hmac.digest(key, said.encode(), 'sha256'))}"


def _name(key: bytes) -> str:
    """Which key it is, and nothing about it."""
    return hashlib.sha256(b"name of " + key).hexdigest()[:8]


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
