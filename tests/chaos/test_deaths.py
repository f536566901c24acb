"""Processes and servers die, in the short form: nothing is lost or doubled, and the naive designs are caught."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict

import pytest

from tests.chaos.field import Grounds
from tests.chaos.trials import DEATHS, Trial, naive

SEED = 7


@pytest.mark.parametrize("trial", DEATHS, ids=lambda trial: trial.name)
def test_what_is_promised_holds(grounds: Grounds, trial: Trial) -> None:
    """A naive design may be lucky once: the harness must catch it in one of a few short runs."""
    for seed in range(SEED, SEED + (4 if trial.broken is naive else 1)):
        report = asyncio.run(trial.short(grounds, seed))
        said = json.dumps(asdict(report))
        print(said)
        if not (broken := list(trial.broken(report))):
            break
    assert broken == [], said
