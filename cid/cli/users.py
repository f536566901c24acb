"""`cid users`: who may come in, and as what."""

from __future__ import annotations

import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path

import click

from cid.cli import frame
from cid.cli.group import Group
from cid.domain.tenants import Role
from cid.flows import people
from cid.flows.people import members
from cid.services import Services
from cid.text.agents import agent_of

ROLE = click.Choice([str(role) for role in Role])
SHOWN_ONCE = "This link is shown once and works once, for 7 days"


@click.group(cls=Group)
def users() -> None:
    """See and change who may come in."""


@users.command()
@click.argument("email")
@click.option("--name", default="", help="What others see.")
@click.option("--tenant", metavar="SLUG", help="Where they belong.")
@click.option("--role", type=ROLE, default=str(Role.EDITOR), show_default=True, help="What they may do there.")
@click.option("--admin", is_flag=True, help="Of the platform: owns every tenant that is added later.")
@frame.data_option
@frame.json_option
def add(*, email: str, name: str, tenant: str | None, role: str, admin: bool, data: Path | None, as_json: bool) -> None:
    """Make an account and print the link at which its owner chooses a password."""
    body = partial(people.add_user, email=email, name=name, admin=admin, tenant=tenant, role=Role(role))
    link = frame.with_services(frame.Options(data=data), body)
    _say(as_json, {"email": email, "link": link}, f"{SHOWN_ONCE}: {link}")


@users.command()
@click.argument("email")
@click.option("--tenant", metavar="SLUG", required=True, help="Where.")
@click.option("--role", type=ROLE, default=str(Role.EDITOR), show_default=True, help="What they may do there.")
@frame.data_option
@frame.json_option
def join(*, email: str, tenant: str, role: str, data: Path | None, as_json: bool) -> None:
    """Let somebody who has an account into one more tenant, or give them another role there."""
    frame.with_services(
        frame.Options(data=data), lambda sv: people.join(sv, email=email, tenant=tenant, role=Role(role))
    )
    _say(as_json, {"email": email, "tenant": tenant, "role": role}, f"{email} is {role} of {tenant}.")


@users.command("list")
@frame.data_option
@frame.json_option
def list_(*, data: Path | None, as_json: bool) -> None:
    """Everybody with an account, and their roles."""
    found = frame.with_services(frame.Options(data=data), people.users)
    if as_json:
        frame.show([asdict(user) for user in found])
        return
    for user in found:
        marks = [*(["admin"] if user.admin else []), *(["off"] if user.disabled else [])]
        marks += [] if user.has_password else ["no password yet"]
        said = f"  ({', '.join(marks)})" if marks else ""
        click.echo(f"{user.email:<32} {user.name:<24} {' '.join(user.roles)}{said}")
    if not found:
        click.echo("Nobody has an account yet: the desk prints a set-up link when it starts.")


@users.command()
@click.argument("email")
@frame.data_option
@frame.json_option
def disable(*, email: str, data: Path | None, as_json: bool) -> None:
    """Keep somebody out, at once; what they did stays theirs."""
    frame.with_services(frame.Options(data=data), lambda sv: people.disable_user(sv, email=email))
    _say(as_json, {"email": email, "disabled": True}, f"{email} is switched off; every session of theirs has ended.")


@users.command()
@click.argument("email")
@click.option("--stdin", is_flag=True, help="Read the new password from standard input instead of printing a link.")
@frame.data_option
@frame.json_option
def password(*, email: str, stdin: bool, data: Path | None, as_json: bool) -> None:
    """Print a link at which somebody chooses a new password, or set it from standard input."""
    if not stdin:
        link = frame.with_services(frame.Options(data=data), lambda sv: people.password_link(sv, email=email))
        _say(as_json, {"email": email, "link": link}, f"{SHOWN_ONCE}: {link}")
        return
    new = sys.stdin.readline().rstrip("\r\n")
    frame.with_services(frame.Options(data=data), lambda sv: people.set_password(sv, email=email, password=new))
    _say(as_json, {"email": email, "changed": True}, f"{email} has a new password; sessions of the old one have ended.")


@users.command()
@click.argument("email")
@click.option("--tenant", metavar="SLUG", required=True, help="Where.")
@click.option("--role", type=ROLE, default=str(Role.EDITOR), show_default=True, help="What they may do there.")
@frame.data_option
@frame.json_option
def invite(*, email: str, tenant: str, role: str, data: Path | None, as_json: bool) -> None:
    """Let somebody in and tell them by mail, with a link where they have no account yet."""

    async def body(sv: Services) -> bool:
        await members.invite(sv, None, await people.tenant_of(sv, tenant), email=email, role=Role(role))
        return sv.outside.mailer is not None

    mails = frame.with_services(frame.Options(data=data), body)
    more = "They are told by mail." if mails else f"No mail server is set: `cid users password {email}` prints a link."
    _say(as_json, {"email": email, "tenant": tenant, "role": role, "mails": mails}, f"{email} is let in. {more}")


@users.command()
@click.argument("email")
@click.option("--tenant", metavar="SLUG", required=True, help="Where.")
@click.option("--role", type=ROLE, required=True, help="What they may do there from now on.")
@frame.data_option
@frame.json_option
def role(*, email: str, tenant: str, role: str, data: Path | None, as_json: bool) -> None:
    """Give a member another role."""

    async def body(sv: Services) -> None:
        found = await people.tenant_of(sv, tenant)
        await members.change_role(sv, None, found, await members.find(sv, found, email), role=Role(role))

    frame.with_services(frame.Options(data=data), body)
    _say(as_json, {"email": email, "tenant": tenant, "role": role}, f"{email} is {role} of {tenant}.")


@users.command()
@click.argument("email")
@click.option("--tenant", metavar="SLUG", required=True, help="Where.")
@frame.data_option
@frame.json_option
def remove(*, email: str, tenant: str, data: Path | None, as_json: bool) -> None:
    """Take somebody out of a tenant; what they did stays theirs."""

    async def body(sv: Services) -> None:
        found = await people.tenant_of(sv, tenant)
        await members.remove(sv, None, found, await members.find(sv, found, email))

    frame.with_services(frame.Options(data=data), body)
    _say(as_json, {"email": email, "tenant": tenant, "removed": True}, f"{email} does not belong to {tenant} any more.")


@users.command()
@click.argument("email")
@click.option("--end", is_flag=True, help="End them all.")
@frame.data_option
@frame.json_option
def sessions(*, email: str, end: bool, data: Path | None, as_json: bool) -> None:
    """Where somebody is signed in, or end all of it."""
    if end:
        frame.with_services(frame.Options(data=data), lambda sv: people.end_sessions(sv, email=email))
        _say(as_json, {"email": email, "ended": True}, f"Every session of {email} has ended.")
        return
    found = frame.with_services(frame.Options(data=data), lambda sv: people.living_sessions(sv, email=email))
    if as_json:
        frame.show([asdict(one) for one in found])
        return
    for one in found:
        browser, system = agent_of(one.agent)
        what = f"{browser or 'a browser'} on {system or 'something'}"
        click.echo(
            f"{one.id[:12]}  {what:<30} since {one.created_at:%Y-%m-%d %H:%M}  seen {one.seen_at:%Y-%m-%d %H:%M}"
        )
    if not found:
        click.echo(f"{email} is signed in nowhere.")


@users.command("second-factor")
@click.argument("email")
@click.option("--off", is_flag=True, required=True, help="Let the password alone let them in again.")
@frame.data_option
@frame.json_option
def second_factor(*, email: str, off: bool, data: Path | None, as_json: bool) -> None:
    """Switch the second factor off for who lost the telephone and the recovery codes. Ends their sessions."""
    assert off
    frame.with_services(frame.Options(data=data), lambda sv: people.drop_second_factor(sv, email=email))
    _say(as_json, {"email": email, "second_factor": False}, f"{email} signs in with the password alone.")


@users.command()
@click.argument("email")
@click.option("--off", is_flag=True, help="Not any more.")
@frame.data_option
@frame.json_option
def admin(*, email: str, off: bool, data: Path | None, as_json: bool) -> None:
    """Let somebody run the desk, or not any more. One admin stays."""
    frame.with_services(frame.Options(data=data), lambda sv: people.set_admin(sv, email=email, admin=not off))
    said = f"{email} runs this desk{' no more' if off else ', too'}."
    _say(as_json, {"email": email, "admin": not off}, said)


@users.command()
@click.argument("email")
@frame.data_option
@frame.json_option
def enable(*, email: str, data: Path | None, as_json: bool) -> None:
    """Let somebody in again who was switched off, with the roles they have."""
    frame.with_services(frame.Options(data=data), lambda sv: people.enable_user(sv, email=email))
    _say(as_json, {"email": email, "disabled": False}, f"{email} may come in again.")


def _say(as_json: bool, value: object, sentence: str) -> None:
    if as_json:
        frame.show(value)
    else:
        click.echo(sentence)
