"""`make check`: format, lint, types, contracts and the migrations' own rules, side by side; fails when one does."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BIN = Path(sys.executable).parent
CHECKS = {
    "format": ("ruff", "format", "--check", "--quiet", "."),
    "lint": ("ruff", "check", "--quiet", "."),
    "types": ("mypy", "--no-error-summary"),
    "contracts": ("lint-imports", "--no-logo"),
    "migrations": ("python", "-m", "tests.migration_rules"),
}


def run(name: str) -> tuple[str, int, str, float]:
    program, *arguments = CHECKS[name]
    start = time.monotonic()
    done = subprocess.run([BIN / program, *arguments], capture_output=True, text=True, check=False)
    return name, done.returncode, done.stdout + done.stderr, time.monotonic() - start


def main() -> None:
    start = time.monotonic()
    failed = False
    with ThreadPoolExecutor(len(CHECKS)) as pool:
        for name, code, output, seconds in pool.map(run, CHECKS):
            print(f"{'ok  ' if code == 0 else 'FAIL'} {name:<11}{seconds:5.1f} s")
            if code:
                failed = True
                print(output.rstrip())
    print(f"{'':16}{time.monotonic() - start:5.1f} s together")
    sys.exit(failed)


if __name__ == "__main__":
    main()
