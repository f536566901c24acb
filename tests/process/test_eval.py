"""`cid eval stories` from a clone alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cid.cli import frame
from cid.cli import main as commands

HEAD = "id,title,publisher,published_ms,story,url\n"
ROWS = (
    "1,Ferry service across the harbour resumes after repairs,Post,1394475882527,a,https://post.test/1",
    "2,Kerala govt launches new AI policy 2026,He\x00rald,1394475882527,b,",
    '3,"After repairs, harbour ferry resumes service",Herald,1394475982527,a,',
    "4,Punjab govt launches new AI policy 2026,Post,1394475992527,c,",
    "5,HARBOUR FERRY: service resumed,Mail,1394476882527,a,https://mail.test/5?utm_source=x",
)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = frame.run(commands, ["eval", "stories", *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_labelled_file_is_grouped_and_graded_without_a_desk(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # whatever database the desk uses stays untouched
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    file = tmp_path / "headlines.csv"
    file.write_text(HEAD + "\n".join(ROWS) + "\n")
    code, out, err = run(capsys, str(file), "--json")
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert (report["items"], report["stories"], report["groups"]) == (5, 3, 3)
    assert [report["precision"], report["recall"], report["f1"]] == [1.0, 1.0, 1.0]
    assert report["items_per_second"] > 0
    assert report["last_over_first"] is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("title,story\nx,y\n", "no column publisher, published_ms"),
        (HEAD, "no rows"),
        (HEAD + "1,Ferry,Post,yesterday,a,\n", "row 1: published_ms is 'yesterday', not milliseconds"),
        (HEAD + "1,Ferry,Post,99999999999999999,a,\n", "row 1: published_ms is '99999999999999999', not milliseconds"),
        (HEAD + "1,Ferry,Post,-62135596800000,a,\n", "row 1: published_ms lies in the year 1"),
        (HEAD + "1,F\udce4hre,Post,1,a,\n", "no CSV in UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, why: str
) -> None:
    file = tmp_path / "headlines.csv"
    file.write_text(text, errors="surrogateescape")
    code, out, err = run(capsys, str(file))
    assert (code, out) == (frame.MISCONFIGURED, "")
    assert why in err
    assert err.count("\n") == 1
