"""What can be mended by taking out: sentences that a finding quotes. Nothing is written anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cid.domain.llm import Json
from cid.text.prose import sentences

SHORTEST = 20
"""Characters of a passage that is taken out: less than that may be a heading or a name."""
Edit = Mapping[str, Json]


def revise(_shared: Mapping[str, Json], copy: Mapping[str, Json]) -> Mapping[str, Json]:
    article = copy["article"]
    found: list[Edit] = []
    for finding in copy["findings"]:
        if finding["severity"] != "minor":
            found += _out(article, finding)
    return {"edits": list({(edit["field"], edit["number"], edit["old"]): edit for edit in found}.values())}


def _out(article: Mapping[str, Json], finding: Mapping[str, str]) -> Iterator[Edit]:
    """The sentence that begins as the finding says, where it stands once and something is left without it."""
    for field, number, text in _parts(article, finding["field"]):
        for line in text.splitlines():
            for sentence in sentences(line):
                begins = sentence.startswith(finding["where"][:120]) and len(finding["where"]) >= SHORTEST
                if begins and text.count(sentence) == 1 and len(text) > 2 * len(sentence):
                    yield {"field": field, "number": number, "old": sentence, "new": ""}
                    return


def _parts(article: Mapping[str, Json], field: str) -> Iterator[tuple[str, int, str]]:
    if field == "body":
        yield "body", 0, article["body"]
    if field == "questions":
        for row in article["questions"]:
            yield "answer", row["number"], row["answer"]
