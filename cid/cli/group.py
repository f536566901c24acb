"""A group of commands whose list says of each what it does in a whole sentence."""

from __future__ import annotations

import click

WHOLE = 1000  # characters: longer than any first sentence


class Group(click.Group):
    """Wraps what click would cut off with three dots."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        lines = [(name, command.get_short_help_str(WHOLE)) for name, command in found if command and not command.hidden]
        if lines:
            with formatter.section("Commands"):
                formatter.write_dl(lines)
