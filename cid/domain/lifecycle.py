"""One mechanism for every lifecycle: a table of the moves that exist."""

from __future__ import annotations

from enum import StrEnum
from typing import Generic, TypeVar

S = TypeVar("S", bound=StrEnum)


class Lifecycle(Generic[S]):
    """`moves[old]` is the set of states that `old` may become; a state without an entry is an end."""

    def __init__(self, name: str, moves: dict[S, frozenset[S]]) -> None:
        self.name = name
        self.moves = moves

    def allows(self, old: S, new: S) -> bool:
        return new in self.moves.get(old, frozenset())

    def check(self, old: S, new: S) -> None:
        """Raises ValueError: asking for a move that does not exist is a defect of ours, not a user's."""
        if not self.allows(old, new):
            raise ValueError(f"{self.name}: {old} never becomes {new}")

    def ends(self) -> frozenset[S]:
        states = set(self.moves) | {new for news in self.moves.values() for new in news}
        return frozenset(state for state in states if not self.moves.get(state))
