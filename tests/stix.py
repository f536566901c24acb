"""What the OASIS validator says of a bundle, without asking anybody outside."""

from __future__ import annotations

import json
import sys
from types import ModuleType
from typing import Any


def validated(body: bytes) -> tuple[list[str], list[str]]:
    """Errors (what MUST be) and warnings (what SHOULD be), each with what it is about."""
    _stand_in()
    import requests
    import stix2validator

    def nowhere(*_given: Any, **_named: Any) -> Any:
        raise AssertionError("the validator must not fetch anything")

    there, requests.get = requests.get, nowhere
    try:
        options = stix2validator.ValidationOptions(version="2.1")
        errors, warnings = [], []
        for one in json.loads(body)["objects"]:
            found = stix2validator.validate_instance(one, options)
            errors += [f"{one['type']}: {error}" for error in found.errors]
            warnings += [f"{one['type']}: {warning}" for warning in found.warnings]
        whole = stix2validator.validate_string(body.decode(), options)
        errors += [str(error) for error in whole.errors]
    finally:
        requests.get = there
    return errors, warnings


def _stand_in() -> None:
    """The validator reads names of software by a package that has no wheel; bundles of ours hold no software."""
    if "cpe" not in sys.modules:
        made = ModuleType("cpe")
        made.CPE = type("CPE", (), {})  # type: ignore[attr-defined]  # a module made here
        sys.modules["cpe"] = made
