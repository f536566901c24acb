"""The skeletons that ship, and what is refused of one that a person writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from cid import settings
from cid.domain.errors import Misconfigured
from cid.domain.structures import PartKind, Structure

SHIPPED = {structure.name: structure for structure in settings.read({}).gates.drafting.structures}


def test_the_full_guide_has_its_fourteen_parts_in_order() -> None:
    guide = SHIPPED["guide"]
    assert [part.kind for part in guide.parts] == [
        PartKind.OPENING, PartKind.BULLETS, PartKind.PROSE, PartKind.BULLETS, PartKind.TABLE, PartKind.STEPS,
        PartKind.BULLETS, PartKind.IMAGE, PartKind.TABLE, PartKind.PROSE, PartKind.IMAGE, PartKind.QUESTIONS,
        PartKind.BULLETS, PartKind.REFERENCES,
    ]  # fmt: skip
    assert (guide.min_words, guide.max_words, guide.parts[0].words) == (1200, 3500, (40, 60))


def test_no_two_shipped_structures_share_a_skeleton() -> None:
    assert set(SHIPPED) == {"guide", "news_brief", "analysis"}
    assert len({tuple(part.kind for part in structure.body) for structure in SHIPPED.values()}) == 3


def test_pictures_questions_and_references_are_no_sections_of_the_body() -> None:
    kinds = {part.kind for structure in SHIPPED.values() for part in structure.body}
    assert kinds.isdisjoint({PartKind.IMAGE, PartKind.QUESTIONS, PartKind.REFERENCES})


@pytest.mark.parametrize(("most", "bounds"), [(0, (0, 0)), (3, (2, 3)), (9, (2, 4))])
def test_a_tenant_may_want_fewer_questions_than_a_structure(most: int, bounds: tuple[int, int]) -> None:
    structure = Structure(name="s", about="", min_words=1, max_words=2, parts=(), min_questions=2, max_questions=4)
    assert structure.questions(most) == bounds


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "lacks the setting 'about'"),
        ('about = "a"\nmin_words = 1\nmax_words = 2\nparts = [{name = "p", kind = "poem"}]', "is none of opening"),
        ('about = "a"\nmin_words = 1\nmax_words = 2\nparts = [{name = "p", kind = "prose"}]', "its one opening"),
        ('about = "a"\nmin_words = 1\nmax_words = 2\nparts = []', "its one opening"),
    ],
)
def test_a_structure_of_another_shape_is_refused_at_the_start(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(Misconfigured, match=said):
        settings.load_structures(tmp_path)


def test_a_folder_without_structures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="no structure"):
        settings.load_structures(tmp_path)
