"""`cid users`: who may come in, and as what."""

from __future__ import annotations

import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path

import click

from cid.cli import frame
from cid.domain.tenants import Role
from cid.flows import people

ROLE = click.Choice([str(role) for role in Role])
SHOWN_ONCE = "This link is shown once and works once, for 7 days"


@click.group()
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


def _say(as_json: bool, value: object, sentence: str) -> None:
    if as_json:
        frame.show(value)
    else:
        click.echo(sentence)
