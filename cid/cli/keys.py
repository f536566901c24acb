"""`cid keys`: the desk's own key."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from cid.cli import frame
from cid.cli.group import Group
from cid.flows import channels


@click.group(cls=Group)
def keys() -> None:
    """Look after the key that secrets are sealed with."""


@keys.command()
@frame.data_option
@frame.json_option
def rotate(*, data: Path | None, as_json: bool) -> None:
    """Seal every kept secret anew under today's key.

    Set the new key as CID_SECRET_KEY and the one before as CID_OLD_SECRET_KEYS, restart, run this, and take the old one
    out once nothing is unreadable. May be repeated.
    """
    done = frame.with_services(frame.Options(data=data), channels.renew)
    if as_json:
        frame.show(asdict(done))
    else:
        click.echo(f"{done.renewed} secrets are under today's key.")
        for what in done.unreadable:
            click.echo(f"No key that is known opens the secret of {what}: enter it again.")
    if done.unreadable:
        raise click.exceptions.Exit(frame.FAILED)
