"""`cid narratives train` and `cid eval narratives` from a clone alone."""

from __future__ import annotations

import gzip
import io
import json
import random
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from cid import settings
from cid.briefing import cases, classify
from cid.cli import frame
from cid.cli import main as commands
from cid.domain.errors import Misconfigured
from tests import narrative_cases as made

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever database the desk uses stays untouched."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")


def run(capsys: Capture, *arguments: str | Path) -> tuple[int, str, str]:
    code = frame.run(commands, [str(one) for one in arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def learned(model: Path) -> bytes:
    """All that decides, without how it was made."""
    body = json.loads(gzip.decompress(model.read_bytes()))
    return json.dumps({name: body[name] for name in classify.LEARNED}).encode()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mapping[str, Any]]:
    """A folder with the three files and model.gz, and what the training said."""
    folder = tmp_path_factory.mktemp("trained")
    cases_file, labels, titles = made.files(folder)
    asked = ["narratives", "train", str(cases_file), "--labels", str(labels), "--ordinary", str(titles)]
    with redirect_stdout(io.StringIO()) as said:
        assert frame.run(commands, [*asked, "--model", str(folder / "model.gz"), "--json"]) == 0
    return folder, json.loads(said.getvalue())


def test_a_model_is_written_with_its_sizes_and_its_figures_on_what_it_has_not_seen(
    trained: tuple[Path, Mapping[str, Any]],
) -> None:
    folder, said = trained
    model = classify.load((folder / "model.gz").read_bytes())
    assert model.facts["version"] == model.version == said["version"]
    told = cases.distinct(made.labelled())
    unseen = sum(cases.held_out(one.text, "") for one in told)
    assert said["sentences"] == {"trained": len(told) - unseen, "held_out": unseen, "decisions": 0, "taught": 0}
    assert said["held_out"]["all"]["said"] == sum(len(one.narratives) for one in told if cases.held_out(one.text, ""))
    assert set(said["held_out"]["narratives"]) == set(made.CLAIMS)
    assert said["held_out"]["all"]["recall"] >= 0.8
    assert said["held_out"]["all"]["precision"] >= 0.8
    assert said["held_out"]["false_alarms"] == 0
    assert set(said["files"]) == {"cases", "labels", "ordinary"}


def test_the_gate_lets_sentences_through_that_people_label_and_no_ordinary_title(
    trained: tuple[Path, Mapping[str, Any]], tmp_path: Path, capsys: Capture
) -> None:
    folder, _ = trained
    body = json.loads(gzip.decompress((folder / "model.gz").read_bytes()))
    eager = [{**one, "threshold": 0.0} for one in body["narratives"]]
    del body["sha256"]
    model = classify.load(classify.dump({**body, "narratives": eager}))
    labelled = [one.text for one in made.labelled() if one.narratives]
    assert sum(bool(model.narratives(text)) for text in labelled) >= 0.95 * len(labelled)
    assert not any(model.narratives(one.text) for one in made.ordinary()), "whatever the narratives' machines say"

    titles = made.write(tmp_path / "few.csv", [{"title": "Shares rise"}])
    asked = ("--labels", folder / "labels.json", "--ordinary", titles, "--model", tmp_path / "open.gz")
    assert run(capsys, "narratives", "train", folder / "cases.csv", *asked)[0] == 0
    assert classify.load((tmp_path / "open.gz").read_bytes()).gate is None, "a gate is not learned from one headline"


def test_nothing_but_the_sentence_is_learned_from(
    trained: tuple[Path, Mapping[str, Any]], tmp_path: Path, capsys: Capture
) -> None:
    """Without keywords, countries, outlets, languages, date and case, in another order, with another title's number."""
    folder, _ = trained
    bare = [
        {"narratives": "+".join(sorted(one.narratives)), "claim": one.text}
        for one in random.Random(1).sample(made.labelled(), len(made.labelled()))
    ]
    titles = made.write(tmp_path / "titles.csv", [{"title": one.text} for one in reversed(made.ordinary())])
    file = made.write(tmp_path / "bare.csv", bare)
    code, _, err = run(capsys, "narratives", "train", file, "--ordinary", titles, "--model", tmp_path / "bare.gz")
    assert (code, err) == (0, "")
    assert learned(tmp_path / "bare.gz") == learned(folder / "model.gz")


def test_what_is_held_out_changes_nothing_of_what_is_learned(
    trained: tuple[Path, Mapping[str, Any]], tmp_path: Path, capsys: Capture
) -> None:
    folder, _ = trained
    told = [one for one in made.labelled() if not cases.held_out(one.text, "")]
    one_more = next(text for number in range(99) if cases.held_out(text := f"Radar war quota {number}", ""))
    told.append(cases.Case(text=one_more, narratives=frozenset(made.CLAIMS)))
    titles = folder / "headlines.csv"
    file = made.write(
        tmp_path / "seen.csv", [{"claim": one.text, "narratives": "+".join(sorted(one.narratives))} for one in told]
    )
    assert run(capsys, "narratives", "train", file, "--ordinary", titles, "--model", tmp_path / "seen.gz")[0] == 0
    assert learned(tmp_path / "seen.gz") == learned(folder / "model.gz")


def test_with_a_model_only_what_it_has_not_seen_is_measured(
    trained: tuple[Path, Mapping[str, Any]], capsys: Capture
) -> None:
    folder, said = trained
    asked: tuple[str | Path, ...] = ("eval", "narratives", folder / "cases.csv", "--labels", folder / "labels.json")
    asked = (*asked, "--ordinary", folder / "headlines.csv")
    code, out, err = run(capsys, *asked, "--model", folder / "model.gz", "--json")
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert (report["part"], report["same_files"]) == ("held out", True)
    assert report["sentences"] == said["sentences"]["held_out"]
    assert report["ordinary"] == said["ordinary"]["held_out"]
    assert {name: report["model"][name] for name in said["held_out"]["all"]} == said["held_out"]["all"]
    assert report["model"]["false_alarms"] == said["held_out"]["false_alarms"]
    assert report["both"]["right"] >= max(report["model"]["right"], report["catalogue"]["right"])
    assert set(report["model"]["narratives"]) == set(made.CLAIMS)

    code, out, err = run(capsys, *asked, "--json")
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert report["part"] == "all"
    assert report["sentences"] == len(cases.distinct(made.labelled()))
    assert "model" not in report
    code, out, _ = run(capsys, *asked, "--model", folder / "model.gz")
    assert code == 0
    assert all(word in out for word in ("catalogue", "model", "both", "precision", "recall", "false alarms"))


def test_the_catalogue_is_measured_on_claims_that_it_knows(tmp_path: Path, capsys: Capture) -> None:
    known = settings.narratives().narratives[0]
    file = made.write(tmp_path / "cases.csv", [{"claim": one, "narratives": known.id} for one in known.claims])
    titles = made.write(tmp_path / "titles.csv", [{"title": "Rowing cup goes to Tarn"}])
    code, out, _ = run(capsys, "eval", "narratives", file, "--ordinary", titles, "--json")
    assert code == 0
    assert json.loads(out)["catalogue"]["recall"] > 0
    assert json.loads(out)["catalogue"]["false_alarms"] == 0


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("claim,keywords\nThe quay sinks,Quotas\n", "no column countries"),
        ("claim,keywords,countries\n", "no case that belongs to a narrative"),
        ("claim,keywords,countries\nThe quay sinks,,\n", "no case that belongs to a narrative"),
        ("claim,keywords,countries\nThe quay sinks,Quotas,\n", "No narrative has 10 labelled sentences"),
        ("claim,keywords,countries\nThe qu\udce4y sinks,Quotas,\n", "no CSV in UTF-8"),
    ],
)
def test_a_file_without_labels_is_refused_in_one_sentence(text: str, why: str, tmp_path: Path, capsys: Capture) -> None:
    _, labels, titles = made.files(tmp_path)
    file = tmp_path / "unlabelled.csv"
    file.write_text(text, errors="surrogateescape")
    model = tmp_path / "model.gz"
    asked = ("narratives", "train", file, "--labels", labels, "--ordinary", titles, "--model", model)
    code, out, err = run(capsys, *asked)
    assert (code, out) == (frame.MISCONFIGURED, "")
    assert why in err
    assert err.count("\n") == 1
    assert not model.exists()


def test_labels_that_are_none_and_headlines_without_a_title_are_refused(tmp_path: Path, capsys: Capture) -> None:
    file, labels, titles = made.files(tmp_path)
    labels.write_text("[1]")
    asked: tuple[str | Path, ...] = ("--model", tmp_path / "model.gz", "--labels", labels)
    assert "holds no labels" in run(capsys, "narratives", "train", file, "--ordinary", titles, *asked)[2]
    made.files(tmp_path)
    assert "no column title" in run(capsys, "narratives", "train", file, "--ordinary", file, *asked)[2]
    asked = ("--decisions", "--ordinary", titles, *asked)
    assert "go together" in run(capsys, "narratives", "train", file, *asked)[2]


BLOCKED = """
import sys
for name in ("sklearn", "scipy", "numpy"):
    sys.modules[name] = None
"""


def test_without_scikit_learn_training_says_how_to_get_it(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    file, labels, titles = made.files(tmp_path)
    asked = ("--labels", labels, "--ordinary", titles, "--model", tmp_path / "model.gz")
    code, out, err = run(capsys, "narratives", "train", file, *asked)
    assert (code, out) == (frame.MISCONFIGURED, "")
    assert "make setup EXTRAS=ml" in err
    assert not (tmp_path / "model.gz").exists()


def test_a_model_is_applied_without_scikit_learn_and_always_the_same(trained: tuple[Path, Mapping[str, Any]]) -> None:
    folder, _ = trained
    program = (
        f"{BLOCKED}\nfrom pathlib import Path\nfrom cid.briefing import classify\n"
        f"model = classify.load(Path({str(folder / 'model.gz')!r}).read_bytes())\n"
        "print(sorted(model.probabilities('A radar hides in the lighthouse of Wick').items()))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    model = classify.load((folder / "model.gz").read_bytes())
    here = sorted(model.probabilities("A radar hides in the lighthouse of Wick").items())
    assert (done.returncode, done.stdout.strip()) == (0, str(here))
    assert dict(here)["light_001"] > max(dict(here)["fish_001"], dict(here)["bell_001"])


def test_a_desk_starts_with_the_model_that_is_named_and_not_with_a_broken_one(
    trained: tuple[Path, Mapping[str, Any]], tmp_path: Path
) -> None:
    folder, said = trained
    found = settings.classifier(settings.read({"CID_NARRATIVE_MODEL": str(folder / "model.gz")}))
    assert found is not None
    assert found.version == said["version"]
    assert settings.classifier(settings.read({})) is None
    broken = tmp_path / "broken.gz"
    broken.write_bytes((folder / "model.gz").read_bytes()[:-200])
    for path, why in ((broken, "cid narratives train"), (tmp_path / "none.gz", "cannot be read")):
        with pytest.raises(Misconfigured, match=why):
            settings.classifier(settings.read({"CID_NARRATIVE_MODEL": str(path)}))


def test_the_catalogues_own_claims_are_learned_beside_the_file(tmp_path: Path, capsys: Capture) -> None:
    rows = [f"Laboratory number {n} breeds insects,ukraine_004" for n in range(30)]
    rows += [f"Harbour number {n} is closed," for n in range(30)]
    (tmp_path / "cases.csv").write_text("\n".join(["claim,narratives", *rows]))
    (tmp_path / "titles.csv").write_text("\n".join(["title", *(f"Ship {n} came in" for n in range(30))]))
    files = (tmp_path / "cases.csv", "--ordinary", tmp_path / "titles.csv")
    code, said, _ = run(capsys, "narratives", "train", *files, "--model", tmp_path / "model.gz", "--json")
    assert code == 0
    assert json.loads(said)["sentences"]["taught"] == len(settings.claims())
