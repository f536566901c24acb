"""The rules of migration files, for `make check`."""

from __future__ import annotations

import sys

from cid.pg.lint import complaints
from cid.pg.migrate import migrations


def main() -> None:
    found = complaints(migrations())
    for complaint in found:
        print(complaint)
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
