"""How the outside fails, named once for all adapters."""

from __future__ import annotations

from enum import StrEnum

from cid.domain.errors import CidError


class HttpTrouble(StrEnum):
    """Why there is no answer at all. Statuses are answers and not listed here."""

    ADDRESS = "address"
    """Refused by us: scheme, port, credentials in the address, or a private network."""
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    REDIRECTS = "redirects"
    PROTOCOL = "protocol"
    """Cut short, or not HTTP."""
    PACKING = "packing"
    """Compressed in a way that cannot be undone."""


class HttpFailure(CidError):
    """`public` says what happened without addresses or bodies of the other side: users see it."""

    def __init__(self, trouble: HttpTrouble, public: str) -> None:
        super().__init__(f"{trouble}: {public}")
        self.trouble = trouble
        self.public = public


class ChildFailure(CidError):
    """The child was killed for taking too long or too much, or the function raised; the input is at fault, not us."""


class Stopping(CidError):
    """We are shutting down; nothing may be concluded about the other side."""
