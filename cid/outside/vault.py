"""Secrets at rest: Fernet (AES-128-CBC with HMAC-SHA256), under keys derived from the desk's secret.

Fernet has no associated data, so what a secret is for is sealed inside with it: a row that somebody copies to another
tenant or channel does not open there.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from cid.domain.errors import Misconfigured

if TYPE_CHECKING:
    from cid.outside.keys import Keys


class Vault:
    """Seals with the newest key and opens with every one that is known."""

    __slots__ = ("_box",)

    def __init__(self, keys: Keys) -> None:
        self._box = MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys.derive_all("vault")])

    def __repr__(self) -> str:
        return "Vault(…)"

    def seal(self, value: str, context: str) -> str:
        """`context` says what it is for, such as `channel:TENANT:ID`."""
        return self._box.encrypt(json.dumps([context, value]).encode()).decode()

    def open(self, sealed: str, context: str) -> str:
        """Raises Misconfigured: the key is another now, or the secret was sealed for something else."""
        try:
            found, value = json.loads(self._box.decrypt(sealed.encode()))
        except (InvalidToken, ValueError) as error:
            raise Misconfigured(
                "A stored secret cannot be read with today's key: give the old one as CID_OLD_SECRET_KEYS, "
                "or enter the secret again."
            ) from error
        if found != context:
            raise Misconfigured("A stored secret was sealed for something else: enter it again.")
        return str(value)

    def renew(self, sealed: str) -> str:
        """The same under the newest key. Raises Misconfigured."""
        try:
            return self._box.rotate(sealed.encode()).decode()
        except InvalidToken as error:
            raise Misconfigured("A stored secret cannot be read with any key that is known.") from error
