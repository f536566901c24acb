"""`cid mail`: what became of mail, and what a person can do about it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from uuid import UUID

import click

from cid.cli import frame
from cid.cli.group import Group
from cid.domain.digest import Digest
from cid.domain.errors import NotFound
from cid.domain.mail import Mail, MailState
from cid.flows import decide, outbox
from cid.flows.digest import wishes
from cid.render import digest as rendering
from cid.services import Services
from cid.store import mails


@click.group(cls=Group)
def mail() -> None:
    """See mail that was planned, and send it again; try the way out."""


@mail.command("list")
@click.option("--tenant", metavar="SLUG", help="Of this tenant only (default: of everybody).")
@click.option("--state", type=click.Choice([str(state) for state in MailState]), help="In this state.")
@click.option("--address", help="To this address.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="Lines at most.")
@frame.data_option
@frame.json_option
def list_(
    *, tenant: str | None, state: str | None, address: str | None, limit: int, data: Path | None, as_json: bool
) -> None:
    """Mails, the newest first."""
    wanted = MailState(state) if state else None

    async def body(sv: Services) -> list[Mail]:
        of = await decide.tenant_called(sv, tenant) if tenant else None
        async with sv.platform.read() as tx:
            if of is None:
                return await mails.listed(tx, address=address, state=wanted, limit=limit)
            found = await mails.of_tenant(tx, of.id, state=wanted, limit=limit)
        return [one for one in found if address in {None, one.address}]

    rows = frame.with_services(frame.Options(data=data), body)
    if as_json:
        frame.show([asdict(row) for row in rows])
        return
    for row in rows:
        click.echo(
            f"{row.id}  {row.planned_at:%Y-%m-%d %H:%M}  {row.state:<8} {row.kind:<8} {row.address}  {row.subject}"
        )
        if row.error:
            click.echo(f"{'':38}{row.error}")
    if not rows:
        click.echo("No mail.")


@mail.command()
@click.argument("mail_id", metavar="MAIL", type=click.UUID)
@frame.data_option
@frame.json_option
def show(*, mail_id: UUID, data: Path | None, as_json: bool) -> None:
    """One mail and what became of it; what it says is sealed, and not shown."""

    async def body(sv: Services) -> Mail:
        async with sv.platform.read() as tx:
            found = await mails.by_id(tx, mail_id)
        if found is None:
            raise NotFound("There is no such mail.")
        return found

    found = frame.with_services(frame.Options(data=data), body)
    if as_json:
        frame.show(asdict(found))
        return
    for name, value in asdict(found).items():
        click.echo(f"{name:<12} {value if value is not None else ''}")


@mail.command()
@click.argument("mail_id", metavar="MAIL", type=click.UUID)
@frame.data_option
@frame.json_option
def again(*, mail_id: UUID, data: Path | None, as_json: bool) -> None:
    """Send a mail again that was refused, came back, or of which nobody knows whether it arrived."""
    frame.with_services(frame.Options(data=data), lambda sv: outbox.send_again(sv, mail_id, tenant=None, user=None))
    _say(as_json, {"mail": mail_id, "planned": True}, "It is planned again.")


@mail.command()
@click.argument("address", required=False, default="")
@click.option("--message-id", default="", help="Of the mail that came back, as its headers have it.")
@frame.data_option
@frame.json_option
def bounced(*, address: str, message_id: str, data: Path | None, as_json: bool) -> None:
    """Mail to ADDRESS came back: mark the newest that went there, or the one with --message-id."""
    if bool(address) == bool(message_id):
        raise click.UsageError("Give an address, or --message-id.")
    found = frame.with_services(
        frame.Options(data=data), lambda sv: outbox.bounced(sv, address=address, message_id=message_id)
    )
    said = "; ".join(f"{one.subject} to {one.address}" for one in found)
    _say(as_json, [asdict(one) for one in found], f"Marked: {said}")


@mail.command()
@click.argument("address")
@frame.data_option
@frame.json_option
def test(*, address: str, data: Path | None, as_json: bool) -> None:
    """Plan a letter to ADDRESS; a running desk sends it, and `cid mail show` says what became of it."""
    key = frame.with_services(frame.Options(data=data), lambda sv: outbox.tried(sv, address))
    _say(as_json, {"mail": key}, f"Planned. What becomes of it: cid mail show {key}")


@mail.command()
@click.option("--as", "email", metavar="EMAIL", required=True, help="Whose digest; a member.")
@click.option("--send", is_flag=True, help="Mail it to them instead of printing it.")
@click.option("--html", is_flag=True, help="Print the HTML instead of the plain text.")
@click.option("--tenant", metavar="SLUG", help="Of this tenant (default: the only one).")
@frame.data_option
@frame.json_option
def preview(*, email: str, send: bool, html: bool, tenant: str | None, data: Path | None, as_json: bool) -> None:
    """What somebody's digest would say now."""

    async def body(sv: Services) -> Digest | str:
        who = await decide.person(sv, email, await decide.tenant_called(sv, tenant))
        return await wishes.preview(sv, who) if send else await wishes.previewed(sv, who)

    found = frame.with_services(frame.Options(data=data), body)
    if isinstance(found, str):
        _say(as_json, {"planned": found}, f"Planned, to {found}.")
        return
    letter = rendering.letter(email, found)
    if as_json:
        frame.show({"empty": found.empty, "subject": letter.subject, "text": letter.text, "html": letter.html})
        return
    click.echo(letter.html if html else f"{letter.subject}\n\n{letter.text}")


def _say(as_json: bool, value: object, sentence: str) -> None:
    if as_json:
        frame.show(value)
    else:
        click.echo(sentence)
