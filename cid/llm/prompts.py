"""Prompts are files: config/prompts/<name>/v<N>.md. The newest version counts; its hash is on every call.

A version with `live: no` in its front matter is a candidate: it is tried, and used by nobody until it is made live on a
page, which pins it. A pin holds for all processes from their next question on.

A file has front matter with its placeholders, then three parts: `# System` (the same for every tenant, so cached for
all), `# Tenant` (what tenants differ in; `{{name}}` becomes a value of `Ask.shared` as JSON) and `# Instruction` (comes
after the untrusted document).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cid.domain.errors import Misconfigured
from cid.domain.llm import Json

PARTS = ("System", "Tenant", "Instruction")
_FILE = re.compile(r"---\n(?P<front>.*?)\n---\n(?P<body>.*)", re.DOTALL)
_PART = re.compile(r"^# (\w+)\n", re.MULTILINE)
_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    name: str
    version: str
    sha256: bytes
    placeholders: frozenset[str]
    system: str
    tenant: str
    instruction: str
    candidate: bool = False
    text: str = ""
    """The file as it is."""

    def filled(self, shared: Mapping[str, Json]) -> str:
        """The tenant's part. Raises Misconfigured unless exactly the placeholders get a value."""
        if set(shared) != self.placeholders:
            raise Misconfigured(
                f"The prompt {self.name} {self.version} wants {sorted(self.placeholders)} and gets {sorted(shared)}."
            )
        return _PLACEHOLDER.sub(lambda match: canonical(shared[match[1]]), self.tenant)


def canonical(value: Json) -> str:
    """One text per value: what is cached and hashed must not depend on the order of keys."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


class Prompts:
    """Every version of each prompt in a folder, read once."""

    def __init__(self, versions: Mapping[str, Sequence[Prompt]]) -> None:
        """Of each name the oldest first."""
        self._versions = {name: tuple(prompts) for name, prompts in versions.items()}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._versions))

    def versions(self, name: str) -> tuple[Prompt, ...]:
        """The oldest first; none of a name that is unknown."""
        return self._versions.get(name, ())

    def __getitem__(self, name: str) -> Prompt:
        """What counts where nothing is pinned: the newest that is no candidate. Raises Misconfigured."""
        if name not in self._versions:
            raise Misconfigured(f"There is no prompt {name} in config/prompts: put it back.")
        ready = [prompt for prompt in self._versions[name] if not prompt.candidate]
        if not ready:
            raise Misconfigured(f"Every version of the prompt {name} is a candidate: make one live.")
        return ready[-1]

    def at(self, name: str, version: str) -> Prompt:
        """Raises Misconfigured."""
        for prompt in self.versions(name):
            if prompt.version == version:
                return prompt
        raise Misconfigured(f"There is no file config/prompts/{name}/{version}.md: put it back.")

    def in_force(self, name: str, pins: Mapping[str, str]) -> Prompt:
        """`pins`: name → version. Raises Misconfigured, also for a pin without its file: which one counts instead is a
        person's choice."""
        return self.at(name, pins[name]) if name in pins else self[name]

    @classmethod
    def load(cls, folder: Path) -> Prompts:
        """Raises Misconfigured."""
        versions: dict[str, list[Prompt]] = {}
        for path in sorted(folder.glob("*/v*.md"), key=_number):
            name = path.parent.name
            versions.setdefault(name, []).append(parse(name, path.stem, path.read_text()))
        return cls(versions)


def _number(path: Path) -> int:
    digits = path.stem.removeprefix("v")
    if not digits.isdigit():
        raise Misconfigured(f"{path} is not named v1.md, v2.md, …")
    return int(digits)


def parse(name: str, version: str, text: str) -> Prompt:
    """Raises Misconfigured."""
    match = _FILE.fullmatch(text)
    if not match:
        raise Misconfigured(f"The prompt {name} {version} does not begin with front matter between two lines of ---.")
    front = dict(line.split(": ", 1) for line in match["front"].splitlines() if ": " in line)
    names, texts = _PART.split(match["body"])[1::2], _PART.split(match["body"])[2::2]
    if tuple(names) != PARTS:
        raise Misconfigured(f"The prompt {name} {version} has the parts {names} instead of {list(PARTS)}.")
    parts = {part: body.strip() for part, body in zip(names, texts, strict=True)}
    if front.get("live", "yes") not in {"yes", "no"}:
        raise Misconfigured(f"The prompt {name} {version} says live: {front['live']}, which is neither yes nor no.")
    placeholders = frozenset(front.get("placeholders", "").replace(",", " ").split())
    used = {part: set(_PLACEHOLDER.findall(body)) for part, body in parts.items()}
    if used["Tenant"] != placeholders or used["System"] or used["Instruction"]:
        raise Misconfigured(f"The prompt {name} {version} uses other placeholders than its front matter lists.")
    return Prompt(
        name=name,
        version=version,
        sha256=hashlib.sha256(text.encode()).digest(),
        placeholders=placeholders,
        system=parts["System"],
        tenant=parts["Tenant"],
        instruction=parts["Instruction"],
        candidate=front.get("live") == "no",
        text=text,
    )
