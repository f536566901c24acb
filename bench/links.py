"""What becomes of links in mails in every hand they may fall into, as a table.

    python -m bench.links

Runs the scenarios of tests/web/test_links.py against a real server over a real database, and prints a row for each
with its outcome and how long it took. Ends with 1 where one was not as promised.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree as ET

SCENARIOS = Path(__file__).parents[1] / "tests" / "web" / "test_links.py"


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", str(SCENARIOS), "-q", "-n", "1", f"--junitxml={report}"]
        subprocess.run(command, check=False, capture_output=True, cwd=SCENARIOS.parents[2])
        cases = list(ET.parse(report).iter("testcase"))
    wrong = 0
    print("| scenario | outcome | s |\n|---|---|---:|")
    for case in cases:
        failed = case.find("failure") is not None or case.find("error") is not None
        wrong += failed
        name = case.attrib["name"].removeprefix("test_").replace("_", " ")
        print(f"| {name} | {'NOT as promised' if failed else 'as promised'} | {float(case.attrib['time']):.1f} |")
    print(f"\n{len(cases)} scenarios, {wrong} not as promised.")
    return 1 if wrong or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
