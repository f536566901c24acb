"""Which check finds which planted fault, and what is said of clean drafts.

    python -m bench.faults           a table
    python -m bench.faults --json    one JSON line

Each fault of tests/checks_corpus is planted in each of its twenty drafts that has a place for it. Found is what the
check named for it says at least as severely as promised. Exits 1 on a miss, and on an alarm above minor in a clean one.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from dataclasses import asdict

from cid.domain.review import Severity
from tests.checks_corpus.corpus import drafts
from tests.checks_corpus.faults import FAULTS, tried


def main() -> None:
    began = time.process_time()
    results = [tried(fault) for fault in FAULTS]
    clean = [(draft.name, finding) for draft in drafts() for finding in draft.checked()]
    alarms = Counter(str(finding.severity) for _, finding in clean)
    figures = {
        "faults": len(results),
        "planted": sum(result.planted for result in results),
        "found": sum(result.found for result in results),
        "missed_faults": sum(bool(result.missed) for result in results),
        "clean_drafts": len(drafts()),
        "clean_alarms": {str(severity): alarms[severity] for severity in Severity},
        "clean_minor": [f"{name}: {finding.check}: {finding.where}" for name, finding in clean],
        "cpu_seconds": round(time.process_time() - began, 1),
    }
    if "--json" in sys.argv:
        rows = [asdict(result) for result in results]
        print(json.dumps({"bench": "faults", **figures, "results": rows}, ensure_ascii=False))
    else:
        for result in results:
            also = f"  also: {', '.join(result.others)}" if result.others else ""
            print(f"{result.fault:42} {result.check:18} {result.found:2} of {result.planted:2}{also}")
        print(json.dumps(figures, ensure_ascii=False, indent=2))
    sys.exit(bool(figures["missed_faults"] or alarms[Severity.MAJOR] or alarms[Severity.CRITICAL]))


if __name__ == "__main__":
    main()
