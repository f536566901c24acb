"""The command line: one module per noun, listed here."""

from __future__ import annotations

import importlib

import click

COMMANDS = {"migrate": "cid.cli.migrate", "doctor": "cid.cli.doctor"}


class _Lazy(click.Group):
    """Imports a command's module when it is called: the others cost nothing."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name]).command
        return command


@click.group(cls=_Lazy)
def main() -> None:
    """CID, the Content Intelligence Desk."""
