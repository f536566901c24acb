"""The queue, measured.

python -m bench.queue --only cid --measure enqueue,drain1
"""

from __future__ import annotations

import argparse
import json
import sys

from bench.queue import cluster as clusters
from bench.queue import measures
from bench.queue.contenders import OURS, set_up


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--only", default="")
    arguments.add_argument("--measure", default="enqueue,drain1")
    arguments.add_argument("--jobs", type=int, default=20_000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--slots", type=int, default=1000)
    chosen = arguments.parse_args()
    wrong = 0
    with clusters.running() as cluster:
        print("# " + ", ".join(f"{name} {value}" for name, value in cluster.settings().items()), flush=True)
        who = OURS.having(slots=chosen.slots)
        set_up(cluster, who)
        for number in range(1, chosen.rounds + 1):
            for measure in chosen.measure.split(","):
                measures.clean(cluster, who)
                found = measures.enqueue(cluster, who, chosen.jobs)
                if measure.startswith("drain"):
                    cluster.sql(who.database, "analyze")
                    found = measures.drain(cluster, who, chosen.jobs, int(measure.removeprefix("drain")))
                    wrong += not found["ok"]
                shown = {key: round(value, 2) if isinstance(value, float) else value for key, value in found.items()}
                print(json.dumps({"round": number, "who": who.name, "measure": measure, **shown}), flush=True)
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
