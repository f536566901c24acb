"""Servers that speak OpenAI's chat completions: [providers.*] of config/models.toml."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cid.domain.errors import Misconfigured

TAKEN = frozenset({"anthropic", "google", "offline"})
"""Names that speak something else."""
_NAME = re.compile("[a-z][a-z0-9_-]{0,39}")
_ADDRESS = re.compile(r"https?://[^/\s?#]+(/[^\s?#]*)?")
_VARIABLE = re.compile("[A-Z][A-Z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    name: str
    """What the names of its models begin with."""
    base_url: str
    """Up to and without `/chat/completions`."""
    key: str = ""
    """The environment variable of its key; empty: it asks for none."""


def load_endpoints(path: Path) -> tuple[Endpoint, ...]:
    """Raises Misconfigured."""
    try:
        tables = tomllib.loads(path.read_text()).get("providers", {})
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read ({error.strerror}): put it back.") from error
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured(f"{path} is no TOML ({error}): correct it.") from error
    if not isinstance(tables, dict):
        raise Misconfigured(f"{path.name}: providers is no table: write [providers.NAME].")
    return tuple(_endpoint(name, table) for name, table in tables.items())


def _endpoint(name: str, table: Any) -> Endpoint:
    where = f"config/models.toml [providers.{name}]"
    if not isinstance(table, dict):
        raise Misconfigured(f"{where} is no table: give it a base_url.")
    if not _NAME.fullmatch(name) or name in TAKEN:
        raise Misconfigured(f"{where}: give it a name of small letters that is none of {', '.join(sorted(TAKEN))}.")
    unknown = sorted(set(table) - {"base_url", "key"})
    if unknown:
        raise Misconfigured(f"{where} has no setting {unknown[0]!r}: known are base_url and key.")
    base_url, key = table.get("base_url", ""), table.get("key", "")
    if not isinstance(base_url, str) or not _ADDRESS.fullmatch(base_url):
        raise Misconfigured(f"{where}: base_url is {base_url!r}: give an address like http://127.0.0.1:11434/v1.")
    if not isinstance(key, str) or (key and not _VARIABLE.fullmatch(key)):
        raise Misconfigured(f"{where}: key is no name of an environment variable: the key itself belongs into that.")
    return Endpoint(name=name, base_url=base_url.rstrip("/"), key=key)
