"""What config/*.toml says, and the model of narratives that a file holds. Each raises Misconfigured."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cid.briefing import catalogue, classify
from cid.briefing.cases import Case
from cid.briefing.classify import Classifier
from cid.briefing.concepts import Concepts
from cid.domain.errors import Misconfigured
from cid.domain.policy import GatePolicy
from cid.domain.run import WAYS, Platform
from cid.domain.structures import PartKind, Structure
from cid.domain.tuning import (
    AnalysisTuning,
    FetchTuning,
)
from cid.gates import angles
from cid.render import disclosure
from cid.settings.values import Settings
from cid.text.typed import into

CLAIMS = "claims.jsonl"
"""Claims of the narratives, written from their descriptions."""
STANCES = "stance.json.gz"
"""A model of stances, made from sentences by `bench.stance_model`."""
CONFIG = Path(__file__).resolve().parents[2] / "config"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Concepts:
    concepts: Mapping[str, tuple[str, ...]]


def toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read ({error.strerror}).") from error
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured(f"{path} is not valid TOML: {error}.") from error


def checked(tuning: AnalysisTuning) -> AnalysisTuning:
    if tuning.batch_most < 1 or tuning.open_most < tuning.batch_most:
        raise Misconfigured("config/default.toml [analysis]: batch_most is 1 or more, and open_most no less than that.")
    return tuning


def fetching(config: Path) -> FetchTuning:
    tuning = into(FetchTuning, toml(config / "analysis.toml"), "config/analysis.toml")
    if strange := [via for via in tuning.news if via not in WAYS[Platform.NEWS]]:
        raise Misconfigured(f"config/analysis.toml: news cannot be had by {strange[0]}.")
    return tuning


def disclosures() -> None:
    try:
        disclosure.load(disclosure.FILE)
    except (OSError, ValueError) as error:
        raise Misconfigured(f"config/disclosure.toml: {error}") from error


def gates(config: Path) -> GatePolicy:
    policy = into(GatePolicy, toml(config / "gates.toml"), "config/gates.toml")
    return replace(policy, drafting=replace(policy.drafting, structures=load_structures(config / "structures")))


def load_structures(folder: Path) -> tuple[Structure, ...]:
    """Of every file, by its name. Raises Misconfigured: also where one begins with anything but an opening."""
    found = tuple(
        into(Structure, {"name": path.stem, **toml(path)}, f"config/structures/{path.name}")
        for path in sorted(folder.glob("*.toml"))
    )
    if not found:
        raise Misconfigured(f"There is no structure in {folder}: put one back.")
    for structure in found:
        if [part.kind for part in structure.body].count(PartKind.OPENING) != 1 or not structure.opens:
            raise Misconfigured(f"config/structures/{structure.name}.toml does not begin with its one opening.")
    return found


def angle_patterns(config: Path = CONFIG) -> angles.Patterns:
    """Raises Misconfigured."""
    return angles.read(toml(config / "angles.toml"))


def concepts(config: Path = CONFIG) -> Concepts:
    """Of config/concepts.toml. Raises Misconfigured."""
    try:
        return Concepts(into(_Concepts, toml(config / "concepts.toml"), "config/concepts.toml").concepts)
    except ValueError as error:
        raise Misconfigured(f"config/concepts.toml: {error}.") from error


def narratives(config: Path = CONFIG) -> catalogue.Catalogue:
    """Raises Misconfigured."""
    folder = config / "narratives"
    stances = classifier_in(folder / STANCES, f"config/narratives/{STANCES}:", "python -m bench.stance_model --write")
    return catalogue.read({path.stem: toml(path) for path in sorted(folder.glob("*.toml"))}, stances)


def claims(config: Path = CONFIG) -> tuple[Case, ...]:
    """What training learns beside the file it is given. Raises Misconfigured."""
    path = config / "narratives" / CLAIMS
    try:
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        return tuple(Case(text=str(row["claim"]), narratives=frozenset(row["narratives"])) for row in rows)
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read ({error.strerror}).") from error
    except (ValueError, KeyError, TypeError) as error:
        raise Misconfigured(f"{path} holds a line that is no claim with its narratives ({error}).") from error


def classifier(settings: Settings) -> Classifier | None:
    """None: none is set. Raises Misconfigured."""
    path = settings.narrative_model
    return classifier_in(path, f"CID_NARRATIVE_MODEL names {path}:") if path else None


def classifier_in(path: Path, said: str, maker: str = "cid narratives train") -> Classifier:
    """Raises Misconfigured, a sentence that begins with `said` and ends with what makes another."""
    try:
        with path.open("rb") as file:
            return classify.load(file.read(classify.LARGEST + 1))
    except OSError as error:
        raise Misconfigured(f"{said} it cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise Misconfigured(f"{said} {error}. `{maker}` makes another.") from error
