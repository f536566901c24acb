"""Lines break, servers restart, clocks are wrong, processes are asked to go; in the short form."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict

import pytest

from tests.chaos.field import Grounds
from tests.chaos.trials import LINES, Trial

SEED = 7


@pytest.mark.parametrize("trial", LINES, ids=lambda trial: trial.name)
def test_what_is_promised_holds(grounds: Grounds, trial: Trial) -> None:
    report = asyncio.run(trial.short(grounds, SEED))
    said = json.dumps(asdict(report))
    print(said)
    assert list(trial.broken(report)) == [], said
