"""Where mail is handed over, as people write it: `smtp://user@host:587`, `smtps://user@host`."""

from __future__ import annotations

import re
from email.headerregistry import Address
from email.utils import parseaddr
from ipaddress import ip_address
from urllib.parse import parse_qs, unquote, urlsplit

from cid.domain.errors import Misconfigured
from cid.domain.mail import Relay
from cid.text.names import email_of

SUBMISSION, SUBMISSIONS = 587, 465
"""RFC 6409 and RFC 8314: with STARTTLS, and under TLS from the first byte."""
_FORM = "smtp://user@host:587 or smtps://user@host:465"


def relay_of(text: str) -> Relay:
    """Raises Misconfigured. The password has a setting of its own: addresses end up in logs."""
    parts = urlsplit(text.strip())
    try:
        port = parts.port
    except ValueError:
        port = 0
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or port == 0 or parts.path.strip("/"):
        raise Misconfigured(f"CID_SMTP is not an address like {_FORM}.")
    if parts.password is not None:
        raise Misconfigured("CID_SMTP holds a password: give it as CID_SMTP_PASSWORD or CID_SMTP_PASSWORD_FILE.")
    wish = parse_qs(parts.query)
    if set(wish) - {"tls"} or wish.get("tls", ["none"]) != ["none"]:
        raise Misconfigured("CID_SMTP: the only thing that may follow is ?tls=none.")
    bare = "tls" in wish
    if bare and (parts.scheme == "smtps" or not _loopback(parts.hostname)):
        raise Misconfigured("CID_SMTP: ?tls=none is for servers on this machine (127.0.0.1, ::1) and smtp:// only.")
    return Relay(
        host=parts.hostname,
        port=port or (SUBMISSIONS if parts.scheme == "smtps" else SUBMISSION),
        user=unquote(parts.username or ""),
        wrapped=parts.scheme == "smtps",
        bare=bare,
    )


def sender_of(text: str) -> str:
    """`Desk <desk@example.org>` or the address alone, as a header has it. Raises Misconfigured."""
    name, address = parseaddr(text)
    if email_of(address) is None or not address.isascii() or re.search(r"[\x00-\x1f\x7f]", text):
        raise Misconfigured(f"CID_MAIL_FROM is {text[:80]!r}: give an address like Desk <desk@example.org>.")
    return str(Address(display_name=name, addr_spec=address)) if name else address


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
