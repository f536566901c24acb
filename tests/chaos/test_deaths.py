"""Processes and servers die, in the short form: nothing is lost or doubled, and the naive designs are caught."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict

import pytest

from tests.chaos.field import Grounds
from tests.chaos.trials import DEATHS, Trial

SEED = 7


@pytest.mark.parametrize("trial", DEATHS, ids=lambda trial: trial.name)
def test_what_is_promised_holds(grounds: Grounds, trial: Trial) -> None:
    report = asyncio.run(trial.short(grounds, SEED))
    said = json.dumps(asdict(report))
    print(said)
    assert list(trial.broken(report)) == [], said
