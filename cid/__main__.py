"""The command line."""

from __future__ import annotations


def main() -> None:
    """Parse the arguments and run the command."""
