"""A tracker's settings hold together, and places go by one code each."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from cid.domain.errors import Misconfigured
from cid.domain.tracker import ENTRY, EntryState, Region
from cid.gates.track import checked
from cid.sources.trackers import load_tracker
from cid.text.trackers import code_of, in_order, named, read
from tests.tracking import INDIA

PLACES = [(region.code, (region.name, *region.aliases)) for region in INDIA.regions]


def test_india_has_28_states_8_union_territories_and_the_nation() -> None:
    assert len(INDIA.regions) == 36
    assert next(iter(INDIA.places)) == "IN"
    assert not {"UT", "UL", "CT", "OR", "TG", "DN", "DD"} & set(INDIA.places)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("UK", "UK"), ("UT", "UK"), ("TG", "TS"), ("TS", "TS"), ("CT", "CG"), ("CG", "CG"), ("OR", "OD"), ("OD", "OD"),
        ("DN", "DH"), ("DD", "DH"), ("in-ka", "KA"), ("IN", "IN"), ("India", "IN"), ("Jammu & Kashmir", "JK"),
        (" tamil nadu ", "TN"), ("Orissa", "OD"), ("Pondicherry", "PY"), ("Texas", None), ("XX", None), ("", None),
    ],
)  # fmt: skip
def test_codes_aliases_and_names_lead_to_the_one_code(said: str, code: str | None) -> None:
    assert code_of(INDIA, said) == code


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("US firm sets up AI lab in Texas", ()),
        ("Odisha unveils AI policy", ("OD",)),
        ("AI in mandi prices", ()),
        ("Or is it as it was in the up and coming chapter", ()),
        ("Labs in Jammu & Kashmir and in Tamil Nadu", ("JK", "TN")),
        ("Goans and Goa’s labs", ("GA",)),
    ],
)
def test_places_are_found_by_their_names_and_never_by_codes_or_towns(text: str, codes: tuple[str, ...]) -> None:
    assert set(named(PLACES, text)) == set(codes)


def test_regions_stand_once_each_in_the_order_of_the_list() -> None:
    assert in_order(INDIA, ["KL", "IN", "AP", "KL"]) == ("IN", "AP", "KL")


def test_what_is_stored_is_what_was_read() -> None:
    body: dict[str, Any] = asdict(INDIA)
    body |= {"categories": list(body["categories"]), "regions": list(body["regions"])}
    for name in ("keywords", "excluded"):
        body[name] = list(body[name])
    for region in body["regions"]:
        region["aliases"] = list(region["aliases"])
    assert read(body) == INDIA


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"topic": " "}, "topic has"),
        ({"categories": ()}, "1 to 20 categories"),
        ({"categories": INDIA.categories * 2}, "is there twice"),
        ({"national": "KA"}, "names two regions"),
        ({"regions": (Region(code="KA", name="A", aliases=("B",)), Region(code="KB", name="b"))}, "names two regions"),
        ({"regions": (Region(code="ka!", name="A"),)}, "is no code"),
        ({"summary": replace(INDIA.summary, min_sentences=4)}, "sentences"),
        ({"summary": replace(INDIA.summary, max_chars=5)}, "characters"),
    ],
)
def test_settings_that_do_not_hold_together_are_refused_by_name(change: dict[str, Any], why: str) -> None:
    body = _json(asdict(replace(INDIA, **change)))
    with pytest.raises(Misconfigured, match=why):
        read(body)


def _json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _json(inner) for key, inner in value.items()}
    return [_json(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def test_a_list_of_regions_is_any_file_beside_the_trackers(tmp_path: Path) -> None:
    (tmp_path / "towns.toml").write_text(
        'name = "Towns"\nnational = "ALL"\nnational_name = "Everywhere"\nregion = [{ code = "BX", name = "Bexhill" }]\n'
    )
    file = tmp_path / "tracker.toml"
    file.write_text(
        'title = "T"\ntopic = "Piers."\nregions = "towns.toml"\n'
        '[[category]]\nname = "Works"\ndefinition = "Building."\n'
    )
    assert load_tracker(file).places == {"ALL": "Everywhere", "BX": "Bexhill"}
    file.write_text(file.read_text().replace("towns.toml", "nowhere.toml"))
    with pytest.raises(Misconfigured, match="cannot be read"):
        load_tracker(file)


def test_a_hidden_entry_is_never_pending_again() -> None:
    assert not any(ENTRY.allows(state, EntryState.PENDING) for state in EntryState)


def test_a_file_that_nests_without_end_is_refused_in_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "deep.toml"
    file.write_text(f"title = {'[' * 100_000}")
    with pytest.raises(Misconfigured, match="not valid TOML"):
        load_tracker(file)


def test_a_summary_holds_nothing_that_a_terminal_obeys_or_nobody_sees() -> None:
    said = "A centre\x1b[2J opened in \u202eKochi.\u200b It has room for 40 start-ups."
    tags = checked(INDIA, INDIA.category_names[0], ["KL"], said)
    assert tags.summary == "A centre[2J opened in Kochi. It has room for 40 start-ups."
