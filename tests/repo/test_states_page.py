"""docs/states.md is true."""

from __future__ import annotations

from pathlib import Path

import pytest

from cid.domain.contest import CONTEST
from cid.domain.draft import DRAFT
from cid.domain.health import PROPOSAL
from cid.domain.lifecycle import Lifecycle
from cid.domain.mail import MAIL
from cid.domain.news import SOURCE
from cid.domain.publication import PUBLICATION
from cid.domain.run import RUN
from cid.domain.screening import SCREENING
from cid.domain.tracker import ENTRY
from cid.llm.waiting import BATCH

PAGE = (Path(__file__).parents[2] / "docs" / "states.md").read_text()


def drawn(section: str) -> dict[str, list[str]]:
    text = PAGE.split(f"\n## {section}\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| ") and "state" not in line]
    return {old.strip(): [new.strip() for new in news.split(",") if new.strip()] for old, news in rows}


@pytest.mark.parametrize(
    "lifecycle",
    [SOURCE, PROPOSAL, SCREENING, ENTRY, DRAFT, PUBLICATION, MAIL, BATCH, CONTEST, RUN],
    ids=lambda it: it.name,
)
def test_the_page_shows_the_transition_table(lifecycle: Lifecycle[object]) -> None:  # type: ignore[type-var]
    moves = {str(old): sorted(map(str, news)) for old, news in lifecycle.moves.items()}
    moves |= {str(end): [] for end in lifecycle.ends()}
    assert drawn(lifecycle.name) == moves
