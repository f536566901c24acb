"""Letters, handed over by SMTP submission (RFC 5321, 6409, 8314) to the one server that takes our mail.

What a server says is told apart by what follows from it. Before all of a letter was given away nothing happened, and
it may be tried again; from the first byte of its body on, silence means that nobody knows.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from datetime import timedelta
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, formataddr, parseaddr
from typing import TYPE_CHECKING

from aiosmtplib import SMTP
from aiosmtplib.errors import (
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)

from cid.domain.errors import CidError, Misconfigured, Refused, Unanswered, Upstream
from cid.domain.mail import ATTACHED

if TYPE_CHECKING:
    from cid.domain.mail import Letter, Relay
    from cid.ports import Clock

LARGEST = 1_000_000
"""Bytes of a letter without what is attached: a larger one is a defect."""
GREYLISTED = timedelta(minutes=5)
"""RFC 6647: who is told to come back for one recipient comes back after minutes, not seconds."""
OURS = frozenset({"from", "to", "subject", "date", "message-id", "auto-submitted", "mime-version", "content-type"})
FOLD = 76
_WANTS_LOGIN = frozenset({530, 534, 535, 538})
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")
_MIME = re.compile(r"(application|image)/[a-z0-9.+-]{1,60}")
_DOTS = re.compile(rb"^\.", re.MULTILINE)


class SmtpMailer:
    """Satisfies `ports.Mailer`. A connection a letter: mail is rare, and a connection that was kept is often dead.

    `command_s` is how long each answer but the last may take, `answer_s` the one to the whole letter (RFC 5321 allows
    ten minutes: a server may look into it first), in seconds.
    """

    def __init__(
        self,
        relay: Relay,
        clock: Clock,
        *,
        sender: str,
        password: str = "",
        greets_as: str = "localhost",
        tls: ssl.SSLContext | None = None,
        command_s: float = 30.0,
        answer_s: float = 300.0,
    ) -> None:
        self._relay, self._clock, self._password = relay, clock, password
        self._sender, self._greets_as = sender, greets_as
        self._tls, self._command_s, self._answer_s = tls, command_s, answer_s

    def __repr__(self) -> str:
        return f"SmtpMailer({self._relay.host}:{self._relay.port})"

    async def send(self, letter: Letter) -> str:
        message = await asyncio.to_thread(self._wire, letter)
        smtp = await self._connection()
        try:
            try:
                async with asyncio.timeout(6 * self._command_s):
                    await self._enter(smtp)
                    await self._address(smtp, letter.to)
            except (SMTPException, OSError) as error:
                raise self._told(error) from error
            answer = await self._give(smtp, message)
            await self._part(smtp)
            return answer
        finally:
            smtp.close()

    async def look(self) -> None:
        """Come in, and leave. Raises Upstream or Misconfigured."""
        smtp = await self._connection()
        try:
            async with asyncio.timeout(6 * self._command_s):
                await self._enter(smtp)
            await self._part(smtp)
        except (SMTPException, OSError) as error:
            raise self._told(error) from error
        finally:
            smtp.close()

    async def _connection(self) -> SMTP:
        if self._tls is None and not self._relay.bare:
            self._tls = await asyncio.to_thread(ssl.create_default_context)
        return SMTP(
            hostname=self._relay.host,
            port=self._relay.port,
            local_hostname=self._greets_as,
            timeout=self._command_s,
            use_tls=self._relay.wrapped,
            start_tls=False,
            tls_context=self._tls,
        )

    async def _enter(self, smtp: SMTP) -> None:
        await smtp.connect()
        await smtp.ehlo()
        if not (self._relay.wrapped or self._relay.bare):
            if not smtp.supports_extension("starttls"):
                raise Misconfigured(f"{self._place} offers no TLS: nothing was sent. Use a port that does.")
            await smtp.starttls()
            await smtp.ehlo()
        if self._relay.user:
            await smtp.login(self._relay.user, self._password)

    async def _address(self, smtp: SMTP, to: str) -> None:
        """The envelope. Raises Refused for an address that this server cannot write to."""
        address, utf8 = _written(to)
        if utf8 and not smtp.supports_extension("smtputf8"):
            raise Refused("The mail server cannot write to an address with such letters.")
        _name, sender = parseaddr(self._sender)
        if utf8:
            await smtp.mail(sender, options=["SMTPUTF8"])
            await smtp.rcpt(address, encoding="utf-8")
        else:
            await smtp.mail(sender)
            await smtp.rcpt(address)

    async def _give(self, smtp: SMTP, message: bytes) -> str:
        """The body. Raises Unanswered from its first byte on, unless the server says that it took nothing."""
        try:
            start = await smtp.execute_command(b"DATA")
        except (SMTPException, OSError) as error:
            raise self._told(error) from error
        if start.code != 354:
            raise self._told(SMTPDataError(start.code, start.message))
        protocol = smtp.protocol
        if protocol is None:
            raise Upstream(f"{self._place} hung up.")
        try:
            protocol.write(message)
            answer = await protocol.read_response(timeout=self._answer_s)
        except SMTPResponseException as error:
            raise Unanswered(f"{self._place} took the whole letter and said nothing that can be read.") from error
        except (SMTPServerDisconnected, SMTPTimeoutError, OSError) as error:
            raise Unanswered(f"{self._place} fell silent after it had been given the whole letter.") from error
        if answer.code != 250:
            raise self._told(SMTPDataError(answer.code, answer.message))
        return _said(answer.code, answer.message)

    async def _part(self, smtp: SMTP) -> None:
        """It has been taken over: whether the server says goodbye is its own affair."""
        try:
            await smtp.quit()
        except (SMTPException, OSError):
            return

    def _told(self, error: Exception) -> CidError:
        """What follows from it, when nothing was taken over."""
        if isinstance(error, CidError):
            return error
        if isinstance(error, SMTPResponseException):
            return self._answered(error, error.code, _said(error.code, error.message))
        if any(isinstance(cause, ssl.SSLError) for cause in _causes(error)):
            return Misconfigured(f"{self._place} cannot be trusted: {_line(str(error))[:200]}. Nothing was sent.")
        if isinstance(error, OSError):
            return Upstream(f"{self._place} does not answer: {_line(str(error))[:200] or 'it is too slow'}")
        return Misconfigured(f"{self._place} does not let us in: {_line(str(error))[:200]}")

    def _answered(self, error: SMTPResponseException, code: int, said: str) -> CidError:
        if not 500 <= code < 600:
            one = isinstance(error, SMTPRecipientRefused | SMTPDataError) and code != 421
            return Upstream(f"{self._place} says not now: {said}", retry_after=GREYLISTED if one else None)
        if isinstance(error, SMTPAuthenticationError) or code in _WANTS_LOGIN:
            return Misconfigured(f"{self._place} refuses our name or password: {said}")
        if isinstance(error, SMTPRecipientRefused | SMTPDataError):
            return Refused(f"{self._place} refuses this letter: {said}")
        return Misconfigured(f"{self._place} will not have us: {said}")

    @property
    def _place(self) -> str:
        return f"The mail server {self._relay.host}"

    def _wire(self, letter: Letter) -> bytes:
        """Its dots doubled as RFC 5321, 4.5.2, wants them. Raises Refused."""
        return _DOTS.sub(b"..", self._message(letter)) + b".\r\n"

    def _message(self, letter: Letter) -> bytes:
        """As it goes out. Raises Refused: no letter can be made of it."""
        attached = sum(len(one.body) for one in letter.attachments)
        if attached > ATTACHED:
            raise Refused(f"{attached} bytes are attached, which is more than {ATTACHED}.")
        try:
            head, utf8 = self._head(letter)
            whole = head.encode("utf-8" if utf8 else "ascii") + _body(letter)
        except (ValueError, LookupError) as error:
            raise Refused(f"No letter can be made of this: {_line(str(error))[:200]}") from error
        if len(whole) > LARGEST + 2 * attached:
            raise Refused(f"The letter has {len(whole)} bytes, which is more than {LARGEST}.")
        return whole if whole.endswith(b"\r\n") else whole + b"\r\n"

    def _head(self, letter: Letter) -> tuple[str, bool]:
        """Written by hand: what `email` folds may end a header where a text wants it to (CVE-2024-6923)."""
        address, utf8 = _written(letter.to)
        name, sender = parseaddr(self._sender)
        headers = {
            "From": formataddr((_line(name), sender)),
            "To": address,
            "Subject": _words(_line(letter.subject)),
            "Date": format_datetime(self._clock.now()),
            "Auto-Submitted": "auto-generated",
            "MIME-Version": "1.0",
        }
        if letter.message_id:
            headers["Message-ID"] = _plain(f"<{letter.message_id}>")
        for header, value in letter.headers.items():
            if header.lower() in OURS or not _HEADER.fullmatch(header):
                raise ValueError(f"no letter may set the header {header[:40]!r}")
            headers[header] = _plain(value)
        return "".join(f"{header}: {value}\r\n" for header, value in headers.items()), utf8


def _body(letter: Letter) -> bytes:
    """Both texts and what is attached, with the headers that say how they are written; lines of at most 78 bytes, all
    of them ASCII. Names of files in other scripts are written as RFC 2231 has it."""
    message = EmailMessage(policy=SMTP_POLICY.clone(cte_type="7bit"))
    message.set_content(_text(letter.text))
    if letter.html:
        message.add_alternative(_text(letter.html), subtype="html")
    for one in letter.attachments:
        if not _MIME.fullmatch(one.mime):
            raise ValueError(f"there is no kind of file {one.mime[:40]!r}")
        kind, _, more = one.mime.partition("/")
        message.add_attachment(one.body, maintype=kind, subtype=more, filename=_line(one.name) or "file")
    del message["MIME-Version"]
    whole: bytes = message.as_bytes()
    return whole


def _words(text: str) -> str:
    """For a header that people read: as it is, or in encoded words (RFC 2047)."""
    simple = text.isascii() and "=?" not in text and max(map(len, text.split()), default=0) <= FOLD - 20
    return Header(text, "us-ascii" if simple else "utf-8", maxlinelen=FOLD, header_name="Subject").encode(
        linesep="\r\n"
    )


def _plain(value: str) -> str:
    """For a header that programs read. Raises ValueError."""
    if not re.fullmatch(r"[!-~]([ -~]{0,900}[!-~])?", value):
        raise ValueError("a header has letters that it may not have")
    return value


def _written(address: str) -> tuple[str, bool]:
    """As the envelope has it, its domain in ASCII (RFC 5891), and whether it needs SMTPUTF8 (RFC 6531) for its name.
    Raises Refused."""
    local, _, domain = address.rpartition("@")
    try:
        host = domain if domain.isascii() else domain.encode("idna").decode()
    except UnicodeError as error:
        raise Refused(f"There can be no such address: {_line(address)[:100]}") from error
    if not local or not host or _CONTROLS.search(address) or re.search(r"[\s<>]", address):
        raise Refused(f"There can be no such address: {_line(address)[:100]}")
    return f"{local}@{host}", not local.isascii()


def _line(text: str) -> str:
    """One line: what would begin another header is a space."""
    return " ".join(_CONTROLS.sub(" ", text).split())


def _text(text: str) -> str:
    """Its line ends of one kind, and nothing in it that no mail can hold."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(_CONTROLS.sub(" ", line.replace("\t", "    ")) for line in lines)


def _said(code: int, message: str) -> str:
    return f"{code} {_line(message)[:200]}".strip()


def _causes(error: BaseException | None) -> list[BaseException]:
    found = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
