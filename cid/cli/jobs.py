"""`cid jobs`: see the queue and mend it."""

from __future__ import annotations

import click


@click.group()
def jobs() -> None:
    """See the queue and mend it."""
