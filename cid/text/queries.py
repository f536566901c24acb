"""What somebody looks for: words that must all occur, phrases, alternatives, and what must not occur.

    "Black Sea" (grain OR wheat) -opinion

Read once, asked of a text's words (never of its letters), and spelled again for a search that knows the same signs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cid.domain.errors import Refused
from cid.text.words import Phrase, first_found, phrases

_TOKEN = re.compile(r'\s*(?:([()])|(-?)(?:"([^"]*)"|([^\s()"]+)))')
_MOST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    wanted: tuple[tuple[Phrase, ...], ...] = ()
    """Of each group at least one."""
    unwanted: tuple[Phrase, ...] = ()

    def found(self, texts: Iterable[Sequence[str]]) -> bool:
        """Whether the words of these texts, which do not run on into each other, are what is looked for."""
        folded = list(texts)
        return all(any(first_found(group, text) for text in folded) for group in self.wanted) and not any(
            first_found(self.unwanted, text) for text in folded
        )

    def shorter_than(self, letters: int) -> str:
        """The first term with fewer letters, if there is one."""
        terms = (phrase.written for group in (*self.wanted, self.unwanted) for phrase in group)
        return next((term for term in terms if len(term) < letters), "")

    def spelled(self) -> str:
        """Alternatives in parentheses, more than one word in quotes."""
        groups = [_quoted(group[0]) if len(group) == 1 else _either(group) for group in self.wanted]
        return " ".join([*groups, *("-" + _quoted(phrase) for phrase in self.unwanted)])


def parse(text: str) -> Query:
    """Raises Refused for what has no one meaning."""
    tokens = _tokens(text)
    if len(tokens) > _MOST:
        raise Refused(f"The query has more than {_MOST} parts.")
    if _is_alternatives(tokens):
        tokens = ["(", *tokens, ")"]  # nothing but a OR b OR c
    groups: list[tuple[Phrase, ...]] = []
    unwanted: list[Phrase] = []
    at = 0
    while at < len(tokens):
        term = tokens[at]
        if term == "(":
            end = tokens.index(")", at) if ")" in tokens[at:] else len(tokens)
            inside = tokens[at + 1 : end]
            if end == len(tokens) or not inside or not _is_alternatives([*inside, "OR", "x"]):
                raise Refused("Parentheses in a query hold alternatives, and no other parentheses: (one OR another).")
            groups.append(tuple(map(_phrase, inside[::2])))
            at = end + 1
            continue
        if term in {")", "OR"}:
            raise Refused("Alternatives in a query stand in parentheses: (one OR another).")
        if term.startswith("-"):
            unwanted.append(_phrase(term[1:]))
        else:
            groups.append((_phrase(term),))
        at += 1
    return Query(wanted=tuple(groups), unwanted=tuple(unwanted))


def _is_alternatives(tokens: Sequence[str]) -> bool:
    """Terms with OR between any two, and at least two of them."""
    terms, between = tokens[::2], tokens[1::2]
    return (
        len(tokens) > 1
        and len(tokens) % 2 == 1
        and set(between) == {"OR"}
        and not any(term in {"(", ")", "OR"} or term.startswith("-") for term in terms)
    )


def _tokens(text: str) -> list[str]:
    """Quotes are gone, and what they held together is one token."""
    tokens, at, text = [], 0, text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match:
            raise Refused("The quotes in the query do not match.")
        paren, minus, quoted, word = match.groups()
        tokens.append(paren or minus + (quoted if quoted is not None else word))
        at = match.end()
    return tokens


def _phrase(term: str) -> Phrase:
    found = phrases([term])
    if not found:
        raise Refused("The query holds a term without a letter or digit.")
    return found[0]


def _quoted(phrase: Phrase) -> str:
    """Also what a search would take apart at a hyphen."""
    return phrase.written if phrase.written.isalnum() else f'"{phrase.written}"'


def _either(group: Sequence[Phrase]) -> str:
    return "(" + " OR ".join(map(_quoted, group)) + ")"
