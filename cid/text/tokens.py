"""Secrets that stand in an address or a cookie, and what is stored of them."""

from __future__ import annotations

import hashlib
import hmac
import secrets


def new_token() -> str:
    """256 random bits, fit for an address."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """256 random bits need no salt and no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def keyed(key: bytes, what: str) -> str:
    """`what` under a key of ours (HMAC-SHA256), so that a table that counts it tells nobody what it was."""
    return hmac.digest(key, what.encode("utf-8", "surrogatepass"), "sha256").hex()
