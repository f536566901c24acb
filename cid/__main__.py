"""The command line."""

from __future__ import annotations

from cid.cli import main

if __name__ == "__main__":
    main()
