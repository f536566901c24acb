"""What a cue of the catalogue is, and how it is written.

    nato expansion                      words side by side; `expan*` is every word that begins so
    nato & (expan*|enlarg*) & eastward  all of them in one sentence, in any order, within WINDOW words
    ukraine* > not > (country|nation)   in this order
    {west} & (provok*|instigat*)        {west}: a list of words of the same file or of words.toml
    nazi regime =2                      counts as two cues
    nato & (near|close) & border* ~8    within eight words

A phrase counts as one cue and a combination as two, because two things were said together. One word alone never counts
as more than one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cid.domain.errors import Misconfigured
from cid.text.spotting import pieces

WINDOW = 14
"""Words within which a combination stands, from its first to its last."""
MOST_PARTS, MOST_WEIGHT = 5, 3
_TAIL = re.compile(r"\s+(?:=(?P<weight>\d)|~(?P<window>\d{1,2}))$")
_LIST = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    written: str
    group: str
    """What it is a sign of: cues of one group count once."""
    parts: tuple[tuple[str, ...], ...]
    """One of each part's phrases must be there."""
    ordered: bool
    weight: int
    window: int


def read(written: str, group: str, lists: Mapping[str, tuple[str, ...]], where: str) -> Cue:
    """Raises Misconfigured with the cue's name."""
    text, weight, window = written.strip(), None, WINDOW
    while tail := _TAIL.search(text):
        weight, window = int(tail["weight"] or 0) or weight, int(tail["window"] or window)
        text = text[: tail.start()]
    if " & " in text and " > " in text:
        raise Misconfigured(f"{where}: {written!r} mixes & and >.")
    ordered = " > " in text
    parts = tuple(_part(part, lists, f"{where}: {written!r}") for part in re.split(r" [&>] ", text))
    if len(parts) > MOST_PARTS:
        raise Misconfigured(f"{where}: {written!r} has more than {MOST_PARTS} parts.")
    weight = weight or (2 if len(parts) > 1 else 1)
    alone = len(parts) == 1 and any(" " not in phrase and "-" not in phrase for phrase in parts[0])
    if weight > MOST_WEIGHT or (alone and weight > 1):
        raise Misconfigured(f"{where}: {written!r} counts as {weight}, and one word alone counts as 1 at most.")
    return Cue(written=written, group=group, parts=parts, ordered=ordered, weight=weight, window=window)


def _part(written: str, lists: Mapping[str, tuple[str, ...]], where: str) -> tuple[str, ...]:
    """The phrases of one part, with the lists that it names."""
    found: list[str] = []
    for alternative in written.strip().removeprefix("(").removesuffix(")").split("|"):
        one = alternative.strip()
        if named := _LIST.fullmatch(one):
            if named[1] not in lists:
                raise Misconfigured(f"{where}: there is no list {named[1]!r}.")
            found += lists[named[1]]
        else:
            found.append(one)
    for phrase in found:
        try:
            pieces(phrase)
        except ValueError as error:
            raise Misconfigured(f"{where}: {error}.") from error
    return tuple(dict.fromkeys(found))
