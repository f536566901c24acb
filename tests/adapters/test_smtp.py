"""What mail servers do, and what follows from it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from cid.domain.errors import CidError, Misconfigured, Refused, Unanswered, Upstream
from cid.domain.mail import ATTACHED, Attachment, Letter, Relay
from cid.outside.smtp import GREYLISTED, LARGEST, SmtpMailer
from tests.fakes import FrozenClock
from tests.post import HANGS_UP, IS_SILENT, Box, certified, saying, serving, trusting

CLOCK = FrozenClock(datetime(2026, 3, 29, 1, 0, tzinfo=UTC))
LETTER = Letter(
    to="ed@acme.test",
    subject="3 Entwürfe – Grüße",
    text="Hallo.\n\n.Ein Punkt am Anfang.\n",
    html="<p>Hallo.</p>",
    headers={"List-Unsubscribe": "<https://desk.test/u/abc>"},
    message_id="0190@desk.test",
)


def mailer(port: int, *, host: str = "127.0.0.1", **over: Any) -> SmtpMailer:
    relay = Relay(host=host, port=port, **{"bare": True, **over.pop("relay", {})})
    return SmtpMailer(relay, CLOCK, sender="Desk <desk@desk.test>", **over)


async def refused(box: Box, expected: type[CidError], letter: Letter = LETTER, **over: Any) -> CidError:
    async with serving(box) as port:
        with pytest.raises(expected) as raised:
            await mailer(port, **over).send(letter)
    assert type(raised.value) is expected
    return raised.value


def lines_of(part: EmailMessage) -> str:
    text: str = part.get_content()
    return text.replace("\r\n", "\n")


async def test_a_letter_arrives_with_all_that_it_has_to_say() -> None:
    box = Box()
    async with serving(box) as port:
        assert await mailer(port).send(LETTER) == "250 taken"
    [letter], [envelope] = box.letters, box.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("desk@desk.test", ["ed@acme.test"])
    assert (letter["From"], letter["To"]) == ("Desk <desk@desk.test>", "ed@acme.test")
    assert letter["Subject"] == LETTER.subject
    assert letter["Message-ID"] == "<0190@desk.test>"
    assert letter["Date"].datetime == CLOCK.now()
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["List-Unsubscribe"] == "<https://desk.test/u/abc>"
    plain, html = letter.iter_parts()
    assert [plain.get_content_type(), html.get_content_type()] == ["text/plain", "text/html"]
    assert isinstance(plain, EmailMessage)
    assert lines_of(plain) == LETTER.text


async def test_lines_of_any_length_arrive_as_they_were() -> None:
    box, long = Box(), "x" * 5000 + " ü\n.\n..\n" + "y" * 3000 + "\n"
    async with serving(box) as port:
        await mailer(port).send(Letter(to="ed@acme.test", subject="s" * 3000, text=long))
    [letter] = box.letters
    assert lines_of(letter) == long
    raw = box.envelopes[0].original_content
    assert raw is not None
    assert max(map(len, raw.split(b"\r\n"))) <= 998


async def test_a_server_too_busy_is_asked_again() -> None:
    async with saying([b"421 too busy"]) as port:
        with pytest.raises(Upstream, match="421 too busy"):
            await mailer(port).send(LETTER)


async def test_a_greylisted_recipient_is_tried_again_after_five_minutes() -> None:
    error = await refused(Box(to_recipient={"ed@acme.test": "450 4.2.0 Greylisted"}), Upstream)
    assert isinstance(error, Upstream)
    assert error.retry_after == GREYLISTED == timedelta(minutes=5)


async def test_an_unknown_recipient_is_refused_while_others_pass() -> None:
    box = Box(to_recipient={"nobody@acme.test": "550 5.1.1 No such user"})
    async with serving(box) as port:
        desk = mailer(port)
        await desk.send(LETTER)
        with pytest.raises(Refused, match=r"550 5\.1\.1 No such user"):
            await desk.send(Letter(to="nobody@acme.test", subject="s", text="t"))
        await desk.send(LETTER)
    assert len(box.letters) == 2


@pytest.mark.parametrize("answer", ["554 5.7.1 Spam", "552 too large"])
async def test_a_letter_that_is_not_wanted_is_refused(answer: str) -> None:
    error = await refused(Box(to_letter=[answer]), Refused)
    assert answer in str(error)


async def test_a_letter_that_is_put_off_after_all_of_it_was_given_is_planned_again() -> None:
    await refused(Box(to_letter=["451 4.3.0 try later"]), Upstream)


@pytest.mark.parametrize("answer", [HANGS_UP, IS_SILENT])
@pytest.mark.parametrize("keeps", [True, False])
async def test_silence_after_the_letter_leaves_it_open_whether_it_arrived(answer: str, *, keeps: bool) -> None:
    error = await refused(Box(to_letter=[answer], keeps=keeps), Unanswered, answer_s=0.2)
    assert "fell silent" in str(error)


async def test_nonsense_after_the_letter_leaves_it_open_whether_it_arrived() -> None:
    lines = [b"220 hi", b"250 mail.test", b"250 ok", b"250 ok", b"354 go on", b"what?"]
    async with saying(lines) as port:
        with pytest.raises(Unanswered):
            await mailer(port, answer_s=0.5).send(LETTER)


@pytest.mark.parametrize("answer", [HANGS_UP, IS_SILENT])
async def test_silence_before_the_letter_was_given_is_tried_again(answer: str) -> None:
    box = Box(to_recipient={"ed@acme.test": answer})
    error = await refused(box, Upstream, command_s=0.2)
    assert "does not answer" in str(error)
    assert box.letters == []


@pytest.mark.parametrize(
    "lines",
    [
        [b"220 hi"],
        [b"220 hi", b"250 mail.test"],
        [b"220 hi", b"250 mail.test", b"250 ok", b"250 ok"],
        [b"not smtp at all"],
        [b"220 hi", b"250 mail.test", b"250 ok", b"250 ok", b"421 closing"],
    ],
)
async def test_a_server_that_breaks_off_before_the_letter_is_asked_again(lines: list[bytes]) -> None:
    async with saying(lines) as port:
        with pytest.raises(Upstream) as raised:
            await mailer(port, command_s=0.5).send(LETTER)
    assert type(raised.value) is Upstream


async def test_a_server_that_is_not_there_is_asked_again() -> None:
    async with serving(Box()) as port:
        pass
    with pytest.raises(Upstream) as raised:
        await mailer(port).send(LETTER)
    assert type(raised.value) is Upstream


async def test_a_greeting_that_never_comes_is_not_waited_for_for_long() -> None:
    async with saying([]) as port:
        with pytest.raises(Upstream):
            await mailer(port, command_s=0.2).send(LETTER)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([b"554 go away"], "will not have us"),
        ([b"220 hi", b"550 who are you"], "will not have us"),
        ([b"220 hi", b"250 mail.test", b"530 5.7.0 Authentication required"], "name or password"),
    ],
)
async def test_a_server_that_will_not_have_us_is_a_thing_to_set_right(lines: list[bytes], said: str) -> None:
    async with saying(lines) as port:
        with pytest.raises(Misconfigured, match=said):
            await mailer(port).send(LETTER)


async def test_a_sender_that_is_refused_is_a_thing_to_set_right() -> None:
    await refused(Box(to_sender="553 5.7.1 not your address"), Misconfigured)


async def test_no_letter_and_no_password_goes_out_without_tls() -> None:
    box = Box(users={"desk": "geheim"})
    relay = {"bare": False, "user": "desk"}
    error = await refused(box, Misconfigured, relay=relay, password="geheim")
    assert "no TLS" in str(error)
    assert (box.logins, box.letters) == (0, [])


async def test_starttls_is_used_and_its_certificate_checked(tmp_path: Path) -> None:
    box, context = Box(users={"desk": "geheim"}), certified(tmp_path)
    relay = {"bare": False, "user": "desk"}
    async with serving(box, tls=context) as port:
        with pytest.raises(Misconfigured, match="cannot be trusted"):
            await mailer(port, relay=relay, password="geheim").send(LETTER)
        assert box.logins == 0
        await mailer(port, relay=relay, password="geheim", tls=trusting(tmp_path)).send(LETTER)
    assert len(box.letters) == 1


async def test_tls_from_the_first_byte_is_used_and_its_certificate_checked(tmp_path: Path) -> None:
    box, context = Box(), certified(tmp_path)
    relay = {"bare": False, "wrapped": True}
    async with serving(box, tls=context, wrapped=True) as port:
        with pytest.raises(Misconfigured, match="cannot be trusted"):
            await mailer(port, relay=relay).send(LETTER)
        await mailer(port, relay=relay, tls=trusting(tmp_path)).send(LETTER)
    assert len(box.letters) == 1


async def test_a_certificate_of_somebody_else_is_not_trusted(tmp_path: Path) -> None:
    context = certified(tmp_path, lambda: [x509.DNSName("other.test")])
    async with serving(Box(), tls=context) as port:
        with pytest.raises(Misconfigured, match="cannot be trusted"):
            await mailer(port, relay={"bare": False}, tls=trusting(tmp_path)).send(LETTER)


async def test_a_wrong_password_is_a_thing_to_set_right() -> None:
    box = Box(users={"desk": "geheim"})
    error = await refused(box, Misconfigured, relay={"user": "desk"}, password="falsch")
    assert "name or password" in str(error)


async def test_looking_comes_in_and_sends_nothing() -> None:
    box = Box(users={"desk": "geheim"})
    async with serving(box) as port:
        await mailer(port, relay={"user": "desk"}, password="geheim").look()
        with pytest.raises(Misconfigured):
            await mailer(port, relay={"user": "desk"}, password="falsch").look()
    assert (box.logins >= 2, box.letters) == (True, [])


async def test_an_address_with_foreign_letters_is_written_where_the_server_can() -> None:
    box, letter = Box(), Letter(to="ёлка@bücher.test", subject="s", text="t")
    async with serving(box, enable_SMTPUTF8=True) as port:
        await mailer(port).send(letter)
    assert box.envelopes[0].rcpt_tos == ["ёлка@xn--bcher-kva.test"]
    assert "such letters" in str(await refused(Box(), Refused, letter))


async def test_a_foreign_domain_needs_no_help_of_the_server() -> None:
    box = Box()
    async with serving(box) as port:
        await mailer(port).send(Letter(to="ed@bücher.test", subject="s", text="t"))
    assert box.envelopes[0].rcpt_tos == ["ed@xn--bcher-kva.test"]


@pytest.mark.parametrize(
    "letter",
    [
        Letter(to="ed@acme.test\r\nRCPT TO:<eve@evil.test>", subject="s", text="t"),
        Letter(to="nobody", subject="s", text="t"),
        Letter(to="ed@acme.test", subject="s", text="t" * LARGEST),
        Letter(to="ed@acme.test", subject="s", text="t", headers={"From": "eve@evil.test"}),
        Letter(to="ed@acme.test", subject="s", text="t", headers={"Bcc\r\nX": "eve@evil.test"}),
    ],
)
async def test_what_is_no_letter_is_refused_before_anything_is_sent(letter: Letter) -> None:
    box = Box()
    await refused(box, Refused, letter)
    assert box.envelopes == []


ANY = st.text(st.characters(exclude_categories=()), max_size=60)
BREAKS = st.sampled_from(["\r\n", "\n", "\r", "\x85", "\u2028", "\x0b", "=?utf-8?q?=0ABcc:x?=", " " * 80])
LINES = st.builds("{}{}{}".format, ANY, BREAKS, st.sampled_from(["Bcc: eve@evil.test", "", "\n\nBody"])) | ANY


@given(subject=LINES, text=LINES, header=LINES | st.just("<https://desk.test/u/x>"), key=LINES | st.just("1@d.test"))
def test_no_text_makes_a_header_of_its_own(subject: str, text: str, header: str, key: str) -> None:
    letter = Letter(
        to="ed@acme.test", subject=subject, text=text, html=text, headers={"List-Unsubscribe": header}, message_id=key
    )
    desk = SmtpMailer(Relay(host="h", port=25), CLOCK, sender="Desk <desk@desk.test>")
    try:
        raw = desk._message(letter)
    except Refused:
        return
    found = message_from_bytes(raw, policy=default)
    known = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "List-Unsubscribe", "MIME-Version"}
    assert set(found.keys()) <= known | {"Content-Type", "Content-Transfer-Encoding"}
    assert len(set(found.keys())) == len(found.keys())
    assert found["To"] == "ed@acme.test"
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    head = raw.partition(b"\r\n\r\n")[0]
    assert b"\n" not in head.replace(b"\r\n", b"")
    assert not any(line.lower().startswith(b"bcc") for line in head.split(b"\r\n"))


async def test_the_loop_is_free_while_a_server_is_silent() -> None:
    box = Box(to_letter=[IS_SILENT])
    async with serving(box) as port:
        sending = asyncio.ensure_future(mailer(port, answer_s=30).send(LETTER))
        await asyncio.wait_for(box.arrived.wait(), 10)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending


async def test_a_file_arrives_byte_by_byte_under_its_name_in_any_script() -> None:
    body = b"%PDF-1.7\r\n.\r\n..\n" + bytes(range(256)) * 4000
    name = "Газета “Заря” – очень длинное имя которое не помещается в строку 2026-11-21 1f3a9c02.pdf"
    file = Attachment(name=name, mime="application/pdf", body=body)
    box = Box()
    async with serving(box) as port:
        await mailer(port).send(replace(LETTER, attachments=(file,)))
    [letter] = box.letters
    [arrived] = letter.iter_attachments()
    assert (arrived.get_filename(), arrived.get_content_type()) == (name, "application/pdf")
    assert arrived.get_content() == body
    text = letter.get_body(("plain",))
    assert isinstance(text, EmailMessage)
    assert lines_of(text) == LETTER.text


@pytest.mark.parametrize(
    "file",
    [
        Attachment(name="a.pdf", mime="application/pdf", body=b"x" * (ATTACHED + 1)),
        Attachment(name="a.pdf", mime="application/pdf\r\nBcc: eve@evil.test", body=b"x"),
        Attachment(name="a.txt", mime="text/plain", body=b"x"),
    ],
)
async def test_a_file_that_is_too_large_or_of_a_kind_that_we_do_not_send_is_refused(file: Attachment) -> None:
    await refused(Box(), Refused, replace(LETTER, attachments=(file,)))


async def test_a_files_name_cannot_begin_a_header() -> None:
    file = Attachment(name='a"\r\nBcc: eve@evil.test\r\n\r\n.pdf', mime="application/pdf", body=b"x")
    box = Box()
    async with serving(box) as port:
        await mailer(port).send(replace(LETTER, attachments=(file,)))
    [letter] = box.letters
    [arrived] = letter.iter_attachments()
    assert letter["Bcc"] is None
    assert arrived["Bcc"] is None
    assert arrived.get_filename() == 'a" Bcc: eve@evil.test .pdf'
