"""`make bench`: every measurement that a clone alone can run, one JSON line each."""

from __future__ import annotations

import subprocess
import sys
import tempfile

RUNS = (
    ("first draft", ["bench.first_draft", sys.executable, "-m", "cid", "up", "--port", "8099", "--data"]),
    ("real run", ["bench.realrun", "--interval", "5"]),
    ("models: a cap under 50 workers, and what three ways to ask cost", ["bench.models"]),
    ("real run, killed on the way", ["bench.realrun", "--kills", "20", "--interval", "5"]),
)


def main() -> None:
    for name, arguments in RUNS:
        with tempfile.TemporaryDirectory(prefix="cid-bench-") as folder:
            given = [*arguments, f"{folder}/data"] if arguments[-1] == "--data" else arguments
            print(f"# {name}", flush=True)
            subprocess.run([sys.executable, "-m", *given], check=False)


if __name__ == "__main__":
    main()
