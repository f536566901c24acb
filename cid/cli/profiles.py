"""A tenant's profile as people write it: a TOML file (config/profile.example.toml)."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

from cid.domain.errors import Misconfigured
from cid.domain.tenants import Profile


def profile_of(file: Path) -> Profile:
    """Raises Misconfigured: which line or name is wrong."""
    try:
        said = tomllib.loads(file.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError, OSError) as error:
        raise Misconfigured(f"{file} is no TOML file ({error}).") from error
    values: dict[str, Any] = {}
    for field in fields(Profile):
        value = said.pop(field.name, field.default)
        many = isinstance(field.default, tuple)
        if not (
            isinstance(value, (list, tuple)) and all(isinstance(part, str) for part in value)
            if many
            else isinstance(value, str)
        ):
            raise Misconfigured(f"{file}: {field.name} is {'a list of texts' if many else 'one text'}.")
        values[field.name] = tuple(value) if many else value
    if said:
        raise Misconfigured(f"{file}: {', '.join(said)} is no part of a profile.")
    return Profile(**values)
