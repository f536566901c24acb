"""`python -m bench.models`: what a cap holds under 50 workers, what the router costs beside the SDK alone, and what
three ways to ask cost. A JSON line each.

--items N   items for each of 10 tenants (default 1,000: about 52,000 calls to a double on loopback)
--only cap | overhead | cost
"""

from __future__ import annotations

import argparse
import asyncio
import json

from bench.models.cap import cap
from bench.models.cost import cost
from bench.models.overhead import overhead
from tests.chaos.grounds import grounds


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.models", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--only", choices=("cap", "overhead", "cost"))
    asked = parser.parse_args()
    with grounds() as made:
        for name, run in (("cap", cap), ("overhead", overhead)):
            if asked.only in {None, name}:
                print(json.dumps(asyncio.run(run(made))), flush=True)
        if asked.only in {None, "cost"}:
            for line in asyncio.run(cost(made, asked.items)):
                print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
