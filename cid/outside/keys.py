"""Keys for one purpose each, derived from the desk's secret (HKDF-SHA256, RFC 5869)."""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Keys:
    """`secret` is at least 32 random bytes. A key derived for one purpose tells nothing about another's.

    `older` are secrets that were the desk's before: what they sealed or signed is still read, and nothing new is made
    with them.
    """

    __slots__ = ("_older", "_secret")

    def __init__(self, secret: bytes, *older: bytes) -> None:
        if any(len(one) < 32 for one in (secret, *older)):
            raise ValueError("a secret of the desk has fewer than 32 bytes")
        self._secret, self._older = secret, older

    def __repr__(self) -> str:
        return "Keys(…)"

    def derive(self, purpose: str) -> bytes:
        """32 bytes."""
        return _derived(self._secret, purpose)

    def derive_all(self, purpose: str) -> tuple[bytes, ...]:
        """The newest first: make with that one, read with every one."""
        return tuple(_derived(secret, purpose) for secret in (self._secret, *self._older))


def _derived(secret: bytes, purpose: str) -> bytes:
    kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"cid/v1/" + purpose.encode())
    return kdf.derive(secret)
