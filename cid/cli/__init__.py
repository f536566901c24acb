"""The command line: one module per noun, each listed here and imported when it is called."""

from __future__ import annotations

import importlib

import click

import cid
from cid.cli.group import Group

COMMANDS = {
    "up": "cid.cli.up:up",
    "web": "cid.cli.web:web",
    "worker": "cid.cli.worker:worker",
    "migrate": "cid.cli.migrate:command",
    "doctor": "cid.cli.doctor:command",
    "sources": "cid.cli.sources:sources",
    "items": "cid.cli.items:items",
    "jobs": "cid.cli.jobs:jobs",
    "models": "cid.cli.models:models",
    "gates": "cid.cli.gates:gates",
    "tenants": "cid.cli.tenants:tenants",
    "users": "cid.cli.users:users",
    "audit": "cid.cli.audit:command",
    "tokens": "cid.cli.tokens:tokens",
    "mail": "cid.cli.mail:mail",
    "drafts": "cid.cli.drafts:drafts",
    "channels": "cid.cli.channels:channels",
    "keys": "cid.cli.keys:keys",
    "trackers": "cid.cli.trackers:trackers",
    "calls": "cid.cli.calls:calls",
    "prompts": "cid.cli.prompts:prompts",
    "export": "cid.cli.export:command",
    "site": "cid.cli.site:site",
    "narratives": "cid.cli.narratives:narratives",
    "monitors": "cid.cli.monitors:monitors",
    "runs": "cid.cli.runs:runs",
    "batch": "cid.cli.run_batches:batch",
    "eval": "cid.cli.eval:eval_",
}


class _Lazy(Group):
    """Imports a command's module when it is called: the others cost nothing."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(cid.__version__, message="%(version)s")
def main() -> None:
    """Content Intelligence Desk. Every command says what it takes with --help."""
