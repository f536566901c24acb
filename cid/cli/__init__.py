"""The command line: one module per noun, each listed here."""

from __future__ import annotations

import click

import cid
from cid.cli import jobs, up, web, worker


@click.group(help="Content Intelligence Desk.", context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(cid.__version__, message="%(version)s")
def main() -> None:
    """Every command says what it takes with --help."""


COMMANDS: tuple[click.Command, ...] = (
    up.up,
    web.web,
    worker.worker,
    jobs.jobs,
)
for command in COMMANDS:
    main.add_command(command)
