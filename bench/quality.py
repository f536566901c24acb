"""What briefings score that were written to deceive the rubric, and one that was not.

    python -m bench.quality [--json]

A table of five briefings on the same five articles (`tests/briefings_corpus`): points of 70 and the rating by the
rubric alone, the rating that is shown, and the checks of content that hold it there; below, milliseconds of processor
time for one scorecard, of an ordinary briefing and of one with 200,000 letters.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace

from cid.briefing.score import scorecard
from cid.domain.briefing import Briefing
from tests.briefings_corpus import corpus, good, items

TIMES, LETTERS = 20, 200_000


def measured(briefing: Briefing) -> float:
    """Milliseconds of processor time, the least of some tries."""
    tries = []
    for _try in range(TIMES):
        begun = time.process_time()
        scorecard(briefing, items(), asked=5)
        tries.append(time.process_time() - begun)
    return round(min(tries) * 1000, 1)


def large() -> Briefing:
    told = " ".join(one.text for one in items())
    return replace(good(), executive_summary=(told * (LETTERS // len(told) + 1))[:LETTERS])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    cards = {name: scorecard(briefing, items(), asked=5) for name, briefing in corpus().items()}
    lines = [
        {
            "briefing": name,
            "points": card.total,
            "rubric": card.rating,
            "shown": card.shown,
            "capped_by": card.capped_by,
        }
        for name, card in cards.items()
    ]
    times = {"ms": measured(good()), "ms_of_200_000_letters": measured(large())}
    if wanted.json:
        print(json.dumps({"briefings": lines, **times}))
        return
    print(f"{'briefing':22} {'points':>6}  {'rubric':11} {'shown':11} capped by")
    for name, card in cards.items():
        print(f"{name:22} {card.total:>6}  {card.rating:11} {card.shown:11} {', '.join(card.capped_by) or '-'}")
    print(f"one scorecard: {times['ms']} ms; of 200,000 letters: {times['ms_of_200_000_letters']} ms")


if __name__ == "__main__":
    main()
