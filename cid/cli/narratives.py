"""`cid narratives`: what is known of narratives, and what finds them."""

from __future__ import annotations

import click

from cid.cli.narratives_train import train


@click.group()
def narratives() -> None:
    """Known narratives, and the classifier that finds them beside the catalogue."""


narratives.add_command(train)
