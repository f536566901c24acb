"""`cid narratives list`, `show` and `match`: without a database."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from cid.cli import frame
from cid.cli import main as commands


def run(*words: str, given: bytes = b"") -> str:
    answer = CliRunner().invoke(commands, ["narratives", *words], input=given)
    assert answer.exit_code == 0, answer.output
    return answer.output


def test_the_list_has_them_all_by_category() -> None:
    said = run("list")
    assert "anti_nato_001" in said
    assert said.count("\n\n") == 8, "eight categories and the version"
    assert len(json.loads(run("list", "--json"))["narratives"]) == 18


def test_one_is_shown_with_claims_sources_and_cues() -> None:
    said = run("show", "anti_nato_001")
    for expected in ("NATO expansion threatens Russia", "EUvsDisinfo", "eastward", "нато"):
        assert expected in said
    assert json.loads(run("show", "anti_nato_001", "--json"))["id"] == "anti_nato_001"


def test_what_is_matched_is_told_with_its_place() -> None:
    said = run("match", "-", given="НАТО расширяется на восток, окружая Россию".encode())
    assert "repeats, moderate (4 cues), ru" in said
    assert "“НАТО расширяется на восток, окружая Россию”" in said
    found = json.loads(
        run("match", "-", "--json", given=b"A title\nLavrov said sanctions hurt Europe more than Russia.")
    )
    (one,) = found["matches"]
    assert (one["narrative"], one["stance"]) == ("anti_eu_002", "reports")
    assert run("match", "-", given=b"Quiet.") == "Nothing was found.\n"


@pytest.mark.parametrize(
    ("words", "given", "said"),
    [
        (["show", "no_such"], b"", "There is no narrative 'no_such'"),
        (["match", "-"], b"\xff\xfe\x00", "no text in UTF-8"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(words: list[str], given: bytes, said: str) -> None:
    answer = CliRunner().invoke(commands, ["narratives", *words], input=given)
    assert answer.exit_code != 0
    assert answer.exception is not None
    assert said in frame.explained(answer.exception)[0]  # type: ignore[arg-type]  # click gives what was raised
