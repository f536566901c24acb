"""The command line."""

from __future__ import annotations

import sys

from cid.cli import frame
from cid.cli import main as commands


def main() -> None:
    """Parse the arguments and run the command."""
    sys.exit(frame.run(commands))


if __name__ == "__main__":
    main()
