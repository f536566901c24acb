"""A mail server on loopback: aiosmtpd, told what to do with the next letters."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HANGS_UP, IS_SILENT = "hangs up", "is silent"


@dataclass
class Box:
    """What arrived, and what is answered to whom: a reply, or `HANGS_UP`, or `IS_SILENT`."""

    letters: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    to_sender: str = ""
    to_recipient: dict[str, str] = field(default_factory=dict)
    to_letter: list[str] = field(default_factory=list)
    """For the next letters, one each; empty: taken."""
    keeps: bool = True
    """A letter that is answered with silence has arrived all the same."""
    users: dict[str, str] = field(default_factory=dict)
    logins: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd names it
        self, _server: Any, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.to_sender:
            return self.to_sender
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: Any, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.to_recipient.get(address, "")
        if answer in {HANGS_UP, IS_SILENT}:
            return await self._odd(server, answer)
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        answer = self.to_letter.pop(0) if self.to_letter else ""
        if not answer or (answer in {HANGS_UP, IS_SILENT} and self.keeps):
            assert isinstance(envelope.content, bytes)
            self.letters.append(message_from_bytes(envelope.content, policy=default))
            self.envelopes.append(envelope)
            self.arrived.set()
        if answer in {HANGS_UP, IS_SILENT}:
            return await self._odd(server, answer)
        return answer or "250 taken"

    async def _odd(self, server: Any, answer: str) -> str:
        if answer == HANGS_UP:
            server.transport.abort()
        else:
            await asyncio.Event().wait()
        return "250 too late"

    def authenticated(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        self.logins += 1
        assert isinstance(data, LoginPassword)
        good = self.users.get(data.login.decode()) == data.password.decode()
        return AuthResult(success=good, handled=False)


@asynccontextmanager
async def serving(
    box: Box, *, tls: ssl.SSLContext | None = None, wrapped: bool = False, **options: Any
) -> AsyncIterator[int]:
    """The port. `tls` without `wrapped` is offered by STARTTLS."""
    loop = asyncio.get_running_loop()
    open_now: list[SMTP] = []

    def connected() -> SMTP:
        more: dict[str, Any] = {"tls_context": tls, "require_starttls": False} if tls and not wrapped else {}
        if box.users:
            more |= {"authenticator": box.authenticated, "auth_require_tls": False}
        open_now.append(SMTP(box, hostname="mail.test", loop=loop, **more, **options))
        return open_now[-1]

    listening = await loop.create_server(connected, "127.0.0.1", 0, ssl=tls if wrapped else None)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        for one in open_now:
            if isinstance(one.transport, asyncio.Transport):
                one.transport.abort()
            if one._handler_coroutine is not None and not one._handler_coroutine.done():
                one._handler_coroutine.cancel()
                await asyncio.gather(one._handler_coroutine, return_exceptions=True)
        await listening.wait_closed()


@asynccontextmanager
async def saying(lines: Sequence[bytes]) -> AsyncIterator[int]:
    """A server that greets with the first line and answers every command with the next; then it hangs up."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for line in lines:
                writer.write(line + b"\r\n")
                await writer.drain()
                if not await reader.readline():
                    break
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


def certified(folder: Path, names: Callable[[], Sequence[x509.GeneralName]] | None = None) -> ssl.SSLContext:
    """A server's context with a certificate that only `trusting` knows."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    known = names() if names else [x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(known), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def trusting(folder: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(folder / "cert.pem"))
