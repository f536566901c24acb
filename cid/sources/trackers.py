"""A tracker's settings as files: config/trackers/*.toml, with lists of regions in config/trackers/regions."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cid.domain.errors import Misconfigured
from cid.domain.tracker import Tracker
from cid.text.trackers import read

LISTS = Path(__file__).resolve().parents[2] / "config" / "trackers" / "regions"
_LIST_KEYS = {"name", "national", "national_name", "region"}


def load_tracker(path: Path, lists: Path = LISTS) -> Tracker:
    """Raises Misconfigured with one sentence: which file, and what is wrong with it."""
    return tracker_from(_toml(path), path, lists)


def tracker_from(said: Mapping[str, Any], path: Path, lists: Path = LISTS) -> Tracker:
    """`said` is a table of the file `path`; `regions` in it names a shipped list, or a file beside it. The list goes
    into the tracker: a file that changes later changes no tracker by itself. Raises Misconfigured."""
    body = dict(said)
    regions = body.pop("regions", None)
    if not isinstance(regions, str):
        raise Misconfigured(f"{path}: regions names a list: a shipped one, or a file ending in .toml.")
    found = path.parent / regions if regions.endswith(".toml") else lists / f"{regions}.toml"
    listed = _toml(found)
    if set(listed) != _LIST_KEYS:
        raise Misconfigured(f"{found} is not {', '.join(sorted(_LIST_KEYS))}.")
    body |= {"categories": body.pop("category", []), "regions": listed["region"]}
    body |= {name: listed[name] for name in ("national", "national_name")}
    return read(body, str(path))


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read ({error.strerror}).") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Misconfigured(f"{path} is not valid TOML: {error}.") from error
