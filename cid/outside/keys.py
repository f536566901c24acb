"""Keys for one purpose each, derived from the desk's secret (HKDF-SHA256, RFC 5869)."""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Keys:
    """`secret` is at least 32 random bytes. A key derived for one purpose tells nothing about another's."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 32:
            raise ValueError("the desk's secret has fewer than 32 bytes")
        self._secret = secret

    def __repr__(self) -> str:
        return "Keys(…)"

    def derive(self, purpose: str) -> bytes:
        """32 bytes."""
        kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"cid/v1/" + purpose.encode())
        return kdf.derive(self._secret)
