"""Markdown read line by line: enough to know its parts, and to have its words without its marks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_HEADING = re.compile(r"^(#{1,6})\s+(.*)")
_BULLET = re.compile(r"^\s{0,3}[-*+]\s+\S")
_STEP = re.compile(r"^\s{0,3}\d{1,3}[.)]\s+\S|^#{3,6}\s+(?:\w+\s+)?\d{1,3}\b")
_RULE = re.compile(r"^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$")
_TARGET = re.compile(r"\]\((?:<[^>]*>|[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)(?:\s+\"[^\"]*\")?\)")
_ADDRESS = re.compile(r"https?://\S+")
_MARKS = re.compile(r"^\s{0,3}(?:#{1,6}\s+|[-*+]\s+|\d{1,3}[.)]\s+|>\s?)|[*_`]{1,3}|!?\[|\]", re.MULTILINE)
_HTML = re.compile(r"<(?:/?[a-zA-Z][^>]*|!--)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """`heading` is empty before the first one."""

    level: int
    heading: str
    lines: tuple[str, ...]

    @property
    def bullets(self) -> int:
        return sum(bool(_BULLET.match(line)) for line in self.lines)

    @property
    def steps(self) -> int:
        return sum(bool(_STEP.match(line)) for line in self.lines)

    @property
    def tables(self) -> list[int]:
        """The number of columns of each table."""
        return [
            len(above.strip().strip("|").split("|"))
            for above, line in zip(self.lines, self.lines[1:], strict=False)
            if "|" in above and _RULE.match(line)
        ]

    @property
    def rows(self) -> int:
        """Of all tables, without their heads."""
        rules = sum(
            bool("|" in above and _RULE.match(line)) for above, line in zip(self.lines, self.lines[1:], strict=False)
        )
        return max(sum(line.lstrip().startswith("|") for line in self.lines) - 2 * rules, 0)


def sections(text: str) -> list[Section]:
    """What stands before the first heading, then one per heading of level one or two; deeper ones are lines."""
    found = [Section(level=0, heading="", lines=())]
    lines: list[str] = []
    for line in text.splitlines():
        match = _HEADING.match(line)
        if match and len(match[1]) <= 2:
            found[-1] = _with(found[-1], lines)
            found.append(Section(level=len(match[1]), heading=match[2].strip(), lines=()))
            lines = []
        else:
            lines.append(line)
    found[-1] = _with(found[-1], lines)
    return found


def _with(section: Section, lines: Sequence[str]) -> Section:
    return Section(level=section.level, heading=section.heading, lines=tuple(lines))


def paragraph(section: Section) -> str:
    """The section's first block when that is prose, else the empty string."""
    block: list[str] = []
    for line in section.lines:
        if not line.strip():
            if block:
                break
            continue
        if not block and (
            _BULLET.match(line) or _STEP.match(line) or _HEADING.match(line) or line.lstrip()[:1] in "|<>!"
        ):
            return ""
        block.append(line.strip())
    return " ".join(block)


def holds_html(text: str) -> bool:
    return bool(_HTML.search(re.sub(r"<https?://[^>\s]*>", "", text)))


def plain(text: str) -> str:
    """The words that a reader sees, line by line; table cells are lines of their own."""
    rows = []
    for line in _TARGET.sub("]", text).splitlines():
        if not _RULE.match(line):
            rows += line.strip().strip("|").split("|") if line.lstrip().startswith("|") else [line]
    return "\n".join(_MARKS.sub("", _ADDRESS.sub("", row)).strip() for row in rows)
